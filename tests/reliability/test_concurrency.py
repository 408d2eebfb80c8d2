"""Slots for calls that run at once, and the queue before them."""

from __future__ import annotations

import threading

import pytest

from ai_lib import CancelledError, ConfigurationError, Timeout
from ai_lib.api import Call
from ai_lib.errors import BackpressureError
from ai_lib.reliability import ConcurrencyLimit
from ai_lib.reliability.concurrency import Slots
from ai_lib.testing import FakeClock

ENDLESS = Timeout(total=None)


def waiting_at(slots: Slots, count: int) -> None:
    """Wait until so many threads are in the queue."""
    until = threading.Event()
    for _ in range(5000):
        if slots.waiting >= count:
            return
        until.wait(0.001)
    raise AssertionError(f"{slots.waiting} of {count} are waiting")


def test_slots_are_handed_over_in_the_order_of_waiting():
    slots = Slots(ConcurrencyLimit(1))
    slots.acquire(Call(ENDLESS))
    served: list[int] = []

    def wait(number: int) -> None:
        slots.acquire(Call(ENDLESS))
        served.append(number)
        slots.release()

    threads = []
    for number in range(8):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        waiting_at(slots, number + 1)
    slots.release()
    for thread in threads:
        thread.join()

    assert served == list(range(8))
    assert (slots.in_use, slots.waiting) == (0, 0)


def test_a_call_beyond_a_full_queue_is_refused_at_once():
    slots = Slots(ConcurrencyLimit(2, max_queue=0))
    slots.acquire(Call())
    slots.acquire(Call())

    with pytest.raises(BackpressureError, match=r"2 calls are running and 0 are waiting\. Make fewer") as caught:
        slots.acquire(Call())

    assert caught.value.code == "queue_full"
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("limit", "timeout", "waited"),
    [(ConcurrencyLimit(1, queue_timeout=7.0), ENDLESS, 7.0), (ConcurrencyLimit(1), Timeout(total=3.0), 3.0)],
)
def test_a_wait_ends_at_the_queue_timeout_or_the_calls_deadline(limit, timeout, waited):
    slots, time = Slots(limit), FakeClock()
    slots.acquire(Call(clock=time.clock()))
    call = Call(timeout, clock=time.clock())

    with pytest.raises(BackpressureError, match=f"none ended within {waited:g} s") as caught:
        slots.acquire(call)

    assert caught.value.code == "queue_timeout"
    assert call.timings == {"queue": pytest.approx(waited)}
    assert slots.waiting == 0


def test_a_cancelled_wait_leaves_the_queue():
    slots = Slots(ConcurrencyLimit(1))
    slots.acquire(Call(ENDLESS))
    part = Call(ENDLESS).child()
    raised: list[type] = []

    def wait() -> None:
        try:
            slots.acquire(part)
        except CancelledError as error:
            raised.append(type(error))

    thread = threading.Thread(target=wait)
    thread.start()
    waiting_at(slots, 1)
    part.cancel()
    thread.join()
    slots.release()

    assert raised == [CancelledError]
    assert (slots.in_use, slots.waiting) == (0, 0)


def test_an_interrupted_wait_leaves_the_queue():
    time = FakeClock()

    def interrupted(event: threading.Event, seconds: float | None) -> bool:
        raise KeyboardInterrupt

    slots = Slots(ConcurrencyLimit(1))
    slots.acquire(Call())
    clock = time.clock()
    object.__setattr__(clock, "wait", interrupted)

    with pytest.raises(KeyboardInterrupt):
        slots.acquire(Call(clock=clock))

    assert slots.waiting == 0


def test_many_threads_never_hold_more_slots_than_there_are():
    slots = Slots(ConcurrencyLimit(3))
    barrier, lock = threading.Barrier(24), threading.Lock()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        barrier.wait()
        for _ in range(50):
            slots.acquire(Call(ENDLESS))
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1
            slots.release()

    threads = [threading.Thread(target=work) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 <= most <= 3
    assert (slots.in_use, slots.waiting) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_concurrent": 0}, "max_concurrent must be an integer >= 1, got 0"),
        ({"max_concurrent": True}, "max_concurrent must be an integer >= 1, got True"),
        ({"max_queue": -1}, "max_queue must be an integer >= 0, got -1"),
        ({"queue_timeout": -1}, "queue_timeout must be a number of seconds >= 0, or None, got -1"),
    ],
)
def test_an_invalid_limit_is_refused(arguments, message):
    with pytest.raises(ConfigurationError) as caught:
        ConcurrencyLimit(**arguments)

    assert caught.value.message == message
