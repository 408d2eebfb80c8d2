"""When to try again: the decision is pure, the waiting is done in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs

from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.utils.clock import Clock

__all__ = ["Attempt", "RetryPolicy", "call"]

T = TypeVar("T")


@attrs.frozen
class Attempt:
    """One call that failed.

    Args:
        error: The class of its error.
        code: The error's code.
        status: The HTTP status, where there was an answer.
        waited: Seconds waited after it; 0 after the last one.
    """

    error: str
    code: str | None = None
    status: int | None = None
    waited: float = 0.0


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and after which wait a failed call is made again.

    Full-jitter exponential back-off: the n-th wait is a random part of `base * 2 ** (n - 1)`, at most `cap`. A wait
    that the provider names replaces it.
    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        max_retries: Calls after the first one.
        base: Seconds.
        cap: Most seconds of a wait of our own.
        retry_after_cap: Most seconds of a wait that the provider names; a longer one is not waited for.
    """

    max_retries: int = 2
    base: float = 0.5
    cap: float = 8.0
    retry_after_cap: float = 60.0

    def __attrs_post_init__(self) -> None:
        if isinstance(self.max_retries, bool) or not isinstance(self.max_retries, int) or self.max_retries < 0:
            raise ConfigurationError(f"max_retries must be a whole number from 0, got {self.max_retries!r}")

    def delay(self, attempt: int, error: AiLibError, jitter: float) -> float | None:
        """Return the seconds to wait before trying again, or None to give up.

        Args:
            attempt: Calls made so far; 1 after the first.
            error: What the last call raised.
            jitter: A number from 0 to 1.
        """
        if attempt > self.max_retries or not error.retryable:
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.retry_after_cap else None
        return jitter * min(self.cap, self.base * 2.0 ** (attempt - 1))


def call(once: Callable[[], T], policy: RetryPolicy, *, deadline: float | None, clock: Clock) -> T:
    """Return what `once` returns, trying again as the policy says and never past the deadline.

    Args:
        once: One attempt.
        policy: When to try again.
        deadline: When the call must be over, on the clock's `now`; a wait that would pass it is not begun.
        clock: Time, waiting and jitter.

    Raises:
        AiLibError: What the last attempt raised, with all attempts in `.attempts`.
    """
    attempts: list[Attempt] = []
    while True:
        try:
            return once()
        except AiLibError as error:
            delay = policy.delay(len(attempts) + 1, error, clock.random())
            if delay is not None and deadline is not None and clock.now() + delay >= deadline:
                delay = None
            attempts.append(Attempt(type(error).__name__, error.code, error.status, delay or 0.0))
            error.attempts = tuple(attempts)
            if delay is None:
                raise
        clock.sleep(delay)
