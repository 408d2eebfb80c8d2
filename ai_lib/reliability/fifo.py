"""A first-come, first-served queue of threads, in which only the thread in front may proceed.

No lock is held while a thread waits: each waits on an event of its own, and a thread that leaves wakes the next.
"""

from __future__ import annotations

import threading
from collections import deque

from ai_lib.api.call import Call
from ai_lib.errors import CancelledError

__all__ = ["FifoQueue", "Ticket"]


class Ticket:
    """The place of one thread in the queue."""

    __slots__ = ("event",)

    def __init__(self) -> None:
        self.event = threading.Event()


class FifoQueue:
    """A queue of waiting threads."""

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    def __len__(self) -> int:
        return len(self._tickets)

    def join(self) -> Ticket:
        """Join the queue and return the ticket."""
        ticket = Ticket()
        with self._lock:
            self._tickets.append(ticket)
            if self._tickets[0] is ticket:
                ticket.event.set()
        return ticket

    def wait(self, ticket: Ticket, seconds: float | None, call: Call) -> bool:
        """Wait until the ticket is in front, and return whether it is.

        Args:
            ticket: What `join` returned.
            seconds: Maximum seconds to wait; None waits without limit.
            call: The call that waits.

        Raises:
            CancelledError: The call was cancelled.
        """
        if ticket.event.is_set():
            return True
        call.on_cancel(ticket.event.set)
        call.clock.wait(ticket.event, seconds)
        if call.cancelled:
            raise CancelledError("the call was cancelled")
        return ticket.event.is_set()

    def leave(self, ticket: Ticket) -> None:
        """Leave the queue from any position, and wake the thread that is in front then."""
        with self._lock:
            self._tickets.remove(ticket)
            if self._tickets:
                self._tickets[0].event.set()
