"""The scripted transport: retries, streams, simulated time."""

import pytest

from ai_lib import Message, RequestTimeoutError, StreamInterruptedError, Timeout
from ai_lib.errors import ConnectionLostError, StreamTimeoutError
from ai_lib.testing import FakeClock, ScriptedTransport, cut, error, text, tool_call
from tests.support.clients import client_with_transport, every_api

KEY = "sk-canary-0123456789"


def test_an_error_is_retried_as_in_production():
    time = FakeClock()
    transport = ScriptedTransport(error(429, retry_after=2), "Hello")

    answer = client_with_transport("openai_chat", transport, clock=time.clock()).chat("Hi")

    assert (answer.text, time.waits, len(transport.requests)) == ("Hello", [2.0], 2)


@every_api
def test_a_cut_stream_is_interrupted_and_keeps_the_text_so_far(api):
    stream = client_with_transport(api, ScriptedTransport(cut(after="Once upon a"))).stream("Tell me a story")

    with pytest.raises(StreamInterruptedError) as caught:
        stream.final_response()

    assert caught.value.partial.text == "Once upon a"


@every_api
def test_a_cut_complete_response_is_a_lost_connection(api):
    with pytest.raises(ConnectionLostError) as caught:
        client_with_transport(api, ScriptedTransport(cut(after="Once")), options={"max_retries": 0}).chat("Hi")

    assert caught.value.ambiguous


@every_api
def test_a_stream_that_is_cut_before_its_first_event_is_retried(api):
    client = client_with_transport(api, ScriptedTransport(cut(), "Hello"), clock=FakeClock().clock())

    assert client.stream("Hi").final_response().text == "Hello"


def test_a_tool_loop_runs_over_a_script():
    transport = ScriptedTransport(tool_call("weather", {"city": "Paris"}), "It rains.")
    client = client_with_transport("anthropic", transport)
    question = Message.user("What is the weather?")

    asked = client.chat([question])
    answer = client.chat([question, asked.message, Message.tool(asked.tool_calls[0].id, "rain")])

    assert answer.text == "It rains."
    assert transport.requests[1].json["messages"][-1]["content"][0]["tool_use_id"] == asked.tool_calls[0].id


def test_latency_passes_on_the_clock_only():
    time = FakeClock()
    transport = ScriptedTransport(text("Hi", latency=30), clock=time.clock())

    client_with_transport("openai_chat", transport, clock=time.clock()).chat("Hi")

    assert time.waits == [30]


def test_latency_beyond_the_first_byte_limit_is_a_timeout():
    client = client_with_transport("openai_chat", ScriptedTransport(text("Hi", latency=30)))

    with pytest.raises(RequestTimeoutError) as caught:
        client.chat("Hi", timeout=Timeout(first_byte=5))

    assert (caught.value.code, caught.value.ambiguous) == ("first_byte_timeout", True)


def test_latency_beyond_the_deadline_is_a_timeout_at_the_deadline():
    time = FakeClock()
    client = client_with_transport(
        "openai_chat", ScriptedTransport(text("Hi", latency=30), clock=time.clock()), clock=time.clock()
    )

    with pytest.raises(RequestTimeoutError) as caught:
        client.chat("Hi", timeout=4)

    assert (caught.value.code, time.waits) == ("total_timeout", [4])


def test_the_pace_of_a_stream_passes_on_the_clock():
    time = FakeClock()
    transport = ScriptedTransport(text("one two", pace=2), clock=time.clock())

    client_with_transport("gemini", transport, clock=time.clock()).stream("Hi").final_response()

    assert time.waits == [2, 2]


def test_a_pace_beyond_the_idle_limit_is_a_timeout_in_the_middle_of_the_stream():
    stream = client_with_transport("gemini", ScriptedTransport(text("one two", pace=30))).stream(
        "Hi", timeout=Timeout(idle=20)
    )

    with pytest.raises(StreamTimeoutError) as caught:
        stream.final_response()

    assert (caught.value.code, caught.value.partial.text) == ("idle_timeout", "one")


@pytest.mark.parametrize("on_the_clock", [True, False])
def test_pieces_that_exceed_the_total_limit_are_a_timeout_in_the_middle_of_the_stream(on_the_clock):
    time = FakeClock()
    transport = ScriptedTransport(text("one two three", pace=4), clock=time.clock() if on_the_clock else None)
    stream = client_with_transport("gemini", transport, clock=time.clock()).stream("Hi", timeout=6)

    with pytest.raises(StreamTimeoutError) as caught:
        stream.final_response()

    assert (caught.value.code, caught.value.partial.text) == ("total_timeout", "one two")
    assert time.waits == ([4, 2] if on_the_clock else [])


def test_a_cancelled_stream_ends():
    stream = client_with_transport("openai_chat", ScriptedTransport("one two three")).stream("Hi")
    next(stream)

    stream.cancel()

    with pytest.raises(Exception, match="cancelled"):
        list(stream)


def test_the_repr_of_a_transport_shows_the_replies_left():
    with ScriptedTransport("one", "two") as transport:
        client_with_transport("openai_chat", transport).chat("Hi")

    assert repr(transport) == "ScriptedTransport(2 replies, 1 left)"
