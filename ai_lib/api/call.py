"""One user call: its time limits, its timings, its attempts, and its cancellation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from ai_lib.errors import AiLibError, CancelledError, RequestTimeoutError
from ai_lib.types.request import OnUnsupported
from ai_lib.types.trace import Attempt, Step, Trace
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from ai_lib.api.ledger import Ledger

__all__ = ["Call"]

_NO_OTHER = Timeout()


class Call:
    """State shared by all work done for one user call.

    Args:
        timeout: The time limits; the total starts now.
        on_unsupported: What to do with fields that a provider does not support.
        clock: The clock.
        tags: Labels of the call, by which costs are added up.
        ledger: What each request is billed to; None where nothing is counted.

    Attributes:
        started: When the call started, on the clock's `now`.
        deadline: When the call must have finished, on the clock's `now`; None for never.
        timings: Seconds by purpose: "queue", "rate_limit", "backoff", "connect", "first_byte", "body",
            "stream".
        attempts: The attempts that failed so far.
        trace: The steps so far.
    """

    __slots__ = (
        "_aborts",
        "_attempt_until",
        "_cancelled",
        "_key",
        "attempts",
        "clock",
        "deadline",
        "ledger",
        "on_unsupported",
        "started",
        "tags",
        "timeout",
        "timings",
        "trace",
    )

    def __init__(
        self,
        timeout: Timeout = _NO_OTHER,
        on_unsupported: OnUnsupported = "raise",
        clock: Clock = SYSTEM_CLOCK,
        *,
        tags: tuple[str, ...] = (),
        ledger: Ledger | None = None,
    ) -> None:
        self.timeout = timeout
        self.on_unsupported: OnUnsupported = on_unsupported
        self.clock = clock
        self.tags = tags
        self.ledger = ledger
        self.started = clock.now()
        self.deadline = None if timeout.total is None else self.started + timeout.total
        self.timings: dict[str, float] = {}
        self.trace = Trace(timings=self.timings)
        self.attempts: list[Attempt] = []
        self._cancelled: threading.Event | None = None
        self._aborts: list[Callable[[], None]] = []
        self._key: str | None = None
        self._attempt_until: float | None = None

    def remaining(self) -> float | None:
        """Return the seconds until the deadline, >= 0; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - self.clock.now())

    def has_time_for(self, seconds: float) -> bool:
        """Return whether work that takes this long can finish before the deadline."""
        return self.deadline is None or self.clock.now() + seconds < self.deadline

    def limit_attempt(self, seconds: float | None) -> None:
        """Start an attempt with its own maximum seconds; None for none of its own."""
        self._attempt_until = None if seconds is None else self.clock.now() + seconds

    @property
    def attempt_deadline(self) -> float | None:
        """When the current attempt must have finished."""
        if self._attempt_until is None:
            return self.deadline
        return self._attempt_until if self.deadline is None else min(self.deadline, self._attempt_until)

    def check(self) -> None:
        """Raise where the call must not go on.

        Raises:
            CancelledError: `cancel()` was called.
            RequestTimeoutError: The deadline has passed.
        """
        if self.cancelled:
            raise CancelledError("the call was cancelled")
        if not self.has_time_for(0.0):
            raise RequestTimeoutError("the call exceeded its total timeout", hint="Raise timeout=, or ask for less")

    def sleep(self, seconds: float) -> None:
        """Sleep; `cancel()` ends it early.

        Raises:
            CancelledError: The call was cancelled.
        """
        if self._cancelled is None:
            self.clock.sleep(seconds)
        else:
            self.clock.wait(self._cancelled, seconds)
        if self.cancelled:
            raise CancelledError("the call was cancelled")

    @contextmanager
    def timed(self, purpose: str) -> Iterator[None]:
        """Add the time that the block takes to `timings`."""
        begun = self.clock.now()
        try:
            yield
        finally:
            self.add_time(purpose, self.clock.now() - begun)

    def add_time(self, purpose: str, seconds: float) -> None:
        """Add seconds to `timings`."""
        self.timings[purpose] = self.timings.get(purpose, 0.0) + seconds

    def record(self, kind: str, **facts: Any) -> None:
        """Add a step to the trace."""
        self.trace.steps.append(Step(kind, self.clock.now() - self.started, facts))

    def idempotency_key(self) -> str:
        """Return the key that all attempts of this call share, and no other call has."""
        if self._key is None:
            import secrets  # few providers take one

            self._key = secrets.token_hex(16)
        return self._key

    def use_key(self, key: str) -> None:
        """Reuse the idempotency key of an earlier call."""
        self._key = key

    def annotate(self, error: AiLibError) -> AiLibError:
        """Set the attempts and timings of this call on an error, and return it."""
        error.attempts = tuple(self.attempts)
        error.timings = {purpose: seconds for purpose, seconds in self.timings.items() if seconds >= 0.001}
        return error

    @contextmanager
    def annotating_errors(self) -> Iterator[None]:
        """Annotate every `AiLibError` that the block raises."""
        try:
            yield
        except AiLibError as error:
            self.annotate(error)
            raise

    # --- cancellation from another thread

    def child(self, seconds: float | None = None) -> Self:
        """Return a child that shares everything, but can be shorter and be cancelled by itself.

        Args:
            seconds: Maximum seconds that it may take; None for as long as this call.
        """
        child = type(self)(self.timeout, self.on_unsupported, self.clock, tags=self.tags, ledger=self.ledger)
        child.started, child.deadline = self.started, self.deadline
        if seconds is not None and self.has_time_for(seconds):
            child.deadline = self.clock.now() + seconds
        child.timings, child.attempts, child.trace = self.timings, self.attempts, self.trace
        child._cancelled = threading.Event()  # noqa: SLF001 - of the same class
        self.on_cancel(child.cancel)
        return child

    @property
    def cancellable(self) -> bool:
        """Whether `cancel` has an effect: on children only, since one thread makes most calls and waits for them."""
        return self._cancelled is not None

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled is not None and self._cancelled.is_set()

    def on_cancel(self, abort: Callable[[], None]) -> None:
        """Register a function that cancelling calls; it is called at once if the call is cancelled already."""
        if self._cancelled is None:
            return
        self._aborts.append(abort)
        if self._cancelled.is_set():
            abort()

    def cancel(self) -> None:
        """Cancel the call from any thread: its waits end and its socket is closed."""
        if self._cancelled is not None:
            self._cancelled.set()
            for abort in list(self._aborts):
                abort()
