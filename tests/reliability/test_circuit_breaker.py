"""The circuit breaker on a clock that stands still."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import ConfigurationError
from ai_lib.errors import (
    AuthenticationError,
    CancelledError,
    CircuitOpenError,
    ConnectionLostError,
    InvalidRequestError,
    InvalidResponseError,
    OverloadedError,
    ProviderError,
    RateLimitError,
    RequestTimeoutError,
)
from ai_lib.reliability import BreakerPolicy
from ai_lib.reliability.circuit_breaker import CircuitBreaker
from ai_lib.testing import FakeClock

DOWN = ProviderError("down")


def breaker_of(time: FakeClock | None = None, **fields: Any) -> tuple[CircuitBreaker, FakeClock, list[tuple[str, str]]]:
    time = time or FakeClock()
    told: list[tuple[str, str]] = []
    policy = BreakerPolicy(**{"failure_threshold": 3, "recovery_timeout": 30.0, "success_threshold": 2, **fields})
    breaker = CircuitBreaker(
        policy, name="gw m", clock=time.clock(), on_change=lambda old, new: told.append((old, new))
    )
    return breaker, time, told


def fail(breaker: CircuitBreaker, times: int = 1, error: BaseException = DOWN) -> None:
    for _ in range(times):
        breaker.acquire().record_failure(error)


def test_enough_failures_open_the_breaker_and_then_nothing_is_sent():
    breaker, _, told = breaker_of()

    fail(breaker, 3)
    with pytest.raises(CircuitOpenError, match=r"not sent: gw m failed 3 times within 60 s") as caught:
        breaker.acquire()

    assert caught.value.retry_after == pytest.approx(30.0)
    assert told == [("closed", "open")]


def test_failures_from_before_the_window_do_not_count():
    breaker, time, _ = breaker_of(window=60.0)

    fail(breaker, 2)
    time.now += 61.0
    fail(breaker, 2)

    assert breaker.state == "closed"


def test_a_low_failure_rate_does_not_open_the_breaker():
    breaker, _, _ = breaker_of(failure_rate=0.5)

    for _ in range(20):
        breaker.acquire().record_success()
    fail(breaker, 5)

    assert breaker.state == "closed"


def test_after_the_recovery_timeout_one_call_probes_and_the_others_are_refused():
    breaker, time, told = breaker_of()
    fail(breaker, 3)
    time.now += 30.0

    probe = breaker.acquire()
    with pytest.raises(CircuitOpenError) as caught:
        breaker.acquire()

    assert caught.value.retry_after == 1.0
    assert breaker.state == "half-open"
    probe.record_success()
    breaker.acquire().record_success()
    assert breaker.state == "closed"
    assert told == [("closed", "open"), ("open", "half-open"), ("half-open", "closed")]


def test_only_one_of_many_threads_probes():
    breaker, time, _ = breaker_of()
    fail(breaker, 3)
    time.now += 31.0
    barrier = threading.Barrier(16)

    def ask() -> bool:
        barrier.wait()
        try:
            breaker.acquire()
        except CircuitOpenError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        admitted = [pool.submit(ask) for _ in range(16)]

    assert sum(one.result() for one in admitted) == 1


def test_a_failed_probe_reopens_the_breaker_for_the_whole_recovery_timeout():
    breaker, time, _ = breaker_of()
    fail(breaker, 3)
    time.now += 30.0

    fail(breaker)
    time.now += 29.0
    with pytest.raises(CircuitOpenError):
        breaker.acquire()
    time.now += 1.0

    breaker.acquire().release()


def test_closing_forgets_the_failures():
    breaker, time, _ = breaker_of(success_threshold=1)
    fail(breaker, 3)
    time.now += 30.0
    breaker.acquire().record_success()

    fail(breaker, 2)

    assert breaker.state == "closed"


@pytest.mark.parametrize("error", [InvalidRequestError("x"), AuthenticationError("x"), RateLimitError("x")])
def test_errors_that_are_not_the_providers_failure_never_open_the_breaker(error):
    breaker, _, _ = breaker_of()

    fail(breaker, 20, error)

    assert breaker.state == "closed"


@pytest.mark.parametrize(
    "error",
    [OverloadedError("x"), ConnectionLostError("x"), RequestTimeoutError("x"), InvalidResponseError("x")],
)
def test_overload_lost_connections_timeouts_and_malformed_responses_open_the_breaker(error):
    breaker, _, _ = breaker_of()

    fail(breaker, 3, error)

    assert breaker.state == "open"


def test_a_429_counts_only_if_the_policy_says_so():
    breaker, _, _ = breaker_of(count_rate_limits=True)

    fail(breaker, 3, RateLimitError("x"))

    assert breaker.state == "open"


@pytest.mark.parametrize("error", [CancelledError("x"), KeyboardInterrupt(), RateLimitError("x")])
def test_a_probe_without_a_verdict_lets_the_next_call_probe(error):
    breaker, time, _ = breaker_of()
    fail(breaker, 3)
    time.now += 30.0

    breaker.acquire().record_failure(error)

    assert breaker.state == "half-open"
    breaker.acquire().release()


def test_a_refused_request_counts_as_a_success_of_the_probe():
    breaker, time, _ = breaker_of(success_threshold=1)
    fail(breaker, 3)
    time.now += 30.0

    breaker.acquire().record_failure(InvalidRequestError("x"))

    assert breaker.state == "closed"


def test_the_outcome_of_a_call_from_before_the_breaker_opened_is_ignored():
    breaker, time, _ = breaker_of()
    early, late = breaker.acquire(), breaker.acquire()
    fail(breaker, 3)

    early.record_success()
    time.now += 30.0
    probe = breaker.acquire()
    late.record_failure(DOWN)

    assert breaker.state == "half-open"
    probe.record_success()


def test_an_outcome_counts_once():
    breaker, _, _ = breaker_of()
    permit = breaker.acquire()

    for _ in range(5):
        permit.record_failure(DOWN)

    assert breaker.state == "closed"


def test_a_probe_that_never_ends_is_replaced_after_a_while():
    breaker, time, _ = breaker_of()
    fail(breaker, 3)
    time.now += 30.0
    breaker.acquire()
    with pytest.raises(CircuitOpenError):
        breaker.acquire()

    time.now += 121.0
    breaker.acquire().record_success()
    breaker.acquire().record_success()

    assert breaker.state == "closed"


def test_calls_run_concurrently():
    breaker, _, _ = breaker_of()
    barrier = threading.Barrier(8)

    def call() -> None:
        permit = breaker.acquire()
        barrier.wait(10)  # all eight are inside at once, or this breaks
        permit.record_success()

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(call) for _ in range(8)]

    assert [one.exception() for one in done] == [None] * 8


def test_a_breaker_can_be_opened_and_closed_manually():
    breaker, _, _ = breaker_of()

    breaker.open()
    opened = breaker.state
    breaker.close()

    assert (opened, breaker.state) == ("open", "closed")


@given(st.lists(st.tuples(st.sampled_from(["ok", "fail", "wait"]), st.floats(0, 40)), max_size=60))
def test_any_sequence_of_outcomes_follows_the_documented_states(steps):
    breaker, time, _ = breaker_of(window=1e9, failure_rate=0.0)
    state, failures, successes, opened = "closed", 0, 0, 0.0

    for step, seconds in steps:
        if step == "wait":
            time.now += seconds
            continue
        try:
            permit = breaker.acquire()
        except CircuitOpenError:
            assert state == "open"
            assert time.now - opened < 30.0
            continue
        if state == "open":
            assert time.now - opened >= 30.0
            state, successes = "half-open", 0
        if step == "ok":
            permit.record_success()
            successes += state == "half-open"
            if successes == 2:
                state, failures, successes = "closed", 0, 0
        else:
            permit.record_failure(DOWN)
            failures += 1
            if state == "half-open" or failures >= 3:
                state, opened = "open", time.now
        assert breaker.state == state


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"failure_threshold": 0}, "failure_threshold must be an integer >= 1, got 0"),
        ({"success_threshold": 1.5}, "success_threshold must be an integer >= 1, got 1.5"),
        ({"window": 0}, "window must be a number of seconds > 0, got 0"),
        ({"recovery_timeout": -1}, "recovery_timeout must be a number of seconds > 0, got -1"),
        ({"failure_rate": 2}, "failure_rate must be a number from 0 to 1, got 2"),
    ],
)
def test_an_invalid_policy_is_refused(fields, message):
    with pytest.raises(ConfigurationError) as caught:
        BreakerPolicy(**fields)

    assert caught.value.message == message
