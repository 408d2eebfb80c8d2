"""When to try again: pure decisions, and the budget that all calls of a client share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ContextLengthError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
)
from ai_lib.reliability.retry import RetryBudget, RetryPolicy

CHANCE = st.floats(0, 1)
ATTEMPT = st.integers(1, 2000)


def sent(error):
    error.ambiguous = True
    return error


def limit_of(attempt: int) -> float:
    return min(8.0, 0.5 * 2.0 ** min(attempt - 1, 20))


@given(attempt=ATTEMPT, chance=CHANCE)
def test_full_jitter_is_any_fraction_of_the_limit(attempt, chance):
    delay = RetryPolicy(max_retries=2000).delay(attempt, ConnectError("x"), chance)

    assert delay == pytest.approx(chance * limit_of(attempt))


@given(attempt=ATTEMPT, chance=CHANCE)
def test_equal_jitter_is_at_least_half_of_it(attempt, chance):
    delay = RetryPolicy(max_retries=2000, jitter="equal").delay(attempt, ConnectError("x"), chance)

    assert limit_of(attempt) / 2 <= delay <= limit_of(attempt)


@given(attempt=ATTEMPT, chance=CHANCE, before=st.floats(0, 100))
def test_decorrelated_jitter_lies_between_the_base_and_three_times_the_wait_before(attempt, chance, before):
    delay = RetryPolicy(max_retries=2000, jitter="decorrelated").delay(attempt, ConnectError("x"), chance, before)

    assert 0.5 <= delay <= min(8.0, max(1.5, 3 * before))


@given(attempt=ATTEMPT, chance=CHANCE)
def test_without_jitter_the_wait_is_the_limit(attempt, chance):
    delay = RetryPolicy(max_retries=2000, jitter="none").delay(attempt, ConnectError("x"), chance)

    assert delay == limit_of(attempt)


def test_the_providers_own_wait_replaces_the_back_off():
    assert RetryPolicy().delay(1, RateLimitError("x", retry_after=7.0), 0.1) == 7.0


def test_a_wait_longer_than_the_cap_gives_up_at_once():
    error = RateLimitError("x", retry_after=100.0)

    assert RetryPolicy(retry_after_cap=60).delay(1, error, 0.1) is None
    assert RetryPolicy(retry_after_cap=60).refusal(1, error) == "retry_after_too_long"


@pytest.mark.parametrize("error", [AuthenticationError("x"), QuotaExceededError("x"), ContextLengthError("x")])
def test_errors_that_cannot_be_solved_by_a_retry_are_not_retried(error):
    assert RetryPolicy().refusal(1, error) == "not_retryable"


@pytest.mark.parametrize(
    ("error", "allowed", "refusal"),
    [
        (sent(ConnectionLostError("x")), None, None),
        (sent(ConnectionLostError("x")), False, "outcome_unknown"),
        (sent(ConnectionLostError("x")), True, None),
        (sent(RequestTimeoutError("x", code="first_byte_timeout")), None, "outcome_unknown"),
        (sent(RequestTimeoutError("x", code="first_byte_timeout")), True, None),
        (RequestTimeoutError("x", code="connect_timeout", retryable=True), False, None),
        (ConnectError("x"), False, None),
        (StreamInterruptedError("x"), None, None),
        (StreamInterruptedError("x"), False, "outcome_unknown"),
        (StreamTimeoutError("x"), None, "outcome_unknown"),
    ],
)
def test_a_request_that_was_sent_is_treated_differently_from_one_that_was_not(error, allowed, refusal):
    assert RetryPolicy(retry_ambiguous=allowed).refusal(1, error) == refusal


def test_retries_end_at_max_retries():
    policy = RetryPolicy(max_retries=2)

    assert policy.delay(2, ConnectError("x"), 0.0) == 0.0
    assert policy.refusal(3, ConnectError("x")) == "max_retries"


def test_retry_if_decides_last():
    policy = RetryPolicy(retry_if=lambda error: "please" in error.message)

    assert policy.refusal(1, ConnectError("please")) is None
    assert policy.refusal(1, ConnectError("x")) == "not_retryable"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_retries": -1}, "max_retries must be an integer >= 0, got -1"),
        ({"max_retries": True}, "max_retries must be an integer >= 0, got True"),
        ({"max_retries": 1.5}, "max_retries must be an integer >= 0, got 1.5"),
        ({"base": -1}, "base must be a number of seconds >= 0, got -1"),
        ({"cap": float("nan")}, "cap must be a number of seconds >= 0, got nan"),
        ({"jitter": "some"}, "jitter must be one of full, equal, decorrelated, none, got 'some'"),
        ({"multiplier": 0.5}, "multiplier must be a number >= 1, got 0.5"),
        ({"budget_ratio": -1}, "budget_ratio must be a number >= 0, got -1"),
    ],
)
def test_an_invalid_setting_is_refused(fields, message):
    with pytest.raises(ConfigurationError) as caught:
        RetryPolicy(**fields)

    assert caught.value.message == message


def test_a_thousand_failing_calls_add_a_tenth_in_retries():
    budget = RetryBudget(0.1, 10)
    retries = 0

    for _ in range(1000):
        budget.deposit()
        retries += budget.withdraw() + budget.withdraw()

    assert 95 <= retries <= 100


def test_a_new_client_may_use_the_reserve():
    budget = RetryBudget(0.1, 10)

    assert [budget.withdraw() for _ in range(11)] == [True] * 10 + [False]


@given(st.lists(st.booleans(), max_size=400), st.floats(0, 1), st.integers(0, 20))
def test_retries_never_exceed_the_reserve_and_the_ratio_together(calls, ratio, reserve):
    budget = RetryBudget(ratio, reserve)
    retries = 0

    for number, is_call in enumerate(calls, 1):
        if is_call:
            budget.deposit()
        else:
            retries += budget.withdraw()
        assert retries <= reserve + ratio * number + 1e-6
