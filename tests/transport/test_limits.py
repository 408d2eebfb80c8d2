"""Limits of time, against servers that stay silent and servers that drip."""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Iterator

import pytest

from ai_lib import Timeout
from ai_lib.errors import RequestTimeoutError
from ai_lib.transport import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Server, json_reply, sse_reply

# A limit must hold within half a second; the rest is for machines with more to do than to run tests.
LATE = 1.0
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def asking(url, *, deadline=None, body=b"{}", **limits):
    """Return a request with only these limits."""
    nothing = {"connect": None, "first_byte": None, "idle": None, "total": deadline}
    until = None if deadline is None else time.monotonic() + deadline
    return HttpRequest(url=url, body=body, timeout=Timeout(**{**nothing, **limits}), deadline=until)


def read(transport, request):
    """Open a stream and read all of it."""
    opened = transport.stream(request)
    try:
        return b"".join(opened)
    finally:
        opened.close()


def after(head, dripped):
    """Return a handler that sends a head at once and repeats the rest for ever, a byte at a time."""

    def handler(connection):
        connection.read_request()
        connection.send(head)
        while not connection.closed.is_set():
            connection.drip(dripped)

    return handler


def silent(*before):
    """Return a handler that sends this much and then nothing."""

    def handler(connection):
        connection.read_request()
        connection.send(b"".join(before))
        connection.wait_closed()

    return handler


