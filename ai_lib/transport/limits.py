"""Time limits that hold however slowly a server sends.

A socket's timeout bounds one read, so a server that sends one byte a second never reaches it. Here each read from the
socket gets the remaining time: until the first byte, between two bytes, and of the whole call. That covers the status
line, headers, chunk sizes and body alike, since http.client reads all of them from one file object.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from typing import Any, Literal, Self

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, IncompleteRead, NewConnectionError, ProtocolError

from ai_lib.transport.chunked import ChunkedBody
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import Clock

__all__ = ["LimitReached", "LimitedExchange", "LimitedResponse", "Limits", "limit_pools"]

# http.client's own buffer is 8 KiB; with a larger one a fast stream needs an eighth of the system calls.
_BUFFER = 65536


class LimitReached(TimeoutError):  # noqa: N818 - internal; users see RequestTimeoutError
    """A time limit expired."""

    def __init__(self, code: str, seconds: float | None) -> None:
        super().__init__(code)
        self.code = code
        self.seconds = seconds


class Limits:
    """The remaining time of one exchange.

    Args:
        timeout: The limits.
        deadline: The end of the whole call, on the clock's `now`; None means no limit.
        clock: The clock.
        timings: Gets the seconds that "connect", "first_byte" and "body" took; None records nothing.
    """

    __slots__ = ("_clock", "_deadline", "_limit", "_phase", "_since", "_timeout", "_timings")

    def __init__(
        self,
        timeout: Timeout,
        deadline: float | None,
        clock: Clock,
        timings: MutableMapping[str, float] | None = None,
    ) -> None:
        self._timeout = timeout
        self._clock = clock
        self._deadline = deadline
        self._timings: MutableMapping[str, float] = {} if timings is None else timings
        self._since = clock.now()
        self._phase: str = "first_byte"
        self._limit = timeout.first_byte

    def start(self, phase: Literal["connect", "first_byte"]) -> None:
        """Start a phase; its limit holds for all its waits together."""
        self.add_time()
        self._phase = phase
        self._limit = getattr(self._timeout, phase)

    def on_bytes(self) -> None:
        """Start the idle phase at the first byte of the response: from then on, the limit holds for each wait."""
        if self._phase == "first_byte":
            self.add_time()
            self._phase = "idle"
            self._limit = self._timeout.idle

    def add_time(self) -> None:
        """Add the time since the last call to the timings of the current phase."""
        now = self._clock.now()
        name = "body" if self._phase == "idle" else self._phase
        self._timings[name] = self._timings.get(name, 0.0) + now - self._since
        self._since = now

    def remaining(self) -> tuple[float | None, str, float | None]:
        """Return the seconds that the next wait may take, the error code if they expire, and the limit itself.

        Raises:
            LimitReached: They have expired already.
        """
        now = self._clock.now()
        code, limit = f"{self._phase}_timeout", self._limit
        until = None if limit is None else limit + (now if self._phase == "idle" else self._since)
        if self._deadline is not None and (until is None or self._deadline < until):
            code, limit, until = "total_timeout", self._timeout.total, self._deadline
        if until is None:
            return None, code, None
        if until <= now:
            raise LimitReached(code, limit)
        return until - now, code, limit

    def shorten(self, seconds: float) -> None:
        """Move the deadline to at most these seconds from now."""
        until = self._clock.now() + seconds
        self._deadline = until if self._deadline is None else min(self._deadline, until)


# requests and urllib3 have no parameter through which the limits of a call could reach the socket. A call stays in one
# thread, or one greenlet, from `send` until http.client makes the response, so the exchange is passed through this
# variable. Not `threading.local`: all greenlets share one that was made before gevent patched the modules.
_current: ContextVar[LimitedExchange | None] = ContextVar("ai_lib_exchange", default=None)


class LimitedExchange:
    """A context manager: the request that this thread sends inside the block is held to the limits.

    Attributes:
        limits: The limits.
        response: http.client's response, once the request is sent; None if the exchange was mocked.
        aborted: Whether `abort` was called.
    """

    __slots__ = ("_connection", "aborted", "limits", "response")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.response: LimitedResponse | None = None
        self.aborted = False
        self._connection: _LimitedConnection | None = None

    def use(self, connection: _LimitedConnection) -> None:
        """Register the connection over which the request is sent."""
        self._connection = connection

    def abort(self) -> None:
        """End the exchange from any thread: a thread that waits on its socket gets an error."""
        self.aborted = True
        if self._connection is not None:
            self._connection.shut_down(self)

    def __enter__(self) -> Self:
        _current.set(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _current.set(None)


class _LimitedReader(io.RawIOBase):
    """Reads from a socket's file object within the remaining time."""

    def __init__(self, raw: Any, sock: socket.socket, limits: Limits) -> None:
        self._raw = raw
        self._sock = sock
        self._limits = limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds, code, limit = self._limits.remaining()
        self._sock.settimeout(seconds)
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError as exc:
            raise LimitReached(code, limit) from exc
        self._limits.on_bytes()
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class LimitedResponse(http.client.HTTPResponse):
    """http.client's response, read within the time limits."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        exchange = _current.get()
        if exchange is not None:
            exchange.response = self
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_LimitedReader(raw, sock, exchange.limits), _BUFFER)

    def begin(self) -> None:
        """Read the headers. http.client skips no interim response but 100, and would take 103 for the final one."""
        super().begin()
        while 100 < self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()

    def read_chunks(self) -> Iterator[bytes]:
        """Yield the content of a chunked body as it arrives: after each wait, everything that is there."""
        body = ChunkedBody()
        while not body.ended:
            data = self.fp.read1(_BUFFER)
            if not data:
                if body.missing:
                    raise IncompleteRead(partial=0, expected=body.missing)
                raise ProtocolError("the body ended between two chunks")
            content = body.feed(data)
            if content:
                yield content
            if body.error is not None:
                raise http.client.HTTPException(str(body.error)) from body.error
        self.close()


class _LimitedConnection(HTTPConnection):
    response_class = LimitedResponse

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used_by: LimitedExchange | None = None
        self._used_by_lock = threading.Lock()

    def shut_down(self, exchange: LimitedExchange) -> None:
        """Shut the socket down, unless it already serves another exchange."""
        with self._used_by_lock:
            if self._used_by is exchange and self.sock is not None:
                with suppress(OSError):  # the server has closed it already
                    # Not `sock.shutdown`: on a TLS socket it removes the TLS layer under the thread that reads.
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def connect(self) -> None:
        exchange = _current.get()
        if exchange is None:
            super().connect()
            return
        exchange.limits.start("connect")
        self.timeout, code, limit = exchange.limits.remaining()
        try:
            super().connect()
        except (LimitReached, NewConnectionError):
            raise  # also a refused connection, which urllib3 derives from ConnectTimeoutError
        except (TimeoutError, ConnectTimeoutError) as exc:
            raise LimitReached(code, limit) from exc
        exchange.limits.start("first_byte")

    def send(self, data: Any) -> None:
        """Send bytes in blocks: urllib3 limits the whole body to the connect timeout, too short for a slow line."""
        exchange = _current.get()
        if exchange is None:
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        with self._used_by_lock:
            self._used_by = exchange
        exchange.use(self)
        # Checked after `use`: an `abort` before that could not shut the socket down.
        if exchange.aborted:
            raise ConnectionAbortedError("the exchange was aborted before it started")
        view = memoryview(data)
        for start in range(0, len(view), _BUFFER):
            seconds, code, limit = exchange.limits.remaining()
            self.sock.settimeout(seconds)
            try:
                self.sock.sendall(view[start : start + _BUFFER])
            except TimeoutError as exc:
                raise LimitReached(code, limit) from exc


@cache
def _limit_pool(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """Return a subclass of a pool class whose connections are held to the limits."""
    if issubclass(pool.ConnectionCls, _LimitedConnection):
        return pool
    connection = type(f"Limited{pool.ConnectionCls.__name__}", (_LimitedConnection, pool.ConnectionCls), {})
    return type(f"Limited{pool.__name__}", (pool,), {"ConnectionCls": connection})


def limit_pools(manager: PoolManager) -> None:
    """Hold the connections of a pool manager to the limits; one for SOCKS keeps its own way to connect."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _limit_pool(pool) for scheme, pool in pools.items()}
