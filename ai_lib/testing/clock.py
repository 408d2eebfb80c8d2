"""A clock that stands still until something waits on it."""

from __future__ import annotations

import threading

import attrs

from ai_lib.utils.clock import Clock

__all__ = ["FakeClock"]

# Long enough for another thread to set the event, short enough for a test that waits often.
_REAL_WAIT = 0.001


@attrs.define(eq=False)
class FakeClock:
    """Time that passes only by waiting: back-off, rate limits and breakers are tested in milliseconds.

        time = FakeClock()
        client = AiClient("openai", transport=ScriptedTransport(error(429, retry_after=60), "Hi"), clock=time.clock())
        client.chat("Hello")
        assert time.waits == [60.0]

    Waiting for something that another thread may do really waits, for one millisecond at most; only then does the time
    pass on this clock. Safe to share between threads.

    Args:
        now: The time at the start, in seconds; the time of day starts here too.
        randomness: The value of every random number, >= 0 and < 1; full-jitter back-off waits this fraction of its
            limit.

    Attributes:
        waits: The seconds of each wait, in order.
    """

    now: float = 1_000_000.0
    randomness: float = 0.5
    waits: list[float] = attrs.field(factory=list, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def clock(self) -> Clock:
        """Return the `Clock` to pass as `AiClient(clock=...)`."""
        return Clock(
            now=lambda: self.now,
            wall=lambda: self.now,
            sleep=self.sleep,
            random=lambda: self.randomness,
            wait=self.wait,
        )

    def advance(self, seconds: float) -> None:
        """Let time pass without recording a wait.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError(f"seconds must be >= 0, got {seconds}")
        with self._lock:
            self.now += seconds

    def sleep(self, seconds: float) -> None:
        """Wait, on this clock only."""
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait for an event and return whether it is set; None waits without limit, in real time."""
        if seconds is None:
            return event.wait()
        if event.wait(_REAL_WAIT):
            return True
        self.sleep(seconds)
        return event.is_set()