@pytest.fixture
def full_backlog() -> Iterator[str]:
    """The address of a socket on which no further connection is accepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for sock in waiting:
            sock.close()


def test_a_connection_that_is_not_accepted_ends_at_the_connect_limit(full_backlog, transport):
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError, match=r"127\.0\.0\.1:\d+: no connection after 0\.2 s") as caught:
        transport.send(asking(full_backlog, connect=0.2))

    assert time.monotonic() - begun < 0.2 + LATE
    assert caught.value.code == "connect_timeout"
    assert caught.value.retryable


def test_a_connection_that_is_not_accepted_ends_at_the_deadline_if_that_is_sooner(full_backlog, transport):
    with pytest.raises(RequestTimeoutError, match=r"the call exceeded its total timeout after 0\.2 s") as caught:
        transport.send(asking(full_backlog, connect=5.0, deadline=0.2))

    assert caught.value.code == "total_timeout"
    assert not caught.value.retryable


def test_a_handshake_that_stalls_ends_at_the_connect_limit(server, transport):
    server.script(lambda connection: connection.wait_closed())

    with pytest.raises(RequestTimeoutError, match=r"no connection after 0\.2 s") as caught:
        transport.send(asking(server.url.replace("http:", "https:"), connect=0.2, first_byte=5.0))

    assert caught.value.code == "connect_timeout"


def test_a_proxy_that_does_not_answer_connect_ends_at_the_connect_limit(server):
    transport = HttpTransport(proxy=server.url)
    server.script(silent())

    with pytest.raises(RequestTimeoutError, match=r"no connection after 0\.2 s") as caught:
        transport.send(asking("https://gw.test/", connect=0.2, first_byte=5.0))

    assert caught.value.code == "connect_timeout"


def test_a_response_that_does_not_start_ends_at_the_first_byte_limit(server, transport):
    server.script(silent())
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError, match=r"no response after 0\.2 s") as caught:
        transport.send(asking(server.url, first_byte=0.2, idle=5.0))

    assert time.monotonic() - begun < 0.2 + LATE
    assert caught.value.code == "first_byte_timeout"
    assert not caught.value.retryable
    assert server.connections[0].closed.wait(5)


def test_the_first_byte_limit_holds_on_a_reused_connection(server, transport):
    server.script(json_reply(200, {}), silent())
    transport.send(asking(server.url))

    with pytest.raises(RequestTimeoutError, match="no response") as caught:
        transport.send(asking(server.url, first_byte=0.2, idle=5.0))

    assert caught.value.code == "first_byte_timeout"
    assert len(server.connections) == 1


def test_reasoning_before_the_first_byte_is_not_an_idle_timeout(server, transport):
    server.script(lambda connection: (connection.wait(0.4), json_reply(200, {})(connection)))

    response = transport.send(asking(server.url, first_byte=5.0, idle=0.1))

    assert response.status == 200


def test_reasoning_before_the_first_byte_behind_a_proxy_is_not_an_idle_timeout(certificates):
    def thinking(connection):
        connection.wait(0.4)
        json_reply(200, {})(connection)

    def tunnel(connection):
        connection.read_request()
        connection.send(HEAD + b"\r\n")
        connection.speak_tls(certificates.server)
        thinking(connection)

    with Server(tunnel) as proxy:
        transport = HttpTransport(proxy=proxy.url, verify=certificates.ca_file)
        response = transport.send(asking("https://localhost/", first_byte=5.0, idle=0.1))
        transport.close()

    assert response.status == 200


@pytest.mark.parametrize(
    "sent",
    [HEAD, HEAD + b"Content-Length: 9\r\n\r\nhalf", CHUNKED, CHUNKED + b"4\r\nhalf\r\n", CHUNKED + b"9\r\nhalf"],
)
def test_silence_in_the_middle_of_the_response_ends_at_the_idle_limit(sent, server, transport):
    server.script(silent(sent))
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError, match=r"silence in the middle of the response after 0\.2 s") as caught:
        read(transport, asking(server.url, first_byte=5.0, idle=0.2))

    assert time.monotonic() - begun < 0.2 + LATE
    assert caught.value.code == "idle_timeout"
    assert server.connections[0].closed.wait(5)


def test_a_slow_but_steady_stream_may_take_longer_than_the_idle_limit(server, transport):
    server.script(sse_reply(["x"] * 20, delay=0.02))

    body = read(transport, asking(server.url, first_byte=0.3, idle=0.3))

    assert body == b"data: x\n\n" * 20


@pytest.mark.parametrize(
    ("head", "dripped"),
    [
        pytest.param(b"HTTP/1.1 200 O", b"K", id="status line"),
        pytest.param(HEAD, b"X-Drip: 1\r\n", id="headers"),
        pytest.param(HEAD + b"Content-Length: 100000\r\n\r\n", b"x", id="body with a length"),
        pytest.param(HEAD + b"Connection: close\r\n\r\n", b"x", id="body up to the end of the connection"),
        pytest.param(CHUNKED, b"5\r\ndrip.\r\n", id="chunks"),
        pytest.param(CHUNKED, b"0", id="chunk size"),
        pytest.param(CHUNKED + b"ffffff\r\n", b"x", id="one chunk"),
        pytest.param(CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n", id="trailers"),
        pytest.param(
            HEAD + b"Content-Encoding: gzip\r\n\r\n" + zlib.compress(b"", wbits=31)[:10],
            b"\x00\x00\x00\xff\xff",
            id="gzip that decompresses to nothing",
        ),
    ],
)
@pytest.mark.parametrize("how", [HttpTransport.send, read])
def test_the_deadline_holds_against_a_server_that_drips(how, head, dripped, server, transport):
    server.script(after(head, dripped))
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError, match=r"the call exceeded its total timeout after 0\.3 s") as caught:
        how(transport, asking(server.url, deadline=0.3, first_byte=5.0, idle=5.0))

    assert time.monotonic() - begun < 0.3 + LATE
    assert caught.value.code == "total_timeout"
    assert server.connections[0].closed.wait(5)


def test_the_deadline_holds_against_a_server_that_does_not_read_the_request(server, transport):
    server.script(lambda connection: connection.stall())
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError, match="the call exceeded its total timeout") as caught:
        transport.send(asking(server.url, connect=0.1, deadline=0.3, body=bytes(50_000_000)))

    assert 0.3 <= time.monotonic() - begun < 0.3 + LATE
    assert caught.value.code == "total_timeout"


def test_sending_a_body_may_take_longer_than_the_connect_limit(server, transport):
    def slowly(connection):
        connection.wait(0.4)
        json_reply(200, {})(connection)

    server.script(slowly)

    response = transport.send(asking(server.url, connect=0.2, first_byte=10.0, body=bytes(20_000_000)))

    assert response.status == 200
    assert len(server.requests[0].body) == 20_000_000


def test_nothing_is_sent_when_the_deadline_has_passed(server, transport):
    with pytest.raises(RequestTimeoutError, match="the call exceeded its total timeout") as caught:
        transport.send(HttpRequest(url=server.url, body=b"{}", deadline=time.monotonic() - 1))

    assert caught.value.code == "total_timeout"
    assert server.connections == []


def test_without_limits_a_response_may_take_any_time(server, transport):
    server.script(sse_reply(["x"], delay=0.3))

    body = read(transport, asking(server.url))

    assert body == b"data: x\n\n"


def test_the_limits_hold_on_a_secure_connection(certificates):
    transport = HttpTransport(verify=certificates.ca_file)

    with Server(after(CHUNKED, b"1\r\nx\r\n"), tls=certificates.server, host="localhost") as secure:
        with pytest.raises(RequestTimeoutError, match="the call exceeded its total timeout") as caught:
            read(transport, asking(secure.url, deadline=0.5))
        transport.close()

    assert caught.value.code == "total_timeout"


def test_the_message_says_what_to_do(server, transport):
    server.script(silent())

    with pytest.raises(RequestTimeoutError) as caught:
        transport.send(asking(server.url, first_byte=0.1))

    assert str(caught.value) == (
        f"127.0.0.1:{server.port}: no response after 0.1 s (first_byte_timeout). "
        "Raise Timeout(first_byte=...) for models that reason for long, or use stream()"
    )
