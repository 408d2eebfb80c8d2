"""One call to a provider that failed, and what came of it."""

from __future__ import annotations

import attrs

__all__ = ["Attempt"]


@attrs.frozen
class Attempt:
    """One call that failed.

    Args:
        error: The class of its error.
        code: The error's code.
        status: The HTTP status, where there was an answer.
        waited: Seconds waited after it; 0 after the last one.
        provider: The provider's id.
        model: The model that was asked.
        took: Seconds from its begin to its failure.
        decision: What came of it: "retried", or why it was not tried again: "not_retryable", "max_retries",
            "outcome_unknown", "retry_budget", "retry_after_too_long", "deadline"; "not_sent" for a call that was
            turned away on this side.
    """

    error: str
    code: str | None = None
    status: int | None = None
    waited: float = 0.0
    provider: str | None = None
    model: str | None = None
    took: float = 0.0
    decision: str = "not_retryable"
