"""Values handled one at a time, whatever thread brings them, or whatever finalizer.

A stream that is dropped tells of its end from `__del__`, and so from the garbage collector, which may run in a thread
that is just handling another value. A plain lock would wait for itself there; a re-entrant one would let the second
value change what the first is half done with. Here the second value waits in a queue for the first to be done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

__all__ = ["Inbox"]

T = TypeVar("T")


class Inbox(Generic[T]):
    """Hands values to a function, never two at once.

    Args:
        handle: What is called with each value. What it raises goes to whoever put a value in.
    """

    def __init__(self, handle: Callable[[T], None]) -> None:
        self._handle = handle
        self._waiting: deque[T] = deque()
        self._lock = threading.RLock()
        self._busy = False

    def put(self, value: T) -> None:
        """Have the value handled: before this returns, unless this very thread is handling another."""
        self._waiting.append(value)
        again = True
        while again:
            with self._lock:
                if self._busy:
                    return
                with self.paused():
                    pass
            # What a finalizer of this thread put in after the last look.
            again = bool(self._waiting)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Handle what waits, then keep values from being handled while the block runs."""
        with self._lock:
            self._busy = True
            try:
                while self._waiting:
                    self._handle(self._waiting.popleft())
                yield
            finally:
                self._busy = False
