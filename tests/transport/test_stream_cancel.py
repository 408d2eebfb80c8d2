"""Cancelling, closing and dropping a stream: the reader is told and the socket is freed."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ai_lib import CancelledError
from ai_lib.transport import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Server, completion, json_reply, sse_reply, stream_events

CHUNKED = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
CLOSE = {"content-type": "text/event-stream", "connection": "close"}
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]}\n\n'
# The promise is 0.1 s; the rest is for machines with more to do than to run tests.
SOON = 1.0


def one_event_and_silence(headers):
    def handler(connection):
        connection.read_request()
        connection.head(200, headers)
        (connection.chunk if headers is CHUNKED else connection.send)(EVENT)
        connection.wait_closed(10)

    return handler


def events_without_end(connection):
    connection.read_request()
    connection.head(200, CHUNKED)
    while not connection.closed.is_set():
        connection.chunk(EVENT)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


@pytest.fixture(params=["http chunked", "http close", "https chunked", "https close"])
def silent(request, certificates) -> Iterator[Server]:
    """A server that sends one event and then nothing, over each kind of connection."""
    scheme, framing = request.param.split()
    reply = one_event_and_silence(CHUNKED if framing == "chunked" else CLOSE)
    with Server(reply, tls=certificates.server if scheme == "https" else None, host="localhost") as server:
        yield server


def waiting(pool, stream):
    """Read on in another thread and return its future once it waits for the next event."""
    reading = threading.Event()

    def read():
        reading.set()
        return next(stream)

    future = pool.submit(read)
    reading.wait(5)
    assert not future.done()
    return future


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_cancelling_ends_a_waiting_read_in_another_thread_at_once(end, silent, connect, certificates, pool):
    stream = connect(silent, verify=certificates.ca_file).stream("hi")
    next(stream)
    future = waiting(pool, stream)
    begun = time.monotonic()

    getattr(stream, end)()

    with pytest.raises(CancelledError, match="the stream was cancelled") as caught:
        future.result(5)
    assert time.monotonic() - begun < SOON
    assert silent.connections[0].closed.wait(5)
    assert silent.connections[0].closed_at - begun < SOON
    assert caught.value.partial.text == "a"


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_between_two_reads_the_cancelling_thread_frees_the_socket(end, silent, connect, certificates):
    stream = connect(silent, verify=certificates.ca_file).stream("hi")
    next(stream)

    getattr(stream, end)()

    assert silent.connections[0].closed.wait(5)


def test_reading_on_after_a_cancel_is_an_error(server, client):
    server.script(one_event_and_silence(CHUNKED))
    stream = client.stream("hi")
    next(stream)
    stream.cancel()

    with pytest.raises(CancelledError, match="gw: the stream was cancelled") as caught:
        next(stream)

    assert caught.value.partial.text == "a"


def test_reading_on_after_a_close_is_the_end(server, client):
    server.script(one_event_and_silence(CHUNKED))
    stream = client.stream("hi")
    next(stream)
    stream.close()

    rest = list(stream)

    assert rest == []
    assert stream.response.text == "a"


def test_a_cancel_after_the_end_changes_nothing(server, client):
    server.script(sse_reply(stream_events("a")), json_reply(200, completion()))
    stream = client.stream("hi")
    answer = stream.final_response()

    stream.cancel()
    client.chat("again")

    assert answer.text == "a"
    assert len(server.connections) == 1


def test_the_connection_of_a_cancelled_stream_is_not_reused(server, client):
    server.script(one_event_and_silence(CHUNKED), sse_reply(stream_events("b")))
    client.stream("hi").cancel()

    answer = client.stream("hi").final_response()

    assert answer.text == "b"
    assert len(server.connections) == 2


@pytest.mark.parametrize("framing", [CHUNKED, CLOSE])
def test_dropping_a_stream_frees_its_socket_without_the_garbage_collector(framing, server, client):
    server.script(one_event_and_silence(framing))
    gc.disable()
    try:
        stream = client.stream("hi")
        next(stream)
        del stream

        assert server.connections[0].closed.wait(5)
    finally:
        gc.enable()


@pytest.mark.parametrize("framing", [CHUNKED, CLOSE])
def test_dropping_a_stream_of_the_transport_frees_its_socket(framing, server, transport):
    server.script(one_event_and_silence(framing))
    gc.disable()
    try:
        opened = transport.stream(HttpRequest(url=server.url, body=b"{}"))
        next(iter(opened))
        del opened

        assert server.connections[0].closed.wait(5)
    finally:
        gc.enable()


def test_leaving_the_block_frees_the_socket(server, client):
    server.script(one_event_and_silence(CHUNKED))

    with client.stream("hi") as stream:
        next(stream)

    assert server.connections[0].closed.wait(5)


def test_leaving_the_block_with_an_error_frees_the_socket_and_keeps_the_error(server, client):
    server.script(one_event_and_silence(CHUNKED))

    with pytest.raises(ZeroDivisionError), client.stream("hi"):
        _ = 1 / 0

    assert server.connections[0].closed.wait(5)


def test_cancelling_in_a_signal_handler_ends_the_read_of_the_same_thread(server, client):
    server.script(one_event_and_silence(CHUNKED))
    stream = client.stream("hi")
    next(stream)
    previous = signal.signal(signal.SIGALRM, lambda *_: stream.cancel())
    signal.setitimer(signal.ITIMER_REAL, 0.2)

    with pytest.raises(CancelledError, match="the stream was cancelled"):
        next(stream)

    signal.signal(signal.SIGALRM, previous)
    assert server.connections[0].closed.wait(5)


def test_cancelling_a_busy_stream_at_any_moment_frees_its_socket(server, client, pool):
    server.script(events_without_end)
    streams = [client.stream("hi") for _ in range(40)]
    start = threading.Barrier(2)

    def read(stream):
        start.wait(5)
        with pytest.raises(CancelledError):
            stream.final_response()

    for stream in streams:
        future = pool.submit(read, stream)
        start.wait(5)
        stream.cancel()
        future.result(5)

    assert [connection.closed.wait(5) for connection in server.connections] == [True] * 40


def test_cancelling_from_many_threads_at_once_is_one_cancel(server, client, pool):
    server.script(one_event_and_silence(CHUNKED))
    stream = client.stream("hi")
    next(stream)
    start = threading.Barrier(4)

    def cancel():
        start.wait(5)
        stream.cancel()

    futures = [pool.submit(cancel) for _ in range(4)]

    assert [future.result(5) for future in futures] == [None] * 4
    assert server.connections[0].closed.wait(5)


def test_a_forked_copy_of_a_stream_does_not_end_the_parents_stream(server, transport, pool):
    go_on = threading.Event()

    def two_events(connection):
        connection.read_request()
        connection.head(200, CHUNKED)
        connection.chunk(b"one")
        go_on.wait(5)
        connection.chunk(b"two")
        connection.end_chunks()

    server.script(two_events)
    pieces = transport.stream(HttpRequest(url=server.url, body=b"{}"))
    assert next(iter(pieces)) == b"one"
    future = waiting(pool, iter(pieces))

    child = os.fork()
    if child == 0:
        pieces.close()
        os._exit(0)
    os.waitpid(child, 0)
    go_on.set()

    assert future.result(5) == b"two"


def test_a_keyboard_interrupt_in_the_middle_of_a_read_frees_the_socket(server, client):
    server.script(one_event_and_silence(CHUNKED))
    stream = client.stream("hi")
    next(stream)
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)

    with pytest.raises(KeyboardInterrupt):
        next(stream)

    signal.signal(signal.SIGALRM, previous)
    assert server.connections[0].closed.wait(5)


def test_closing_the_transport_does_not_disturb_an_open_stream(server):
    pace = threading.Semaphore(1)
    server.script(sse_reply(["one", "two"], pace=pace))
    transport = HttpTransport()
    pieces = transport.stream(HttpRequest(url=server.url, body=b"{}"))

    transport.close()
    pace.release()

    assert b"".join(pieces) == b"data: one\n\ndata: two\n\n"
