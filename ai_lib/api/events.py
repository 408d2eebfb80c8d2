"""Events of the reliability layer: one value for each decision."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

__all__ = ["Event", "Listener", "notify"]

_logger = logging.getLogger(__name__)


@attrs.frozen
class Event:
    """One decision.

    Args:
        kind: "retry", "gave_up", "breaker_opened", "breaker_half_opened", "breaker_closed", "rate_limited",
            "fallback" or "hedge".
        provider: The provider's id.
        model: The requested model, where there is one.
        facts: Details by kind: `error`, `waited` and `attempt` of a retry, `waited` of a rate limit, `to` of a
            fallback or a hedge.
    """

    kind: str
    provider: str
    model: str | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict)


Listener: TypeAlias = Callable[[Event], None]
"""Called with each event, in the thread of the call. What it raises is logged and not propagated."""


def notify(listener: Listener, event: Event) -> None:
    """Call a listener with an event; what it raises is logged."""
    try:
        listener(event)
    except Exception:
        _logger.exception("the listener raised")
