"""Retry decisions. Pure: attempt, error and a random number go in, a wait or a reason to give up comes out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs

from ai_lib.errors import AiLibError, ConfigurationError, RequestTimeoutError, StreamInterruptedError
from ai_lib.reliability.validators import SECONDS, integer, number

__all__ = ["Jitter", "RetryBudget", "RetryPolicy"]

Jitter: TypeAlias = Literal["full", "equal", "decorrelated", "none"]

# Each returns the delay, given the exponential limit, base, cap, the previous delay and a random number from 0 to 1.
# Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_JITTERS: dict[str, Callable[[float, float, float, float, float], float]] = {
    "full": lambda limit, base, cap, previous, random: random * limit,  # noqa: ARG005 - one signature for all
    "equal": lambda limit, base, cap, previous, random: limit / 2 + random * limit / 2,  # noqa: ARG005
    "decorrelated": lambda limit, base, cap, previous, random: min(  # noqa: ARG005
        cap, base + random * max(0.0, 3 * max(previous, base) - base)
    ),
    "none": lambda limit, base, cap, previous, random: limit,  # noqa: ARG005
}
_NOT_NEGATIVE = number("a number >= 0", lambda value: value >= 0)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and after which delay a failed call is repeated.

    Args:
        max_retries: Maximum number of retries after the first attempt; >= 0.
        base: Seconds; the n-th delay is at most `base * multiplier ** (n - 1)`.
        cap: Maximum seconds of a delay that this policy chooses.
        multiplier: Growth of the limit from one delay to the next; >= 1.
        jitter: How randomness shortens a delay: "full" (any part of it), "equal" (at least half), "decorrelated" (from
            `base` to three times the previous delay), "none".
        retry_after_cap: Maximum seconds of a delay that the provider requests; after a longer one the call gives up.
        retry_ambiguous: Whether to retry when the request was sent and its outcome is unknown, so that it may be
            processed, and billed, twice. None means after a lost connection, but not after a timeout: a server that
            hung up has most likely stopped working, one that is silent most likely has not.
        attempt_timeout: Maximum seconds of one attempt; None means the call's own limits only.
        budget_ratio: Retries of all calls of a client together, as a fraction of its calls.
        budget_reserve: Retries that are allowed however few calls there were.
        retry_if: Called last with an error that would be retried; False gives up.
    """

    max_retries: int = attrs.field(default=2, validator=integer(0))
    base: float = attrs.field(default=0.5, validator=SECONDS)
    cap: float = attrs.field(default=8.0, validator=SECONDS)
    multiplier: float = attrs.field(default=2.0, validator=number("a number >= 1", lambda value: value >= 1))
    jitter: Jitter = "full"
    retry_after_cap: float = attrs.field(default=60.0, validator=SECONDS)
    retry_ambiguous: bool | None = None
    attempt_timeout: float | None = attrs.field(default=None, validator=attrs.validators.optional(SECONDS))
    budget_ratio: float = attrs.field(default=0.1, validator=_NOT_NEGATIVE)
    budget_reserve: int = attrs.field(default=10, validator=_NOT_NEGATIVE)
    retry_if: Callable[[AiLibError], bool] | None = None

    def __attrs_post_init__(self) -> None:
        if self.jitter not in _JITTERS:
            raise ConfigurationError(f"jitter must be one of {', '.join(_JITTERS)}, got {self.jitter!r}")

    def delay(self, attempt: int, error: AiLibError, jitter: float, previous: float = 0.0) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        Args:
            attempt: Attempts made so far; 1 after the first.
            error: What the last attempt raised.
            jitter: A random number from 0 to 1.
            previous: The previous delay in seconds; only decorrelated jitter uses it.
        """
        if self.refusal(attempt, error) is not None:
            return None
        if error.retry_after is not None:
            return error.retry_after
        # A power above a thousand overflows a float, and the cap is reached long before.
        limit = min(self.cap, self.base * self.multiplier ** min(attempt - 1, 64))
        return _JITTERS[self.jitter](limit, self.base, self.cap, previous, jitter)

    def refusal(self, attempt: int, error: AiLibError) -> str | None:
        """Return why not to retry, as a value of `Attempt.decision`; None if a retry is right. See `delay`."""
        if error.ambiguous or isinstance(error, StreamInterruptedError):
            may_repeat = self.retry_ambiguous
            if may_repeat is None:
                may_repeat = not isinstance(error, RequestTimeoutError)
            if not may_repeat:
                return "outcome_unknown"
        elif not error.retryable:
            return "not_retryable"
        if error.retry_after is not None and error.retry_after > self.retry_after_cap:
            return "retry_after_too_long"
        if self.retry_if is not None and not self.retry_if(error):
            return "not_retryable"
        return "max_retries" if attempt > self.max_retries else None


class RetryBudget:
    """Limits what retries add to the traffic of a whole client, so that an outage is not answered with a retry storm.

    Each call deposits `ratio` of a retry, and each retry withdraws a whole one. The budget starts with a reserve, also
    the maximum, that counts as the deposits of the first calls, so that it never adds to the ratio. Finagle's is the
    precedent.

    Source: https://twitter.github.io/finagle/guide/Clients.html#retries
    """

    def __init__(self, ratio: float, reserve: int) -> None:
        self._ratio = ratio
        self._reserve = float(reserve)
        self._balance = self._reserve
        self._owed = self._reserve
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    def deposit(self) -> None:
        """Count a call."""
        with self._lock:
            if self._owed > 0:
                self._owed -= self._ratio
            else:
                self._balance = min(self._reserve, self._balance + self._ratio)

    def withdraw(self) -> bool:
        """Count a retry if one is allowed, and return whether it is."""
        with self._lock:
            if self._balance < 1 - 1e-9:  # ten times 0.1 is a little less than 1
                return False
            self._balance -= 1
            return True
