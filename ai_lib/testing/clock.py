"""A clock that stands still until somebody waits on it."""

from __future__ import annotations

import threading

import attrs

from ai_lib.utils.clock import Clock

__all__ = ["FakeClock"]

# Long enough for a thread that has just been told to set the event, short enough for a test to wait often.
_REAL_WAIT = 0.001


@attrs.define(eq=False)
class FakeClock:
    """Time that passes only by waiting: back-off, rate limits and breakers are tested in milliseconds.

        time = FakeClock()
        client = AiClient("openai", transport=ScriptedTransport(error(429, retry_after=60), "Hi"), clock=time.clock())
        client.chat("Hello")
        assert time.waits == [60.0]

    A wait for something that another thread may do is real, but takes a thousandth of a second at most; only then does
    it pass on this clock. Safe to share between threads.

    Args:
        now: The time at the start, in seconds; also what the time of day is taken from.
        chance: What every random number is, from 0 up to but not including 1; a full-jitter back-off waits this part of
            its limit.

    Attributes:
        waits: The seconds of each wait, in order.
    """

    now: float = 1_000_000.0
    chance: float = 0.5
    waits: list[float] = attrs.field(factory=list, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def clock(self) -> Clock:
        """Return it in the form that `AiClient(clock=...)` takes."""
        return Clock(now=self._now, wall=self._now, sleep=self.sleep, random=self._random, wait=self._wait)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody waiting for it.

        Raises:
            ValueError: It would go back.
        """
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        with self._lock:
            self.now += seconds

    def sleep(self, seconds: float) -> None:
        """Wait, on this clock only."""
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds

    def _wait(self, event: threading.Event, seconds: float | None) -> bool:
        if seconds is None:
            return event.wait()
        if event.wait(_REAL_WAIT):
            return True
        self.sleep(seconds)
        return event.is_set()

    def _now(self) -> float:
        return self.now

    def _random(self) -> float:
        return self.chance
