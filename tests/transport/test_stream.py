"""Streams: every event at once, whatever the framing, and the connection used again.

Promptness is shown without a clock: the server sends an event only when the client has told that it has the one before.
A client that waits for more than the event never tells.
"""

from __future__ import annotations

import threading

import pytest

from ai_lib import AuthenticationError, errors
from ai_lib.types.wire import HttpRequest, Timeout
from tests.support.server import chunk_event, completion, json_reply, raw_reply, sse_reply, stream_events

SSE = {"content-type": "text/event-stream"}
CHUNKED = {**SSE, "transfer-encoding": "chunked"}
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}, "finish_reason": null}]}\n\n'
END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
# Well above what any of these tests needs: a stream that is not prompt ends here.
PATIENCE = Timeout(idle=5.0)


def asking(server):
    return HttpRequest(url=server.url, body=b"{}", timeout=PATIENCE)


@pytest.mark.parametrize("coding", [{}, {"gzip": True}, {"deflate": True}], ids=["plain", "gzip", "deflate"])
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_bytes_are_delivered_before_the_next_ones_are_sent(framing, coding, server, transport):
    pace = threading.Semaphore(1)
    server.script(sse_reply(["one", "two", "three"], framing=framing, pace=pace, **coding))

    got = []
    for data in transport.stream(asking(server)):
        got.append(data)
        pace.release()

    assert got == [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]


@pytest.mark.parametrize("coding", [{}, {"gzip": True}, {"deflate": True}], ids=["plain", "gzip", "deflate"])
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_a_chunk_is_delivered_before_the_next_event_is_sent(framing, coding, server, client):
    pace = threading.Semaphore(1)
    server.script(sse_reply(stream_events("Hel", "lo"), framing=framing, pace=pace, **coding))

    texts = []
    for chunk in client.stream("hi", timeout=PATIENCE):
        texts.append(chunk.text)
        pace.release()

    assert texts == ["Hel", "lo", "", ""]


def test_an_event_is_delivered_before_its_http_chunk_is_complete(server, client):
    seen = threading.Semaphore(0)

    def one_chunk(connection):
        connection.read_request()
        connection.head(200, CHUNKED)
        body = EVENT % b"one" + EVENT % b"two" + END
        connection.send(b"%x\r\n" % len(body) + EVENT % b"one")
        assert seen.acquire(timeout=5)
        connection.send(EVENT % b"two")
        assert seen.acquire(timeout=5)
        connection.send(END + b"\r\n0\r\n\r\n")

    server.script(one_chunk)

    texts = []
    for chunk in client.stream("hi", timeout=PATIENCE):
        texts.append(chunk.text)
        seen.release()

    assert texts == ["one", "two", ""]


@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_a_response_that_arrives_byte_by_byte_is_the_same_response(framing, server, client):
    server.script(sse_reply(stream_events("Hé", "llo"), framing=framing, split=True))

    answer = client.stream("hi").final_response()

    assert answer.text == "Héllo"
    assert answer.usage.total_tokens == 3


@pytest.mark.parametrize("coding", [{}, {"gzip": True}])
@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_the_connection_of_a_finished_stream_is_reused(framing, coding, server, client):
    server.script(sse_reply(stream_events("a"), framing=framing, **coding))

    texts = [client.stream("hi").final_response().text for _ in range(3)]

    assert texts == ["a", "a", "a"]
    assert len(server.connections) == 1


def test_chunk_extensions_and_trailers_are_skipped_and_the_connection_is_reused(server, client):
    def adorned(connection):
        connection.read_request()
        connection.head(200, CHUNKED)
        body = EVENT % b"hi" + END
        connection.send(b"%X;name=value\r\n%s\r\n0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n" % (len(body), body))

    server.script(adorned)

    texts = [client.stream("hi").final_response().text for _ in range(2)]

    assert texts == ["hi", "hi"]
    assert len(server.connections) == 1


