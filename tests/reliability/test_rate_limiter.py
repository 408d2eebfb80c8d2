"""The rate limiter on a clock that only waiting moves."""

from __future__ import annotations

import os
import threading

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib import CancelledError, ConfigurationError, InvalidRequestError, RateLimit, RateLimitError, Timeout
from ai_lib.api import Call
from ai_lib.reliability import RateLimiter
from ai_lib.reliability.bucket import FLOOR
from ai_lib.testing import FakeClock
from ai_lib.types.limits import LimitStatus
from ai_lib.utils.clock import Clock

ENDLESS = Timeout(total=None)


def limiter_of(limit: RateLimit, time: FakeClock | None = None) -> tuple[RateLimiter, FakeClock]:
    time = time or FakeClock()
    return RateLimiter(limit, clock=time.clock()), time


def most_in_a_window(times: list[float], seconds: float) -> int:
    return max(sum(1 for other in times if begin <= other < begin + seconds) for begin in times)


# --- the pace


def test_a_burst_goes_at_once_and_the_rest_at_the_rate():
    limiter, time = limiter_of(RateLimit.per_minute(3000, burst=600))
    started = time.now

    at_once = sum(limiter.try_acquire() is not None for _ in range(1000))
    for _ in range(500):
        limiter.acquire()

    assert at_once == 600
    assert time.now - started == pytest.approx(10.0, abs=0.02)


@settings(max_examples=30)
@given(limit=st.integers(1, 400), pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_a_paced_limit_holds_in_every_window(limit, pauses):
    limiter, time = limiter_of(RateLimit(requests=limit, per=1.0))
    times = []

    for pause in pauses:
        for _ in range(1 + limit // 20):
            limiter.acquire()
            times.append(time.now)
        time.now += pause

    assert most_in_a_window(times, 1.0) <= limit


@settings(max_examples=30)
@given(burst=st.integers(1, 50), rate=st.floats(0.5, 50), pauses=st.lists(st.floats(0, 5), min_size=1, max_size=80))
def test_no_window_ever_holds_more_than_the_burst_and_the_inflow(burst, rate, pauses):
    limiter, time = limiter_of(RateLimit.per_second(rate, burst=burst))
    times = []

    for pause in pauses:
        limiter.acquire()
        times.append(time.now)
        time.now += pause

    for seconds in (0.5, 2.0, 10.0):
        assert most_in_a_window(times, seconds) <= burst + rate * seconds + 1


def test_a_paced_limit_uses_nearly_all_of_what_is_allowed():
    limiter, time = limiter_of(RateLimit.per_minute(300))
    started = time.now

    for _ in range(400):
        limiter.acquire()

    assert 399 / (time.now - started) >= 0.95 * 5


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 500), min_size=30, max_size=60))
def test_tokens_of_every_size_stay_near_their_limit_in_every_window(sizes):
    limiter, time = limiter_of(RateLimit(tokens=1000, per=1.0))
    used: list[tuple[float, int]] = []

    for size in sizes:
        limiter.acquire(size)
        used.append((time.now, size))

    for begin, _ in used:
        inside = [size for when, size in used if begin <= when < begin + 1.0]
        assert sum(inside) <= 1000 + max(inside)


def test_calls_of_one_size_never_exceed_a_limit_of_tokens_in_any_window():
    for size in (10, 99, 100, 250, 301, 500):
        limiter, time = limiter_of(RateLimit(tokens=1000, per=1.0))
        times = []

        for _ in range(40):
            limiter.acquire(size)
            times.append(time.now)

        assert most_in_a_window(times, 1.0) * size <= 1000


def test_requests_and_tokens_hold_together():
    limiter, time = limiter_of(RateLimit(requests=100, tokens=1000, per=1.0, burst=100))
    started = time.now

    for _ in range(20):
        limiter.acquire(100)

    assert time.now - started >= 1.9


def test_settling_returns_unused_tokens_and_takes_those_beyond_the_estimate():
    limiter, time = limiter_of(RateLimit(tokens=1000, per=1.0))

    limiter.acquire(400).settle(4)
    started = time.now
    limiter.acquire(400).settle(900)
    waited_after_little = time.now - started
    started = time.now
    limiter.acquire(10)

    assert waited_after_little < 0.1
    assert time.now - started > 0.8


