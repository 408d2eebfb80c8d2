"""When to try again: the decision, and the loop that obeys it on a clock of its own."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
)
from ai_lib.reliability.retry import Attempt, RetryPolicy, call
from ai_lib.utils.clock import Clock


@attrs.define
class FakeTime:
    now: float = 100.0
    waits: list[float] = attrs.field(factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def clock(self, jitter: float = 1.0) -> Clock:
        return Clock(now=lambda: self.now, sleep=self.sleep, random=lambda: jitter)


def failing(*errors: Exception):
    """Return a call that raises each error in turn and then returns "done"."""
    left = list(errors)

    def once() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return once


@given(attempt=st.integers(1, 60), jitter=st.floats(0, 1))
def test_a_wait_is_a_part_of_a_doubling_limit_that_is_capped(attempt, jitter):
    delay = RetryPolicy(max_retries=60).delay(attempt, ConnectError("x"), jitter)

    assert 0 <= delay <= min(8.0, 0.5 * 2 ** (attempt - 1))


def test_full_jitter_uses_the_whole_range():
    policy = RetryPolicy()

    assert [policy.delay(2, ConnectError("x"), jitter) for jitter in (0, 0.5, 1)] == [0, 0.5, 1.0]


def test_the_providers_own_wait_replaces_the_back_off():
    assert RetryPolicy().delay(1, RateLimitError("x", retry_after=7.0), 0.1) == 7.0


def test_a_wait_longer_than_the_cap_gives_up_at_once():
    assert RetryPolicy(retry_after_cap=60).delay(1, RateLimitError("x", retry_after=100.0), 0.1) is None


@pytest.mark.parametrize(
    "error", [AuthenticationError("x"), QuotaExceededError("x"), RequestTimeoutError("x", code="idle_timeout")]
)
def test_what_cannot_succeed_or_may_be_paid_twice_is_not_tried_again(error):
    assert RetryPolicy().delay(1, error, 0.1) is None


def test_the_retries_are_counted():
    policy = RetryPolicy(max_retries=2)

    assert policy.delay(2, ConnectError("x"), 0.0) == 0.0
    assert policy.delay(3, ConnectError("x"), 0.0) is None


def test_a_call_that_recovers_returns_its_result_after_the_waits():
    time = FakeTime()

    answer = call(failing(ConnectError("a"), ConnectError("b")), RetryPolicy(), deadline=None, clock=time.clock())

    assert answer == "done"
    assert time.waits == [0.5, 1.0]


def test_the_last_error_lists_every_attempt_and_its_wait():
    errors = [ConnectError("a"), RateLimitError("b", status=429, retry_after=2.0), ConnectError("c")]

    with pytest.raises(ConnectError) as caught:
        call(failing(*errors), RetryPolicy(), deadline=None, clock=FakeTime().clock())

    assert caught.value.attempts == (
        Attempt("ConnectError", "connection_refused", None, 0.5),
        Attempt("RateLimitError", None, 429, 2.0),
        Attempt("ConnectError", "connection_refused", None, 0.0),
    )


def test_a_wait_that_would_pass_the_deadline_is_not_begun():
    time = FakeTime()
    slow = RateLimitError("x", retry_after=10.0)

    with pytest.raises(RateLimitError) as caught:
        call(failing(slow), RetryPolicy(), deadline=105.0, clock=time.clock())

    assert time.waits == []
    assert caught.value.retry_after == 10.0


def test_errors_of_the_users_own_pass_through_untouched():
    with pytest.raises(KeyError):
        call(failing(KeyError("x")), RetryPolicy(), deadline=None, clock=FakeTime().clock())


@pytest.mark.parametrize("retries", [-1, True, 1.5])
def test_a_number_of_retries_that_makes_no_sense_is_refused(retries):
    with pytest.raises(ConfigurationError, match="max_retries must be a whole number from 0"):
        RetryPolicy(max_retries=retries)
