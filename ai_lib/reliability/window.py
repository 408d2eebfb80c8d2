"""How many calls went well and how many failed in the last seconds, in little memory however many there are."""

from __future__ import annotations

from collections import deque

__all__ = ["Window"]

_SLICES = 10


class Window:
    """Counts over a sliding window, a tenth of it at a time.

    Args:
        seconds: How long the window is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slices: deque[list[float]] = deque()  # begin, successes, failures

    def add(self, now: float, *, failed: bool) -> None:
        """Count a call."""
        self._forget(now)
        if not self._slices or now - self._slices[-1][0] >= self._seconds / _SLICES:
            self._slices.append([now, 0, 0])
        self._slices[-1][1 + failed] += 1

    def counts(self, now: float) -> tuple[int, int]:
        """Return the calls and the failures among them."""
        self._forget(now)
        failures = int(sum(one[2] for one in self._slices))
        return failures + int(sum(one[1] for one in self._slices)), failures

    def clear(self) -> None:
        """Forget everything."""
        self._slices.clear()

    def _forget(self, now: float) -> None:
        while self._slices and now - self._slices[0][0] >= self._seconds:
            self._slices.popleft()