def test_a_request_that_never_left_costs_nothing():
    limiter, time = limiter_of(RateLimit.per_minute(1, burst=1))

    limiter.acquire().release()
    limiter.acquire()

    assert time.waits == []


# --- refusing


def test_a_request_larger_than_the_limit_is_refused():
    limiter, _ = limiter_of(RateLimit(tokens=100))

    with pytest.raises(InvalidRequestError, match="needs about 101 tokens and the limit is 100 in 60 s"):
        limiter.acquire(101)


def test_a_wait_that_is_too_long_is_refused_at_once_and_takes_nothing():
    limiter, time = limiter_of(RateLimit.per_minute(60, burst=1))
    limiter.acquire()

    with pytest.raises(RateLimitError, match="admits no request in time") as caught:
        limiter.acquire(timeout=0.5)
    started = time.now
    limiter.acquire()

    assert caught.value.code == "client_rate_limit"
    assert caught.value.retry_after == pytest.approx(1.0)
    assert time.now - started == pytest.approx(1.0)


def test_the_calls_deadline_bounds_the_wait():
    time = FakeClock()
    limiter, _ = limiter_of(RateLimit.per_minute(60, burst=1), time)
    limiter.acquire()

    with pytest.raises(RateLimitError):
        limiter.acquire(call=Call(Timeout(total=0.5), clock=time.clock()))

    assert time.waits == []


def test_try_acquire_never_waits():
    limiter, time = limiter_of(RateLimit.per_minute(60, burst=2))

    assert [limiter.try_acquire() is not None for _ in range(3)] == [True, True, False]
    assert time.waits == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"requests": 0}, "requests must be a number > 0, got 0"),
        ({"tokens": -1}, "tokens must be a number > 0, got -1"),
        ({"requests": 1, "per": float("inf")}, "per must be a number > 0, got inf"),
        ({"requests": 1, "initial": 2}, "initial must be a fraction of the limit, at most 1, got 2"),
        ({"requests": 1, "max_wait": -1}, "max_wait must be a number of seconds >= 0, or None, got -1"),
        ({"requests": 1, "store": "x"}, "store must be a SqliteStore, a RedisStore or a LimitStore, got 'x'"),
        ({"burst": 5}, "burst requires requests: it is the number of them that may be sent at once"),
    ],
)
def test_an_invalid_limit_is_refused(fields, message):
    with pytest.raises(ConfigurationError) as caught:
        RateLimit(**fields)

    assert caught.value.message == message


# --- in line


def waiting_at(limiter: RateLimiter, count: int) -> None:
    """Wait until so many threads are in line."""
    until = threading.Event()
    for _ in range(5000):
        if limiter.waiting >= count:
            return
        until.wait(0.001)
    raise AssertionError(f"{limiter.waiting} of {count} are waiting")


class Gate:
    """A clock on which a wait lasts until the test opens it."""

    def __init__(self) -> None:
        self.time = FakeClock()
        self.open = threading.Event()

    def sleep(self, seconds: float) -> None:
        assert self.open.wait(10)
        self.time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        return event.wait(10)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.time.now, sleep=self.sleep, wait=self.wait)


def test_waiting_threads_are_served_in_order_of_arrival():
    gate = Gate()
    limiter = RateLimiter(RateLimit.per_second(1, burst=1), clock=gate.clock())
    limiter.acquire()
    served: list[int] = []

    def wait(number: int) -> None:
        limiter.acquire()
        served.append(number)

    threads = []
    for number in range(8):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        waiting_at(limiter, number + 1)
    gate.open.set()
    for thread in threads:
        thread.join()

    assert served == list(range(8))


def test_no_lock_is_held_while_a_thread_waits():
    gate = Gate()
    limiter = RateLimiter(RateLimit.per_second(1, burst=1), clock=gate.clock())
    limiter.acquire()
    thread = threading.Thread(target=limiter.acquire)
    thread.start()
    waiting_at(limiter, 1)

    turned_away = limiter.try_acquire()
    limiter.change("credit", (0.0, 0.0))
    gate.open.set()
    thread.join()

    assert turned_away is None


