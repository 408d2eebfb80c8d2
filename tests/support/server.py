"""A server on this machine that misbehaves on purpose.

A test scripts what happens to each request; every request is recorded.

    with Server(json_reply(200, completion("hi"))) as server:
        client = AiClient(ProviderConfig("gw", base_url=server.url + "/v1", default_model="m"))
        client.chat("hello")
    server.requests[0].json["messages"]    # what was sent
    len(server.connections)                # how many connections were made

The script is a list of handlers: the first one answers the first request, the second one the second, and the last one
all that follow, on whichever connection. A handler is a function of a `Connection`; the `*_reply` functions make the
common ones, and a test writes its own for anything else:

    def cut_off(connection):
        connection.read_request()
        connection.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        connection.chunk(b"data: {}\\n\\n")
        connection.reset()

A handler that returns leaves the connection open for the next request. Errors of a handler's sends to a client that has
disconnected are ignored; any other exception in a handler fails the test.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, Self

import attrs

from tests.support.replies import (
    BUSY,
    chunk_event,
    completion,
    echo,
    json_reply,
    raw_reply,
    reset,
    sse_reply,
    stall,
    stream_events,
)

__all__ = [
    "BUSY",
    "Connection",
    "Handler",
    "Request",
    "Server",
    "chunk_event",
    "completion",
    "echo",
    "json_reply",
    "raw_reply",
    "reset",
    "sse_reply",
    "stall",
    "stream_events",
]

# No test takes that long; one that fails hangs no longer.
_PATIENCE = 15.0


@attrs.define
class Request:
    """A request that a client sent. Names of headers are in lower case; `connection` is the index of its connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One accepted socket, as a handler sees it."""

    def __init__(self, server: Server, sock: socket.socket, number: int) -> None:
        self.number = number
        self.socket = sock
        self.closed = threading.Event()
        """Set when the client has closed the connection."""
        self.closed_at: float | None = None
        """The time at which it did, on `time.monotonic`."""
        self._server = server
        self._held = bytearray()
        self._request: Request | None = None

    def read_request(self) -> Request:
        """Return this handler's request; the second call returns the same one."""
        if self._request is None:
            while b"\r\n\r\n" not in self._held:
                self._receive()
            head, _, self._held = self._held.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ")
            headers: dict[str, str] = {}
            for name, _, value in (line.partition(":") for line in lines):
                already = headers.get(name.lower())
                headers[name.lower()] = value.strip() if already is None else f"{already}, {value.strip()}"
            length = int(headers.get("content-length", "0"))
            self._request = Request(method, path, headers, self.take(length), self.number)
            self._server.requests.append(self._request)
        return self._request

    def take(self, size: int) -> bytes:
        """Return the next bytes, read as they are."""
        while len(self._held) < size:
            self._receive()
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def head(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send a status line and headers."""
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except ConnectionError:
            self._has_closed()
            raise

    def drip(self, data: bytes, seconds: float = 0.02) -> None:
        """Send one byte at a time, with a wait after each."""
        for value in data:
            self.send(bytes((value,)))
            self.wait(seconds)

    def chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body."""
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end_chunks(self) -> None:
        """Send the end of a chunked body."""
        self.send(b"0\r\n\r\n")

    def wait(self, seconds: float) -> None:
        """Wait for less than half a second, or until the server stops."""
        assert seconds < 0.5, "no test waits that long"
        self._server.stopped.wait(seconds)

    def stall(self) -> None:
        """Neither read nor send until the server stops."""
        self._server.stopped.wait(_PATIENCE)

    def speak_tls(self, context: ssl.SSLContext) -> None:
        """Continue in TLS with the next request: for proxies that received a CONNECT."""
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self._request = None

    def wait_closed(self, timeout: float = 5.0) -> bool:
        """Wait until the client closes the connection, and return whether it did."""
        until = time.monotonic() + timeout
        while not self.closed.is_set() and (left := until - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    self._receive()
        return self.closed.is_set()

    def close(self) -> None:
        """Close the sending side only: what the client still sends is received, so that nothing is reset."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _receive(self) -> None:
        """Append received bytes to `_held`; raise OSError when the client has closed the connection."""
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            self._has_closed()
            raise ConnectionResetError("the client closed the connection")
        self._held += data

    def _has_closed(self) -> None:
        self.closed_at = self.closed_at or time.monotonic()
        self.closed.set()

    def serve(self) -> None:
        """Run the script's handlers until a side closes. Called by the server in the connection's thread."""
        self.socket.settimeout(_PATIENCE)
        try:
            if self._server.tls is not None:
                self.speak_tls(self._server.tls)
            while not (self.closed.is_set() or self._server.stopped.is_set()):
                if not self._held:
                    self._receive()
                self._request = None
                self._server.next_handler()(self)
        except OSError:  # half of the tests are about clients that disconnect
            return
        finally:
            self.socket.close()


Handler = Callable[[Connection], None]


class Server:
    """A server on a free port of 127.0.0.1, which runs within the `with` block.

    Args:
        script: Handlers in the order of the requests; the last one repeats.
        tls: Speak TLS with this context.
        host: The host in `url`; with TLS it must match the certificate.
    """

    def __init__(self, *script: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        self.stopped = threading.Event()
        self.tls = tls
        self._host = host
        self._script = list(script)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def script(self, *handlers: Handler) -> None:
        """Replace the remaining script."""
        with self._lock:
            self._script = list(handlers)

    def next_handler(self) -> Handler:
        with self._lock:
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    @cached_property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"{'https' if self.tls else 'http'}://{self._host}:{self.port}"

    def open_connections(self, *, at_most: int) -> int:
        """Wait up to 5 seconds until at most this many connections are open, and return how many are."""
        until = time.monotonic() + 5
        while (count := sum(not connection.closed.is_set() for connection in self.connections)) > at_most:
            if time.monotonic() > until:
                break
            self.stopped.wait(0.01)
        return count

    def _accept(self) -> None:
        while True:
            try:
                sock = self._listener.accept()[0]
            except OSError:  # the listener was shut down
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock, len(self.connections))
            self.connections.append(connection)
            self._start(connection.serve)

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        _ = self.port
        self._start(self._accept)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopped.set()
        for sock in [self._listener, *(connection.socket for connection in self.connections)]:
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_PATIENCE)
