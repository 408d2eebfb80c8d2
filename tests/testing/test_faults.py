"""Things that go wrong in the same way every time."""

import pytest

from ai_lib import AiLibError, RateLimitError, StreamInterruptedError
from ai_lib.errors import ConnectionLostError
from ai_lib.testing import FakeClock, FaultyTransport, ScriptedTransport, cut, error, text
from tests.support.clients import client_with_transport, every_api

NO_RETRIES = {"max_retries": 0}


def outcomes(transport, count=40, **settings):
    client = client_with_transport("openai_chat", transport, options=NO_RETRIES, **settings)
    seen = []
    for _ in range(count):
        try:
            seen.append(client.chat("Hi").text)
        except AiLibError as failed:
            seen.append(type(failed).__name__)
    return seen


def faulty(seed=0, **rates):
    return FaultyTransport(ScriptedTransport(then="Hi"), seed=seed, **rates)


def test_the_same_seed_fails_in_the_same_way():
    first, second = faulty(seed=3, error_rate=0.5), faulty(seed=3, error_rate=0.5)

    assert outcomes(first) == outcomes(second)
    assert first.outcomes == second.outcomes
    assert {"Hi", "RateLimitError", "ProviderError", "OverloadedError", "ConnectionLostError"} == set(outcomes(first))


def test_another_seed_fails_in_another_way():
    assert outcomes(faulty(seed=1, error_rate=0.5)) != outcomes(faulty(seed=2, error_rate=0.5))


def test_without_rates_nothing_fails():
    assert outcomes(faulty()) == ["Hi"] * 40


def test_a_request_that_fails_is_not_passed_on():
    inner = ScriptedTransport(then="Hi")

    seen = outcomes(FaultyTransport(inner, error_rate=1.0, faults=[error(429)]))

    assert (set(seen), inner.requests) == ({"RateLimitError"}, [])


def test_a_complete_response_that_is_cut_may_have_been_billed():
    inner = ScriptedTransport("Hi")
    client = client_with_transport("openai_chat", FaultyTransport(inner, cut_rate=1.0), options=NO_RETRIES)

    with pytest.raises(ConnectionLostError) as caught:
        client.chat("Hi")

    assert (caught.value.ambiguous, len(inner.requests)) == (True, 1)


@every_api
@pytest.mark.parametrize("seed", range(8))
def test_a_cut_stream_never_looks_complete(api, seed):
    transport = FaultyTransport(ScriptedTransport("Hi"), cut_rate=1.0, seed=seed)

    with pytest.raises(StreamInterruptedError) as caught:
        client_with_transport(api, transport, options=NO_RETRIES).stream("Hi").final_response()

    assert caught.value.partial.text in {"", "Hi"}
    assert transport.outcomes == ["cut"]


def test_a_stream_may_fail_before_it_starts():
    transport = FaultyTransport(ScriptedTransport(), error_rate=1.0, faults=[error(429)])

    with pytest.raises(RateLimitError):
        client_with_transport("gemini", transport, options=NO_RETRIES).stream("Hi")


def test_the_latency_passes_before_each_request():
    time = FakeClock()

    outcomes(FaultyTransport(ScriptedTransport(then="Hi"), latency=3.0, clock=time.clock()), count=2)

    assert time.waits == [3.0, 3.0]


def test_retries_get_every_call_through_many_faults():
    time = FakeClock()
    transport = faulty(seed=5, error_rate=0.3)

    seen = [
        client_with_transport("openai_chat", transport, clock=time.clock(), options={"max_retries": 9}).chat("Hi").text
        for _ in range(20)
    ]

    assert seen == ["Hi"] * 20
    assert "error" in transport.outcomes


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_outside_0_to_1_is_rejected(rate):
    with pytest.raises(ValueError, match="cut_rate must be 0 to 1"):
        faulty(cut_rate=rate)


def test_faults_must_not_be_empty():
    with pytest.raises(ValueError, match="at least one"):
        faulty(faults=())


def test_faults_must_be_replies():
    with pytest.raises(ValueError, match=r"faults must be replies such as error\(500\)"):
        FaultyTransport(ScriptedTransport(then="Hi"), faults=["oops"])


def test_a_fault_that_is_a_cut_stream_keeps_its_pace():
    time = FakeClock()
    fault = text("one two", pace=2.0) + cut()
    transport = FaultyTransport(ScriptedTransport(), error_rate=1.0, faults=[fault], clock=time.clock())

    with pytest.raises(StreamInterruptedError):
        client_with_transport("gemini", transport, options=NO_RETRIES).stream("Hi").final_response()

    assert time.waits == [2.0]


def test_a_stream_without_a_fault_is_the_inner_one():
    assert client_with_transport("gemini", faulty()).stream("Hi").final_response().text == "Hi"


def test_closing_closes_the_inner_transport():
    closed = []
    inner = ScriptedTransport()
    inner.close = lambda: closed.append(True)

    FaultyTransport(inner).close()

    assert closed == [True]
