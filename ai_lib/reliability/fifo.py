"""First come, first served: threads that wait for something line up, and only the one in front may take.

No lock is held while anybody waits: each waits on an event of its own, and whoever leaves wakes the next.
"""

from __future__ import annotations

import threading
from collections import deque

from ai_lib.api.call import Call
from ai_lib.errors import CancelledError

__all__ = ["FifoQueue", "Ticket"]


class Ticket:
    """One thread's place in a line."""

    __slots__ = ("event",)

    def __init__(self) -> None:
        self.event = threading.Event()


class FifoQueue:
    """A line of waiting threads."""

    def __init__(self) -> None:
        self._places: deque[Ticket] = deque()
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    def __len__(self) -> int:
        return len(self._places)

    def join(self) -> Ticket:
        """Join the queue and return the ticket."""
        place = Ticket()
        with self._lock:
            self._places.append(place)
            if self._places[0] is place:
                place.event.set()
        return place

    def wait(self, place: Ticket, seconds: float | None, call: Call) -> bool:
        """Wait to be in front, at most so long, and return whether it is so.

        Raises:
            CancelledError: The call was cancelled.
        """
        if place.event.is_set():
            return True
        call.on_cancel(place.event.set)
        call.clock.wait(place.event, seconds)
        if call.cancelled:
            raise CancelledError("the call was cancelled")
        return place.event.is_set()

    def leave(self, place: Ticket) -> None:
        """Leave the line, from wherever the place is; whoever is in front then is woken."""
        with self._lock:
            self._places.remove(place)
            if self._places:
                self._places[0].event.set()
