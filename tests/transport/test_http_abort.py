"""Ending an exchange from another thread while nothing has been returned yet, as a race does with its losers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import attrs
import pytest

from ai_lib import CancelledError
from ai_lib.transport import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Server, json_reply

# The promise is a tenth of a second; the rest is for machines with more to do than to run tests.
SOON = 1.0


def stall(connection):
    connection.read_request()
    connection.wait_closed(10)


def half_an_answer(connection):
    connection.read_request()
    connection.head(200, {"content-type": "application/json", "content-length": "100"})
    connection.send(b'{"half')
    connection.wait_closed(10)


@pytest.fixture(params=["http", "https"])
def server(request, certificates) -> Iterator[Server]:
    tls, host = (certificates.server, "localhost") if request.param == "https" else (None, "127.0.0.1")
    with Server(json_reply(200, {"ok": True}), tls=tls, host=host) as running:
        yield running


@pytest.fixture
def transport(certificates) -> Iterator[HttpTransport]:
    made = HttpTransport(verify=certificates.ca_file)
    yield made
    made.close()


@attrs.define
class Started:
    """A request whose exchange can be ended."""

    request: HttpRequest
    aborts: list[Callable[[], None]]


@pytest.fixture
def started(server) -> Started:
    aborts: list[Callable[[], None]] = []
    return Started(HttpRequest(url=server.url, body=b"{}", on_start=aborts.append), aborts)


@pytest.mark.parametrize("handler", [stall, half_an_answer])
def test_aborting_a_waiting_request_ends_it_and_closes_its_socket(server, transport, started, handler):
    server.script(handler)
    raised: list[BaseException] = []

    def send() -> None:
        try:
            transport.send(started.request)
        except CancelledError as error:
            raised.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    until = time.monotonic() + 10
    while not server.requests and time.monotonic() < until:
        thread.join(0.005)
    begun = time.monotonic()
    started.aborts[0]()
    thread.join(10)

    assert len(raised) == 1
    assert time.monotonic() - begun < SOON
    assert server.connections[0].closed.wait(5)


def test_a_request_that_is_aborted_before_it_starts_is_not_sent(server, transport, started):
    transport.send(attrs.evolve(started.request, on_start=None))  # a connection that is kept
    request = attrs.evolve(started.request, on_start=lambda abort: abort())

    with pytest.raises(CancelledError):
        transport.send(request)

    assert len(server.requests) == 1


def test_aborting_a_finished_request_does_not_disturb_the_next_one_on_the_connection(server, transport, started):
    transport.send(started.request)
    arrived = threading.Event()

    def late(connection):
        connection.read_request()
        arrived.set()
        connection.wait(0.1)
        json_reply(200, {"ok": True})(connection)

    server.script(late)
    answers: list[int] = []
    other = HttpRequest(url=server.url, body=b"{}")
    thread = threading.Thread(target=lambda: answers.append(transport.send(other).status))
    thread.start()
    assert arrived.wait(10)
    started.aborts[0]()
    thread.join(10)

    assert answers == [200]
    assert len(server.connections) == 1
