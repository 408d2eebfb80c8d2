"""Time and chance as arguments, so that a test can hold them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import attrs

__all__ = ["SYSTEM_CLOCK", "Clock"]


# Looked up when they are called: gevent may patch the modules after this one was imported.
def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _wait(event: threading.Event, seconds: float | None) -> bool:
    return event.wait(seconds)


@attrs.frozen
class Clock:
    """The time, two ways to wait, and a random number.

    Args:
        now: Seconds from an arbitrary start, never going back.
        wall: Seconds since 1970, for dates that servers send.
        sleep: Waits for the seconds given.
        random: A number from 0 up to but not including 1.
        wait: Waits until the event is set, at most for the seconds given (None for ever), and returns whether it is.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = _sleep
    random: Callable[[], float] = random.random
    wait: Callable[[threading.Event, float | None], bool] = _wait


SYSTEM_CLOCK = Clock()
