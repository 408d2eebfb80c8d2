"""The time of one call, and its cancellation."""

from __future__ import annotations

import threading

import pytest

from ai_lib import AiLibError, CancelledError, RequestTimeoutError, Timeout
from ai_lib.api import Call
from ai_lib.testing import FakeClock


def call_of(total: float | None = 10.0) -> tuple[Call, FakeClock]:
    time = FakeClock(now=1000.0)
    return Call(Timeout(total=total), clock=time.clock()), time


def test_the_deadline_counts_from_the_start():
    call, time = call_of()

    time.now += 4.0

    assert call.remaining() == 6.0
    assert call.has_time_for(5.9)
    assert not call.has_time_for(6.0)


def test_without_a_limit_there_is_always_time():
    call, time = call_of(None)
    time.now += 1e9

    call.check()

    assert call.remaining() is None


def test_check_raises_after_the_deadline():
    call, time = call_of()
    time.now += 10.0

    with pytest.raises(RequestTimeoutError, match="the call exceeded its total timeout"):
        call.check()
    assert call.remaining() == 0.0


def test_timings_are_added_up_and_annotated():
    call, time = call_of()

    for _ in range(2):
        with call.timed("queue"):
            time.now += 1.5
    call.add_time("connect", 0.0001)
    error = call.annotate(RequestTimeoutError("x"))

    assert call.timings["queue"] == 3.0
    assert error.timings == {"queue": 3.0}
    assert "time was spent on queue 3 s" in str(error)


def test_a_child_is_cancelled_alone_and_with_its_parent():
    call, _ = call_of()
    one = call.child()
    two = one.child()
    aborted: list[str] = []
    two.on_cancel(lambda: aborted.append("two"))

    one.cancel()

    assert (one.cancelled, two.cancelled, call.cancelled) == (True, True, False)
    assert aborted == ["two"]


def test_a_function_registered_after_the_cancellation_is_called_at_once():
    part = call_of()[0].child()
    part.cancel()
    aborted: list[bool] = []

    part.on_cancel(lambda: aborted.append(True))

    assert aborted == [True]


def test_a_child_may_have_less_time_but_never_more():
    call, time = call_of()

    assert call.child(3.0).remaining() == 3.0
    assert call.child(30.0).remaining() == 10.0
    time.now += 8.0
    assert call.child(3.0).remaining() == 2.0


def test_cancelling_ends_a_wait():
    part = Call(Timeout(total=None)).child()
    raised: list[AiLibError] = []

    def wait() -> None:
        try:
            part.sleep(30.0)
        except CancelledError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    part.cancel()
    thread.join(10)

    assert len(raised) == 1


def test_a_call_has_one_idempotency_key():
    call, _ = call_of()

    assert call.idempotency_key() == call.idempotency_key() != call_of()[0].idempotency_key()


def test_each_attempt_may_have_less_time():
    call, time = call_of()

    call.limit_attempt(3.0)
    first = call.attempt_deadline
    time.now += 9.0
    call.limit_attempt(3.0)

    assert (first, call.attempt_deadline) == (1003.0, 1010.0)
