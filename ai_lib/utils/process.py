"""State that a fork must not copy: locks that may be held, queues of threads that do not exist in the child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["PerProcess"]

T = TypeVar("T")


class PerProcess(Generic[T]):
    """One value for each process, created at its first use: a forked child creates its own."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}

    @property
    def made(self) -> bool:
        """Whether this process has created its value."""
        return os.getpid() in self._made

    def __call__(self) -> T:
        """Return the value of this process."""
        pid = os.getpid()
        try:
            return self._made[pid]
        except KeyError:
            # Not under a lock, which a fork may copy while it is held. Threads that get here at once share one value.
            return self._made.setdefault(pid, self._make())
