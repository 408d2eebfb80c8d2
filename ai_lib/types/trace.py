"""The steps that led to an answer, and the requests that failed on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

__all__ = ["Attempt", "Step", "Trace"]


@attrs.frozen
class Attempt:
    """One request to a provider that failed.

    Args:
        error: The class of its error.
        code: The error's code.
        status: The HTTP status, if there was a response.
        waited: Seconds waited after it; 0 after the last one.
        provider: The provider's id.
        model: The model that was requested.
        took: Seconds from its start to its failure.
        decision: What followed: "retried", or why it was not retried: "not_retryable", "max_retries",
            "outcome_unknown", "retry_budget", "retry_after_too_long", "deadline"; "not_sent" for a request that was
            refused on this side.
    """

    error: str
    code: str | None = None
    status: int | None = None
    waited: float = 0.0
    provider: str | None = None
    model: str | None = None
    took: float = 0.0
    decision: str = "not_retryable"


@attrs.frozen
class Step:
    """One step of a call.

    Args:
        kind: "request" (to a provider), "retry", "rate_limited", "fallback", "hedge", "selected" (a model), "endpoint"
            (of an array), "tool", "repair", etc.
        at: Seconds since the start of the call.
        facts: Details by name: provider and model, the reason for a choice, seconds waited.
    """

    kind: str
    at: float
    facts: Mapping[str, Any] = attrs.field(factory=dict)

    def __str__(self) -> str:
        facts = " ".join(f"{name}={value}" for name, value in self.facts.items() if value is not None)
        return f"{self.at:8.3f} s  {self.kind:12} {facts}".rstrip()


@attrs.define(eq=False)
class Trace:
    """The steps of one call in order; `print(response.trace)` shows them. A stream adds steps until it has finished.

    Args:
        steps: The steps.
        timings: Seconds spent on "queue", "rate_limit", "backoff", "connect", "first_byte", "body", "stream".
        adjustments: What was left out of the request, or expressed differently.
    """

    steps: list[Step] = attrs.field(factory=list)
    timings: Mapping[str, float] = attrs.field(factory=dict)
    adjustments: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        spent = [f"{seconds:8.3f} s  spent on {name}" for name, seconds in self.timings.items() if seconds >= 0.001]
        changed = [f"            adjusted: {text}" for text in self.adjustments]
        return "\n".join([*map(str, self.steps), *spent, *changed])
