"""Limits of time that hold however slowly a server drips.

A socket's timeout bounds one read, so a server that sends a byte a second never meets it. Here each read from
the socket gets what is left: until the first byte, between two bytes, and of the whole call. That covers status
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

__all__ = ["LimitReached", "LimitedResponse", "Limits", "limit_pools", "limited"]

# http.client's own buffer is 8 KiB; with a larger one a fast stream needs an eighth of the system calls.
_BUFFER = 65536


class LimitReached(TimeoutError):  # noqa: N818 - an event of this package, never shown
    """A read ran into a limit."""

    def __init__(self, code: str, seconds: float | None) -> None:
        super().__init__(code)
        self.code = code
        self.seconds = seconds


class Limits:
    """The time left for one exchange.

    Args:
        timeout: The limits.
        deadline: When the whole call must be over, on the clock's `now`; None for no limit.
        clock: The time.
        timings: Where to add the seconds that each part took; None when nobody asks.
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

    def enter(self, phase: Literal["connect", "first_byte"]) -> None:
        """Say what is waited for from now on; its limit holds for all of it together."""
        self.note()
        self._phase = phase
        self._limit = getattr(self._timeout, phase)

    def bytes_came(self) -> None:
        """Say that bytes have come. Those of the answer begin it: from there on each silence has a limit of its own."""
        if self._phase == "first_byte":
            self.note()
            self._phase = "idle"
            self._limit = self._timeout.idle

    def note(self) -> None:
        """Add the time since the last note to what was waited for."""
        now = self._clock.now()
        purpose = "body" if self._phase == "idle" else self._phase
        self._timings[purpose] = self._timings.get(purpose, 0.0) + now - self._since
        self._since = now

    def left(self) -> tuple[float | None, str, float | None]:
        """Return the seconds the next wait may take, what to call it when they run out, and the limit itself.

        Raises:
            LimitReached: They have run out already.
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
        """Allow at most this long from now on."""
        until = self._clock.now() + seconds
        self._deadline = until if self._deadline is None else min(self._deadline, until)


# requests and urllib3 have no parameter through which the limits of a call could reach the socket. A call stays in
# one thread, or one greenlet, from `send` to the making of the response, so they wait here in between. Not
# `threading.local`: all greenlets share one that was made before gevent patched the modules.
_current: ContextVar[limited | None] = ContextVar("ai_lib_exchange", default=None)


class limited:  # noqa: N801 - a context manager, used like a function
    """Make the exchange that this thread starts inside the block keep the limits.

    Attributes:
        limits: The limits.
        answer: http.client's response, once the request is sent; None where the exchange was mocked.
        aborted: Whether `abort` was called.
    """

    __slots__ = ("_connection", "aborted", "answer", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.answer: LimitedResponse | None = None
        self.aborted = False
        self._connection: _LimitedConnection | None = None

    def uses(self, connection: _LimitedConnection) -> None:
        """Say over which connection it goes."""
        self._connection = connection

    def abort(self) -> None:
        """End the exchange from any thread: whatever waits for its socket goes on, with an error."""
        self.aborted = True
        if self._connection is not None:
            self._connection.shut_for(self)

    def __enter__(self) -> Self:
        _current.set(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _current.set(None)


class _LimitedReader(io.RawIOBase):
    """Reads from a socket's file object, with the time that is left."""

    def __init__(self, raw: Any, sock: socket.socket, limits: Limits) -> None:
        self._raw = raw
        self._sock = sock
        self._limits = limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds, code, limit = self._limits.left()
        self._sock.settimeout(seconds)
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError as exc:
            raise LimitReached(code, limit) from exc
        self._limits.bytes_came()
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class LimitedResponse(http.client.HTTPResponse):
    """http.client's response, read within the limits."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        exchange = _current.get()
        if exchange is not None:
            exchange.answer = self
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_LimitedReader(raw, sock, exchange.limits), _BUFFER)

    def begin(self) -> None:
        """Read up to the body. http.client knows only 100 among the interim responses, and takes 103 for the answer."""
        super().begin()
        while 100 < self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of a chunked body as they come: after each wait, all that is there."""
        body = ChunkedBody()
        while not body.ended:
            data = self.fp.read1(_BUFFER)
            if not data:
                if body.missing:
                    raise IncompleteRead(partial=0, expected=body.missing)
                raise ProtocolError("it ended between two chunks")
            content = body.feed(data)
            if content:
                yield content
            if body.wrong is not None:
                raise http.client.HTTPException(str(body.wrong)) from body.wrong
        self.close()


class _LimitedConnection(HTTPConnection):
    response_class = LimitedResponse

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used_by: limited | None = None
        self._use = threading.Lock()

    def _begin(self, exchange: limited) -> None:
        with self._use:
            self._used_by = exchange
        exchange.uses(self)
        if exchange.aborted:
            raise ConnectionAbortedError("the exchange was ended before it began")

    def shut_for(self, exchange: limited) -> None:
        """Shut the socket down, unless it already serves another exchange."""
        with self._use:
            if self._used_by is exchange and self.sock is not None:
                with suppress(OSError):  # the other side was quicker
                    # Not `sock.shutdown`: a TLS socket's takes the TLS away from the thread that reads.
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def connect(self) -> None:
        exchange = _current.get()
        if exchange is None:
            super().connect()
            return
        exchange.limits.enter("connect")
        self.timeout, code, limit = exchange.limits.left()
        try:
            super().connect()
        except (LimitReached, NewConnectionError):  # refused, for one: urllib3 derives it from ConnectTimeoutError
            raise
        except (TimeoutError, ConnectTimeoutError) as exc:
            raise LimitReached(code, limit) from exc
        exchange.limits.enter("first_byte")

    def send(self, data: Any) -> None:
        """Send bytes. urllib3 gives a whole body no longer than a connection may take, which a slow line exceeds."""
        exchange = _current.get()
        if exchange is None:
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        self._begin(exchange)
        view = memoryview(data)
        for start in range(0, len(view), _BUFFER):
            seconds, code, limit = exchange.limits.left()
            self.sock.settimeout(seconds)
            try:
                self.sock.sendall(view[start : start + _BUFFER])
            except TimeoutError as exc:
                raise LimitReached(code, limit) from exc


@cache
def _limited_pool(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """Return a pool class like this one whose connections keep the limits."""
    if issubclass(pool.ConnectionCls, _LimitedConnection):
        return pool
    connection = type(f"Limited{pool.ConnectionCls.__name__}", (_LimitedConnection, pool.ConnectionCls), {})
    return type(f"Limited{pool.__name__}", (pool,), {"ConnectionCls": connection})


def limit_pools(manager: PoolManager) -> None:
    """Make the connections of a pool manager keep the limits; a manager for SOCKS keeps its own way to connect."""
    kinds = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _limited_pool(pool) for scheme, pool in kinds.items()}
