"""When to try again. Pure: attempt, error and a random number go in, a wait or a reason to give up comes out."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs

from ai_lib.errors import AiLibError, ConfigurationError, RequestTimeoutError, StreamInterruptedError

__all__ = ["Jitter", "RetryBudget", "RetryPolicy"]

Jitter: TypeAlias = Literal["full", "equal", "decorrelated", "none"]

# Each returns the wait, given the exponential limit, base, cap, the wait before and a number from 0 to 1.
# Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
_JITTERS: dict[str, Callable[[float, float, float, float, float], float]] = {
    "full": lambda limit, base, cap, before, chance: chance * limit,  # noqa: ARG005 - one signature for all
    "equal": lambda limit, base, cap, before, chance: limit / 2 + chance * limit / 2,  # noqa: ARG005
    "decorrelated": lambda limit, base, cap, before, chance: min(  # noqa: ARG005
        cap, base + chance * max(0.0, 3 * max(before, base) - base)
    ),
    "none": lambda limit, base, cap, before, chance: limit,  # noqa: ARG005
}


def _seconds(_: object, field: attrs.Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ConfigurationError(f"{field.name} must be a number of seconds from 0, got {value!r}")


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and after which wait a failed call is made again.

    Args:
        max_retries: Calls after the first one.
        base: Seconds; the n-th wait is at most `base * multiplier ** (n - 1)`.
        cap: Most seconds of a wait of our own.
        multiplier: What each further wait's limit is multiplied with.
        jitter: How chance shortens a wait: "full" (any part of it), "equal" (at least half), "decorrelated" (from
            `base` to three times the wait before), "none".
        retry_after_cap: Most seconds of a wait that the provider names; a longer one is not waited for.
        retry_ambiguous: Whether to try again when the request was sent and its outcome is unknown, so that it may be
            worked on, and paid for, twice. None means after a lost connection, but not after a timeout: a server that
            hung up has most likely stopped working, one that is silent most likely has not.
        attempt_timeout: Most seconds of one attempt; None means the call's own limits only.
        budget_ratio: Retries of all calls of a client together, as a part of its calls.
        budget_reserve: Retries that are allowed however few calls there were.
        retry_if: Asked last about an error that would be tried again; False gives up.
    """

    max_retries: int = 2
    base: float = attrs.field(default=0.5, validator=_seconds)
    cap: float = attrs.field(default=8.0, validator=_seconds)
    multiplier: float = 2.0
    jitter: Jitter = "full"
    retry_after_cap: float = attrs.field(default=60.0, validator=_seconds)
    retry_ambiguous: bool | None = None
    attempt_timeout: float | None = attrs.field(default=None, validator=attrs.validators.optional(_seconds))
    budget_ratio: float = 0.1
    budget_reserve: int = 10
    retry_if: Callable[[AiLibError], bool] | None = None

    def __attrs_post_init__(self) -> None:
        if isinstance(self.max_retries, bool) or not isinstance(self.max_retries, int) or self.max_retries < 0:
            raise ConfigurationError(f"max_retries must be a whole number from 0, got {self.max_retries!r}")
        if self.jitter not in _JITTERS:
            raise ConfigurationError(f"jitter must be one of {', '.join(_JITTERS)}, got {self.jitter!r}")
        if not self.multiplier >= 1:
            raise ConfigurationError(f"multiplier must be a number from 1, got {self.multiplier!r}")
        if not self.budget_ratio >= 0 or not self.budget_reserve >= 0:
            raise ConfigurationError("budget_ratio and budget_reserve must be numbers from 0")

    def delay(self, attempt: int, error: AiLibError, jitter: float, before: float = 0.0) -> float | None:
        """Return the seconds to wait before trying again, or None to give up.

        Args:
            attempt: Calls made so far; 1 after the first.
            error: What the last call raised.
            jitter: A number from 0 to 1.
            before: The wait before this one, in seconds; only for decorrelated jitter.
        """
        if self.refusal(attempt, error) is not None:
            return None
        if error.retry_after is not None:
            return error.retry_after
        # A power of more than a thousand is no float any more, and the cap is reached long before.
        limit = min(self.cap, self.base * self.multiplier ** min(attempt - 1, 64))
        return _JITTERS[self.jitter](limit, self.base, self.cap, before, jitter)

    def refusal(self, attempt: int, error: AiLibError) -> str | None:
        """Return why not to try again, in the words of `Attempt.decision`; None when trying again is right."""
        if error.ambiguous or isinstance(error, StreamInterruptedError):
            if not self._may_repeat(error):
                return "outcome_unknown"
        elif not error.retryable:
            return "not_retryable"
        if error.retry_after is not None and error.retry_after > self.retry_after_cap:
            return "retry_after_too_long"
        if self.retry_if is not None and not self.retry_if(error):
            return "not_retryable"
        return "max_retries" if attempt > self.max_retries else None

    def _may_repeat(self, error: AiLibError) -> bool:
        if self.retry_ambiguous is not None:
            return self.retry_ambiguous
        return not isinstance(error, RequestTimeoutError)


class RetryBudget:
    """Bounds what retries add to the traffic of a whole client: an outage is not answered with a storm.

    Each call earns a part of a retry, and each retry costs a whole one. At the beginning there is a reserve; it counts
    as the earnings of the first calls, so that it never adds to the ratio.

    Args:
        ratio: Retries for each call.
        reserve: Retries at the beginning, and most that are saved.
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
        """Return whether a retry may be made, and count it."""
        with self._lock:
            if self._balance < 1 - 1e-9:  # ten times a tenth is a little less than one
                return False
            self._balance -= 1
            return True
