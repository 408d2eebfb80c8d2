"""Background probes: whether endpoints without traffic would answer."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial

from ai_lib.routing.endpoint import HealthCheck
from ai_lib.utils.clock import Clock

__all__ = ["HealthChecker"]


class HealthChecker:
    """Probes the endpoints at intervals, in one thread, from `start` to `stop`.

    The thread ends with the program, and when the checker is dropped. A child of a fork starts its own.

    Args:
        names: The endpoints.
        probe: Probes one.
        check: The interval.
        clock: Time and randomness.
    """

    def __init__(self, names: Sequence[str], probe: Callable[[str], None], check: HealthCheck, clock: Clock) -> None:
        self._names = tuple(names)
        self._probe = probe
        self._check = check
        self._clock = clock
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid: int | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()

    def start(self) -> None:
        """Start to probe, unless it does already."""
        if self.running:
            return
        if self._pid is not None and self._pid != os.getpid():
            self._lock = threading.Lock()  # a fork may have copied it while it was held
        with self._lock:
            if self.running:
                return
            self._pid = os.getpid()
            self._stopped = threading.Event()
            # It holds the checker weakly, so that an array that is dropped is not kept alive by its probes.
            target = partial(_work, weakref.ref(self), self._stopped, self._clock)
            self._thread = threading.Thread(target=target, daemon=True, name="ai_lib health")
            self._thread.start()
        weakref.finalize(self, self._stopped.set)

    def stop(self) -> None:
        """Stop probing, and wait until the thread has ended."""
        self._stopped.set()
        thread, self._thread = self._thread, None
        if thread is not None and self._pid == os.getpid() and thread is not threading.current_thread():
            thread.join(self._check.timeout + 1.0)  # the probe that runs may take that long

    def probe_all(self, stopped: threading.Event) -> float:
        """Probe each endpoint once, and return the seconds until the next time."""
        for name in self._names:
            if stopped.is_set():
                break
            self._probe(name)
        interval = self._check.interval or 0.0
        return interval * (1 + self._check.jitter * (2 * self._clock.random() - 1))


def _work(reference: weakref.ref[HealthChecker], stopped: threading.Event, clock: Clock) -> None:
    while not stopped.is_set():
        checker = reference()
        if checker is None:
            return
        seconds = checker.probe_all(stopped)
        del checker  # not held while waiting
        clock.wait(stopped, seconds)
