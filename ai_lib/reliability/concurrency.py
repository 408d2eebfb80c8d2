"""How many calls run at once, and how many may wait for that."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import BackpressureError, CancelledError, ConfigurationError

__all__ = ["ConcurrencyLimit", "Slots"]


def _whole(low: int) -> Callable[[object, attrs.Attribute[int], int], None]:
    def check(_: object, field: attrs.Attribute[int], value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ConfigurationError(f"{field.name} must be a whole number from {low}, got {value!r}")

    return check


@attrs.frozen
class ConcurrencyLimit:
    """How many calls of a client may run at once. A stream counts until it is over.

    Args:
        max_concurrent: Calls that run.
        max_queue: Calls that wait for one of them to end; one more is turned away at once.
        queue_timeout: Most seconds to wait; None means as long as the call's own time lasts.
    """

    max_concurrent: int = attrs.field(default=100, validator=_whole(1))
    max_queue: int = attrs.field(default=1000, validator=_whole(0), kw_only=True)
    queue_timeout: float | None = attrs.field(default=60.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.queue_timeout is not None and not self.queue_timeout >= 0:
            raise ConfigurationError(f"queue_timeout must be seconds from 0 or None, got {self.queue_timeout!r}")


class Slots:
    """Counts the calls that run; a slot that is given back goes to whoever has waited longest.

    Args:
        limit: How many there are, and how many may wait.
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
        """Take a slot, waiting for one if need be; `release` must follow.

        Raises:
            BackpressureError: The queue is full, or no slot came free in time.
            CancelledError: The call was cancelled while it waited.
        """
        if self._taken(None):
            return
        # Made outside the lock: it may set off the garbage collector, and that give a slot back.
        handed = threading.Event()
        if self._taken(handed):
            return
        with call.timed("queue"):
            self._wait(handed, call)

    def _taken(self, handed: threading.Event | None) -> bool:
        """Take a slot and return True where one is free; else line up, where there is something to be handed one."""
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return True
            full = len(self._waiting) >= self._limit.max_queue
            if not full and handed is not None:
                self._waiting.append(handed)
        if full:
            raise BackpressureError(
                f"{self._limit.max_concurrent} calls are running and {len(self._waiting)} are waiting",
                code="queue_full",
            )
        return False

    def _wait(self, handed: threading.Event, call: Call) -> None:
        limits = [seconds for seconds in (self._limit.queue_timeout, call.remaining()) if seconds is not None]
        call.on_cancel(handed.set)
        try:
            call.clock.wait(handed, min(limits, default=None))
        except BaseException:  # KeyboardInterrupt, say
            self._withdraw(handed)
            raise
        if call.cancelled:
            self._withdraw(handed)
            raise CancelledError("the call was cancelled")
        if not handed.is_set() and self._withdraw(handed, keep=True):
            raise BackpressureError(
                f"{self._limit.max_concurrent} calls are running and none ended within {min(limits, default=0):g} s",
                code="queue_timeout",
            )

    def _withdraw(self, handed: threading.Event, *, keep: bool = False) -> bool:
        """Leave the queue, and return whether it was still in it; a slot handed over meanwhile is kept or passed on."""
        with self._lock:
            if handed in self._waiting:
                self._waiting.remove(handed)
                return True
        if not keep:
            self.release()
        return False

    def release(self) -> None:
        """Give a slot back."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
