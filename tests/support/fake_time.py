"""A clock that stands still until somebody waits on it."""

from __future__ import annotations

import threading

import attrs

from ai_lib.utils.clock import Clock

__all__ = ["FakeTime"]


@attrs.define
class FakeTime:
    """Time that passes only by waiting. `chance` is what every random number is.

    A wait for an event that another thread may set is real, but short; only what is left of it passes on this clock.
    """

    now: float = 1000.0
    chance: float = 1.0
    waits: list[float] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        if event.wait(None if seconds is None else 0.001):
            return True
        assert seconds is not None
        self.sleep(seconds)
        return event.is_set()

    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.now, wall=lambda: self.now, sleep=self.sleep, random=lambda: self.chance, wait=self.wait
        )
