"""Counts of successes and failures over a sliding window, in constant memory."""

from __future__ import annotations

from collections import deque

__all__ = ["Window"]

_SLICES = 10


class Window:
    """Counts over a sliding window that moves a tenth of its length at a time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slices: deque[list[float]] = deque()  # start, successes, failures

    def add(self, now: float, *, failed: bool) -> None:
        """Count a call."""
        self._discard_old(now)
        if not self._slices or now - self._slices[-1][0] >= self._seconds / _SLICES:
            self._slices.append([now, 0, 0])
        self._slices[-1][1 + failed] += 1

    def counts(self, now: float) -> tuple[int, int]:
        """Return the number of calls, and of failures among them."""
        self._discard_old(now)
        failures = int(sum(part[2] for part in self._slices))
        return failures + int(sum(part[1] for part in self._slices)), failures

    def clear(self) -> None:
        """Discard all counts."""
        self._slices.clear()

    def _discard_old(self, now: float) -> None:
        while self._slices and now - self._slices[0][0] >= self._seconds:
            self._slices.popleft()
