"""Time that passes only by waiting."""

import threading
import time

import pytest

from ai_lib import ResilienceConfig, RetryPolicy
from ai_lib.testing import FakeClock, ScriptedTransport, error
from tests.support.clients import client_with_transport


def test_a_minute_of_back_off_takes_less_than_50_milliseconds():
    fake = FakeClock()
    transport = ScriptedTransport(error(429, retry_after=60), "Hello")
    client = client_with_transport("openai_chat", transport, clock=fake.clock())
    client_with_transport("openai_chat", ScriptedTransport("imports")).chat("Hi")
    begun = time.perf_counter()

    answer = client.chat("Hi")

    assert time.perf_counter() - begun < 0.05
    assert (answer.text, fake.waits) == ("Hello", [60.0])


def test_randomness_sets_the_fraction_of_a_jittered_wait():
    fake = FakeClock(randomness=0.25)
    policy = ResilienceConfig(retry=RetryPolicy(base=8.0))
    transport = ScriptedTransport(error(503), "Hello")

    client_with_transport("openai_chat", transport, clock=fake.clock(), resilience=policy).chat("Hi")

    assert fake.waits == [2.0]


def test_advancing_the_clock_records_no_wait():
    fake = FakeClock(now=5.0)

    fake.advance(10)

    assert (fake.clock().now(), fake.clock().wall(), fake.waits) == (15.0, 15.0, [])


def test_the_clock_cannot_go_back():
    with pytest.raises(ValueError, match="-1"):
        FakeClock().advance(-1)


def test_waiting_for_an_event_that_is_set_takes_no_time():
    fake, event = FakeClock(), threading.Event()
    event.set()

    assert fake.clock().wait(event, 60)
    assert fake.waits == []


def test_waiting_for_an_event_that_is_never_set_passes_the_whole_time_on_the_clock():
    fake = FakeClock(now=0.0)

    assert not fake.clock().wait(threading.Event(), 60)
    assert fake.now == 60.0


def test_waiting_without_a_limit_really_waits():
    fake, event = FakeClock(), threading.Event()
    threading.Timer(0.01, event.set).start()

    assert fake.clock().wait(event, None)
    assert fake.waits == []