@pytest.mark.parametrize("headers", [CHUNKED, {**SSE, "connection": "close"}, {**SSE, "content-length": "9999"}])
def test_a_body_that_stays_open_after_the_end_marker_does_not_delay_the_client(headers, server, client):
    def never_ends(connection):
        connection.read_request()
        connection.head(200, headers)
        send = connection.chunk if headers is CHUNKED else connection.send
        send(EVENT % b"hi" + END)
        connection.wait_closed()

    server.script(never_ends)

    answer = client.stream("hi", timeout=PATIENCE).final_response()

    assert answer.text == "hi"
    assert server.connections[0].closed.wait(5)


def test_a_body_cut_off_in_a_chunk_keeps_the_text_before_it_as_the_partial_response(server, client):
    def cut(connection):
        connection.read_request()
        connection.head(200, CHUNKED)
        connection.send(b"1000\r\n" + EVENT % b"before")
        connection.close()

    server.script(cut)

    with pytest.raises(errors.StreamInterruptedError, match="was cut off") as caught:
        client.stream("hi").final_response()

    assert caught.value.partial.text == "before"


def test_a_close_without_the_end_marker_is_an_interruption_with_the_partial_response(server, client):
    server.script(sse_reply([chunk_event("half")], framing="close"))

    with pytest.raises(errors.StreamInterruptedError) as caught:
        client.stream("hi").final_response()

    assert caught.value.partial.text == "half"
    assert server.connections[0].closed.wait(5)


def test_a_stream_that_goes_silent_is_a_timeout_with_the_partial_response(server, client):
    def silent(connection):
        connection.read_request()
        connection.head(200, CHUNKED)
        connection.chunk(EVENT % b"half")
        connection.wait_closed()

    server.script(silent)

    with pytest.raises(
        errors.StreamTimeoutError, match=r"silence in the middle of the response after 0\.2 s"
    ) as caught:
        client.stream("hi", timeout=Timeout(idle=0.2)).final_response()

    assert caught.value.code == "idle_timeout"
    assert caught.value.partial.text == "half"


def test_a_stream_of_comments_only_counts_as_silent(server, client):
    def comments(connection):
        connection.read_request()
        connection.head(200, CHUNKED)
        while not connection.closed.is_set():
            connection.chunk(b": still here\n\n")
            connection.wait(0.02)

    server.script(comments)

    with pytest.raises(errors.StreamTimeoutError, match=r"no event for 0\.3 s, only comments") as caught:
        client.stream("hi", timeout=Timeout(idle=0.3)).final_response()

    assert caught.value.code == "idle_timeout"


def test_a_complete_response_to_a_stream_request_is_delivered_as_a_stream(server, client):
    server.script(json_reply(200, completion("whole")))

    answer = client.stream("hi").final_response()
    client.chat("hi")

    assert answer.text == "whole"
    assert len(server.connections) == 1


def test_events_with_the_content_type_of_json_are_decoded_wherever_they_are_split(server, client):
    server.script(sse_reply(stream_events("a"), split=True, headers={"content-type": "application/json"}))

    answer = client.stream("hi").final_response()

    assert answer.text == "a"


@pytest.mark.parametrize(
    "broken",
    [
        b"Content-Length: 999\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"Content-Encoding: gzip\r\n\r\nno gzip",
        b"Transfer-Encoding: chunked\r\n\r\nno chunk",
    ],
)
def test_the_status_of_an_error_matters_more_than_a_broken_body(broken, server, client):
    server.script(raw_reply(b"HTTP/1.1 401 Unauthorized\r\n" + broken, close=True))

    with pytest.raises(AuthenticationError, match="gw 401"):
        client.stream("hi")

    assert server.connections[0].closed.wait(5)


def test_the_connection_of_an_error_is_reused(server, client):
    server.script(json_reply(401, {"error": {"message": "wrong key"}}), sse_reply(stream_events("a")))

    with pytest.raises(AuthenticationError, match="wrong key"):
        client.stream("hi")
    client.stream("hi").final_response()

    assert len(server.connections) == 1
