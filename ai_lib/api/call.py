"""One call from its begin to its end: its limits of time, what they were timings on, and how to end it early."""

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
    """What everything that is done for one call of a user's shares.

    Args:
        timeout: The limits; its total begins now.
        on_unsupported: What to do with fields that a provider has no form for.
        clock: The time.
        tags: The caller's words for what the call is for, by which costs are added up.
        ledger: What each thing that is asked is paid from; None where nobody counts.

    Attributes:
        started: When the call began, on the clock's `now`.
        deadline: When the call must be over, on the clock's `now`; None for never.
        timings: Seconds by what they went to: "queue", "rate_limit", "backoff", "connect", "first_byte", "body",
            "stream".
        attempts: The calls to providers that failed so far.
        trace: What happened so far.
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
        """Return the seconds that are left, at least 0; None when there is no limit."""
        return None if self.deadline is None else max(0.0, self.deadline - self.clock.now())

    def has_time_for(self, seconds: float) -> bool:
        """Return whether something that takes this long can be over in time."""
        return self.deadline is None or self.clock.now() + seconds < self.deadline

    def limit_attempt(self, seconds: float | None) -> None:
        """Begin an attempt that may take only so long, whatever is left of the call."""
        self._attempt_until = None if seconds is None else self.clock.now() + seconds

    @property
    def attempt_deadline(self) -> float | None:
        """When the attempt that is being made must be over."""
        if self._attempt_until is None:
            return self.deadline
        return self._attempt_until if self.deadline is None else min(self.deadline, self._attempt_until)

    def check(self) -> None:
        """Raise when there is no point in going on.

        Raises:
            CancelledError: `cancel()` was called.
            RequestTimeoutError: The time is over.
        """
        if self.cancelled:
            raise CancelledError("the call was cancelled")
        if not self.has_time_for(0.0):
            raise RequestTimeoutError("the call's time is over (total_timeout)", hint="Raise timeout=, or ask for less")

    def sleep(self, seconds: float) -> None:
        """Wait; `cancel()` ends the wait.

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
        """Note the time that the block takes."""
        begun = self.clock.now()
        try:
            yield
        finally:
            self.add_time(purpose, self.clock.now() - begun)

    def add_time(self, purpose: str, seconds: float) -> None:
        """Note that time went to something."""
        self.timings[purpose] = self.timings.get(purpose, 0.0) + seconds

    def record(self, kind: str, **facts: Any) -> None:
        """Note that something happened, for `response.trace`."""
        self.trace.steps.append(Step(kind, self.clock.now() - self.started, facts))

    def idempotency_key(self) -> str:
        """Return a key that is the same for every attempt of this call and no other."""
        if self._key is None:
            import secrets  # few providers take one

            self._key = secrets.token_hex(16)
        return self._key

    def use_key(self, key: str) -> None:
        """Have `idempotency_key` return this one: the work is that of an earlier call."""
        self._key = key

    def annotate(self, error: AiLibError) -> AiLibError:
        """Return the error with what this call knows of its attempts and its time."""
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

    # --- ending it from another thread

    def child(self, seconds: float | None = None) -> Self:
        """Return a child of this call: it counts as this one does, and can be shorter or be cancelled by itself.

        Args:
            seconds: Most that it may take; None for as long as this one.
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
        """Whether `cancel` has an effect; most calls are made and waited for by one thread."""
        return self._cancelled is not None

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled is not None and self._cancelled.is_set()

    def on_cancel(self, abort: Callable[[], None]) -> None:
        """Have a function called when the call is cancelled; at once if it is already."""
        if self._cancelled is None:
            return
        self._aborts.append(abort)
        if self._cancelled.is_set():
            abort()

    def cancel(self) -> None:
        """End the call from any thread: its waits end and its socket is closed."""
        if self._cancelled is not None:
            self._cancelled.set()
            for abort in list(self._aborts):
                abort()
