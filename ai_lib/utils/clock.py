"""Time and randomness as an argument, so that tests can control them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import attrs

__all__ = ["SYSTEM_CLOCK", "Clock"]


# Looked up at each call: gevent may patch the modules after this one was imported.
def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _wait(event: threading.Event, seconds: float | None) -> bool:
    return event.wait(seconds)


@attrs.frozen
class Clock:
    """The time, two ways to wait, and random numbers.

    Args:
        now: Returns the seconds since an arbitrary start; never goes back.
        wall: Returns the seconds since 1970, to compare with dates that servers send.
        sleep: Waits for a number of seconds.
        random: Returns a random number, 0 <= x < 1.
        wait: Waits until an event is set, for at most some seconds (None without limit), and returns whether it is set.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = _sleep
    random: Callable[[], float] = random.random
    wait: Callable[[threading.Event, float | None], bool] = _wait


SYSTEM_CLOCK = Clock()
