"""State that a fork must not copy: locks in any position, queues of threads that do not exist in the child."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["PerProcess"]

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Holds one value for each process: a child of a fork makes its own.

    Args:
        make: Makes the value; it is called when a process first asks.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}

    @property
    def made(self) -> bool:
        """Whether this process has its value."""
        return os.getpid() in self._made

    def __call__(self) -> T:
        """Return this process's value."""
        pid = os.getpid()
        try:
            return self._made[pid]
        except KeyError:
            # Not under a lock, which a fork may copy while it is held: threads that get here at once agree on one.
            return self._made.setdefault(pid, self._make())
