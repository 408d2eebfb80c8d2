"""The concurrency limit: how many calls run at once, and how many may wait for a slot."""

from __future__ import annotations

import threading
from collections import deque

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import BackpressureError, CancelledError
from ai_lib.reliability.validators import SECONDS_OR_FOREVER, integer

__all__ = ["ConcurrencyLimit", "Slots"]


@attrs.frozen
class ConcurrencyLimit:
    """How many calls of a client may run at once. A stream counts until it ends.

    Args:
        max_concurrent: Maximum number of running calls; a positive integer.
        max_queue: Maximum number of calls that wait for a slot; one more is refused at once.
        queue_timeout: Maximum seconds to wait for a slot; None means until the call's deadline.
    """

    max_concurrent: int = attrs.field(default=100, validator=integer(1))
    max_queue: int = attrs.field(default=1000, validator=integer(0), kw_only=True)
    queue_timeout: float | None = attrs.field(default=60.0, validator=SECONDS_OR_FOREVER, kw_only=True)


class Slots:
    """Counts running calls; a slot that is released goes to the call that has waited longest.

    No lock is held while a call waits.
    """

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit
        self._free = limit.max_concurrent
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    @property
    def in_use(self) -> int:
        """Calls that run now."""
        return self._limit.max_concurrent - self._free

    @property
    def waiting(self) -> int:
        """Calls that wait now."""
        return len(self._waiting)

    def acquire(self, call: Call) -> None:
        """Take a slot, waiting for one if necessary; `release` must follow.

        Raises:
            BackpressureError: The queue is full, or no slot was released in time.
            CancelledError: The call was cancelled while it waited.
        """
        if self._take_or_queue(None):
            return
        limits = [seconds for seconds in (self._limit.queue_timeout, call.remaining()) if seconds is not None]
        with call.timed("queue"):
            if not self.wait(call, min(limits, default=None)):
                raise BackpressureError(
                    f"{self._limit.max_concurrent} calls are running and none ended within "
                    f"{min(limits, default=0):g} s",
                    code="queue_timeout",
                )

    def wait(self, call: Call, seconds: float | None) -> bool:
        """Queue for a slot and return whether one was released in time; if so, `release` must follow.

        Args:
            call: The call that waits; cancelling it ends the wait.
            seconds: Maximum seconds to wait; None waits without limit.

        Raises:
            BackpressureError: The queue is full.
            CancelledError: The call was cancelled.
        """
        # Made outside the lock: it may set off the garbage collector, which may release a slot.
        handover = threading.Event()
        if self._take_or_queue(handover):
            return True
        call.on_cancel(handover.set)
        try:
            call.clock.wait(handover, seconds)
        except BaseException:  # KeyboardInterrupt, say
            self._withdraw(handover)
            raise
        if call.cancelled:
            self._withdraw(handover)
            raise CancelledError("the call was cancelled")
        return handover.is_set() or not self._withdraw(handover, keep=True)

    def _take_or_queue(self, handover: threading.Event | None) -> bool:
        """Take a free slot and return True; else join the queue with the event that a handover sets, if given."""
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return True
            full = len(self._waiting) >= self._limit.max_queue
            if not full and handover is not None:
                self._waiting.append(handover)
        if full:
            raise BackpressureError(
                f"{self._limit.max_concurrent} calls are running and {len(self._waiting)} are waiting",
                code="queue_full",
            )
        return False

    def _withdraw(self, handover: threading.Event, *, keep: bool = False) -> bool:
        """Leave the queue; return True if still in it, else release the slot that was handed over, or keep it."""
        with self._lock:
            if handover in self._waiting:
                self._waiting.remove(handover)
                return True
        if not keep:
            self.release()
        return False

    def release(self) -> None:
        """Release a slot."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