def test_a_cancelled_wait_releases_its_reservation():
    time = FakeClock()
    blocked = threading.Event()

    def wait(event: threading.Event, seconds: float | None) -> bool:
        blocked.set()
        return event.wait(10)

    clock = Clock(now=lambda: time.now, sleep=time.sleep, wait=wait)
    limiter = RateLimiter(RateLimit.per_second(1, burst=1), clock=clock)
    limiter.acquire()
    part = Call(ENDLESS, clock=clock).child()
    raised: list[type] = []

    def cancelled() -> None:
        try:
            limiter.acquire(call=part)
        except CancelledError as error:
            raised.append(type(error))

    thread = threading.Thread(target=cancelled)
    thread.start()
    assert blocked.wait(10)
    part.cancel()
    thread.join()
    started = time.now
    limiter.acquire()

    assert raised == [CancelledError]
    assert time.now - started == pytest.approx(1.0)
    assert limiter.waiting == 0


def test_an_interrupted_wait_releases_its_reservation():
    time = FakeClock()

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    limiter = RateLimiter(RateLimit.per_second(1, burst=1), clock=Clock(now=lambda: time.now, sleep=interrupted))
    limiter.acquire()

    with pytest.raises(KeyboardInterrupt):
        limiter.acquire()
    time.now += 1.0

    assert limiter.try_acquire() is not None
    assert limiter.waiting == 0


# --- what the provider says


def test_a_429_pauses_all_threads_including_those_that_already_wait():
    time = FakeClock()
    limiter, _ = limiter_of(RateLimit.per_second(1, burst=1, adaptive=False), time)
    first = limiter.acquire()
    started = time.now
    original = time.sleep
    waits = []

    def throttled_meanwhile(seconds: float) -> None:
        if not waits:
            first.record_throttling(30.0)
        waits.append(seconds)
        original(seconds)

    paused = RateLimiter(limiter.limit, clock=attrs.evolve(time.clock(), sleep=throttled_meanwhile))
    first = paused.acquire()
    paused.acquire()

    assert time.now - started == pytest.approx(30.0)


def test_several_429_within_a_second_slow_down_once_and_successes_speed_up_again():
    limiter, time = limiter_of(RateLimit.per_second(100, burst=1000))
    reservation = limiter.acquire()

    for _ in range(20):
        reservation.record_throttling(0.0)
    once = limiter.change("throttle", 0.0)
    for _ in range(20):
        time.now += 2.0
        reservation.record_throttling(0.0)
    lowest = limiter.change("throttle", 0.0)
    slowed = limiter.acquire()
    for _ in range(100):
        slowed.record_success({})

    assert once == pytest.approx(0.7)
    assert lowest == FLOOR
    assert limiter.acquire().slowed is False


def test_a_limit_can_start_at_a_fraction():
    limiter, time = limiter_of(RateLimit.per_second(2, burst=1, initial=0.5))
    limiter.acquire()
    started = time.now

    limiter.acquire()

    assert time.now - started == pytest.approx(1.0)


def test_when_nothing_remains_all_threads_wait_for_the_reset():
    limiter, time = limiter_of(RateLimit.per_second(100, burst=100))
    limiter.acquire().record_success({"requests": LimitStatus(60, 0, 12.0)})
    started = time.now

    limiter.acquire()

    assert time.now - started == pytest.approx(12.0)


def test_reported_remaining_tokens_are_adopted_if_they_are_fewer():
    limiter, time = limiter_of(RateLimit(tokens=10_000, per=1.0))
    limiter.acquire(10).record_success({"tokens": LimitStatus(10_000, 5, 1.0)})
    started = time.now

    limiter.acquire(90)

    assert time.now > started


# --- processes


def test_a_child_can_use_a_limiter_whose_locks_the_parent_held():
    limiter = RateLimiter(RateLimit.per_second(1000, burst=1000))
    limiter.acquire()
    lock, _ = limiter._local._states()

    with lock, limiter._queue()._lock:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                limiter.acquire()
                code = 0
            finally:
                os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
