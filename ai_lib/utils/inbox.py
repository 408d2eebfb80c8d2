"""A queue that handles values one at a time, whichever thread or finalizer puts them in.

A stream that is dropped reports its end from `__del__`, and so from the garbage collector, which may run in a thread
that is handling another value at that moment. A plain lock would deadlock there; a re-entrant one would let the second
value change state that the first has half changed. Here the second value waits in a queue until the first is done.
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
    """Passes values to a function, never two at once; an exception that it raises propagates to the caller of `put`."""

    def __init__(self, handle: Callable[[T], None]) -> None:
        self._handle = handle
        self._waiting: deque[T] = deque()
        self._lock = threading.RLock()
        self._busy = False

    def put(self, value: T) -> None:
        """Handle a value: before this returns, unless this thread is handling another one already."""
        self._waiting.append(value)
        while True:
            with self._lock:
                if self._busy:
                    return
                with self.paused():
                    pass
            if not self._waiting:  # else a finalizer of this thread put in another after `paused` looked
                return

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Handle the waiting values, then handle none while the block runs."""
        with self._lock:
            self._busy = True
            try:
                while self._waiting:
                    self._handle(self._waiting.popleft())
                yield
            finally:
                self._busy = False
