"""Scripts: which reply goes to which request, and what a test sees of the requests."""

import threading

import pytest

from ai_lib import CancelledError, FallbackChain, Message, RequestTimeoutError, StreamInterruptedError, Timeout
from ai_lib.errors import ConnectionLostError, StreamTimeoutError
from ai_lib.testing import FakeClock, ScriptedTransport, UnexpectedRequestError, cut, error, raw, text, tool_call
from ai_lib.testing.stream import PieceStream
from tests.support.clients import client_with_transport, every_api

KEY = "sk-canary-0123456789"


def test_replies_come_in_the_order_of_the_script():
    transport = ScriptedTransport("one", text("two"))
    client = client_with_transport("openai_chat", transport)

    assert [client.chat("Hi").text, client.chat("Hi").text] == ["one", "two"]
    assert transport.left == 0


def test_an_error_is_retried_as_in_production():
    time = FakeClock()
    transport = ScriptedTransport(error(429, retry_after=2), "Hello")

    answer = client_with_transport("openai_chat", transport, clock=time.clock()).chat("Hi")

    assert (answer.text, time.waits, len(transport.requests)) == ("Hello", [2.0], 2)


def test_a_request_after_the_end_of_the_script_says_how_many_replies_there_were_and_what_was_asked():
    transport = ScriptedTransport("one", "two")
    client = client_with_transport("openai_chat", transport)
    client.chat("a")
    client.chat("b")

    with pytest.raises(
        AssertionError, match=r"it has 2 replies, and request 3 came: POST https://api\.openai\.com.*'c'"
    ):
        client.chat("c")


def test_the_end_of_a_script_is_not_hidden_by_a_fallback():
    other = ScriptedTransport("never")
    client = client_with_transport(
        "openai_chat", ScriptedTransport(), route=FallbackChain().always(client_with_transport("anthropic", other))
    )

    with pytest.raises(UnexpectedRequestError):
        client.chat("Hi")

    assert other.requests == []


def test_a_function_decides_when_it_sees_the_request():
    transport = ScriptedTransport(lambda request: f"You said {request.prompt}", lambda _: error(400))
    client = client_with_transport("openai_chat", transport)

    assert client.chat("Hi").text == "You said Hi"
    with pytest.raises(Exception, match="a scripted error"):
        client.chat("Hi")


def test_what_stands_after_the_script_answers_for_ever():
    client = client_with_transport("openai_chat", ScriptedTransport("first", then=lambda request: request.prompt))

    assert [client.chat(said).text for said in "abc"] == ["first", "b", "c"]


@every_api
def test_the_prompt_of_a_request_is_found_in_every_format(api):
    transport = ScriptedTransport("Hi", "Hi")
    client = client_with_transport(api, transport)

    client.chat("What is this?")
    client.chat([Message.user("a"), Message.assistant("b"), Message.user("c")])

    assert [request.prompt for request in transport.requests] == ["What is this?", "c"]


@every_api
def test_no_request_that_a_test_sees_shows_the_key(api):
    transport = ScriptedTransport("Hi")

    client_with_transport(api, transport, key=KEY).chat("Hi")

    (request,) = transport.requests
    assert (request.method, request.number) == ("POST", 1)
    assert KEY not in repr(request) + str(dict(request.headers)) + request.url
    assert "***" in str(dict(request.headers))


@every_api
def test_a_cut_stream_is_interrupted_and_keeps_what_had_arrived(api):
    stream = client_with_transport(api, ScriptedTransport(cut(after="Once upon a"))).stream("Tell me a story")

    with pytest.raises(StreamInterruptedError) as caught:
        stream.final_response()

    assert caught.value.partial.text == "Once upon a"


@every_api
def test_a_cut_whole_answer_is_a_lost_connection(api):
    with pytest.raises(ConnectionLostError) as caught:
        client_with_transport(api, ScriptedTransport(cut(after="Once")), options={"max_retries": 0}).chat("Hi")

    assert caught.value.ambiguous


@every_api
def test_a_stream_that_is_cut_before_its_first_event_is_asked_for_again(api):
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


def test_a_latency_passes_on_the_clock_and_not_in_the_test():
    time = FakeClock()
    transport = ScriptedTransport(text("Hi", latency=30), clock=time.clock())

    client_with_transport("openai_chat", transport, clock=time.clock()).chat("Hi")

    assert time.waits == [30]


