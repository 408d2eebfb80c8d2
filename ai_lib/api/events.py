"""What is told to whoever listens: one value for each decision of the reliability layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

__all__ = ["Event", "Listener"]


@attrs.frozen
class Event:
    """One decision.

    Args:
        kind: "retry", "gave_up", "breaker_opened", "breaker_half_opened", "breaker_closed", "rate_limited",
            "fallback" or "hedge".
        provider: The provider's id.
        model: The model that was asked, where there is one.
        facts: What belongs to the kind: `error`, `waited` and `attempt` of a retry, `waited` of a rate limit, `to` of a
            fallback or a hedge.
    """

    kind: str
    provider: str
    model: str | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict)


Listener: TypeAlias = Callable[[Event], None]
"""What is called with each event, in the thread of the call. What it raises is logged and goes no further."""
