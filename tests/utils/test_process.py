"""One value for each process."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from ai_lib.utils.process import PerProcess


def test_a_forked_child_creates_its_own_value():
    held = PerProcess(threading.Lock)

    with held():
        child = os.fork()
        if child == 0:
            os._exit(0 if held().acquire(timeout=5) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_share_one_value():
    held, barrier = PerProcess(object), threading.Barrier(16)

    def ask(_: int) -> object:
        barrier.wait()
        return held()

    with ThreadPoolExecutor(16) as pool:
        values = set(pool.map(ask, range(16)))

    assert len(values) == 1