def test_a_latency_beyond_the_first_byte_limit_is_a_timeout():
    client = client_with_transport("openai_chat", ScriptedTransport(text("Hi", latency=30)))

    with pytest.raises(RequestTimeoutError) as caught:
        client.chat("Hi", timeout=Timeout(first_byte=5))

    assert (caught.value.code, caught.value.ambiguous) == ("first_byte_timeout", True)


def test_a_latency_beyond_the_deadline_is_a_timeout_at_the_deadline():
    time = FakeClock()
    client = client_with_transport(
        "openai_chat", ScriptedTransport(text("Hi", latency=30), clock=time.clock()), clock=time.clock()
    )

    with pytest.raises(RequestTimeoutError) as caught:
        client.chat("Hi", timeout=4)

    assert (caught.value.code, time.waits) == ("total_timeout", [4])


def test_a_stream_takes_its_pace_on_the_clock():
    time = FakeClock()
    transport = ScriptedTransport(text("one two", pace=2), clock=time.clock())

    client_with_transport("gemini", transport, clock=time.clock()).stream("Hi").final_response()

    assert time.waits == [2, 2]


def test_a_pace_beyond_the_idle_limit_is_a_timeout_in_the_middle():
    stream = client_with_transport("gemini", ScriptedTransport(text("one two", pace=30))).stream(
        "Hi", timeout=Timeout(idle=20)
    )

    with pytest.raises(StreamTimeoutError) as caught:
        stream.final_response()

    assert (caught.value.code, caught.value.partial.text) == ("idle_timeout", "one")


@pytest.mark.parametrize("on_the_clock", [True, False])
def test_pieces_that_take_longer_than_the_call_may_are_a_timeout_in_the_middle(on_the_clock):
    time = FakeClock()
    transport = ScriptedTransport(text("one two three", pace=4), clock=time.clock() if on_the_clock else None)
    stream = client_with_transport("gemini", transport, clock=time.clock()).stream("Hi", timeout=6)

    with pytest.raises(StreamTimeoutError) as caught:
        stream.final_response()

    assert (caught.value.code, caught.value.partial.text) == ("total_timeout", "one two")
    assert time.waits == ([4, 2] if on_the_clock else [])


@pytest.mark.parametrize("line", [5, ["Hello"], None, {"text": "Hello"}])
def test_a_script_of_something_else_than_replies_is_refused(line):
    with pytest.raises(TypeError, match="a script holds texts, replies"):
        ScriptedTransport("one", line)

    client = client_with_transport("openai_chat", ScriptedTransport(lambda _: line))
    with pytest.raises(UnexpectedRequestError, match="what answers request 1 may return texts, replies"):
        client.chat("Hi")


def test_threads_get_each_reply_once():
    said = [str(number) for number in range(40)]
    client = client_with_transport("openai_chat", ScriptedTransport(*said))
    barrier, heard = threading.Barrier(8), []

    def ask():
        barrier.wait()
        heard.extend(client.chat("Hi").text for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(heard) == sorted(said)


def test_a_cancelled_stream_ends():
    stream = client_with_transport("openai_chat", ScriptedTransport("one two three")).stream("Hi")
    next(stream)

    stream.cancel()

    with pytest.raises(Exception, match="cancelled"):
        list(stream)


def test_chunks_that_do_not_add_up_to_the_text_are_refused():
    with pytest.raises(ValueError, match="'Hello', got 'Help'"):
        text("Hello", chunks=["Hel", "p"])


def test_a_text_is_streamed_word_by_word_and_nothing_of_it_is_lost():
    assert text(" a  b\nc ").chunks == (" a", "  b", "\nc", " ")


def test_an_error_with_the_status_of_a_success_is_refused():
    with pytest.raises(ValueError, match="from 400 to 599, got 200"):
        error(200)


def test_a_raw_text_body_says_that_it_is_text():
    assert raw(502, body="<h1>Bad</h1>").headers == {"content-type": "text/plain"}


def test_a_transport_says_how_far_its_script_is():
    with ScriptedTransport("one", "two") as transport:
        client_with_transport("openai_chat", transport).chat("Hi")

    assert repr(transport) == "ScriptedTransport(2 replies, 1 left)"


def test_a_cancelled_stream_of_pieces_gives_no_further_piece():
    stream = PieceStream(200, {}, [b"a", b"b"])
    pieces = iter(stream)
    next(pieces)

    stream.cancel()

    with pytest.raises(CancelledError):
        next(pieces)
