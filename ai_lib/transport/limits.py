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
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import Clock

__all__ = ["POOL_CLASSES", "LimitReached", "Limits", "limited"]

# http.client's own buffer is 8 KiB; with a larger one a fast stream needs an eighth of the system calls.
_BUFFER = 65536


class LimitReached(TimeoutError):
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
    """

    __slots__ = ("_clock", "_deadline", "_started", "_timeout")

    def __init__(self, timeout: Timeout, deadline: float | None, clock: Clock) -> None:
        self._timeout = timeout
        self._clock = clock
        self._deadline = deadline
        self._started = False

    def connect(self) -> float | None:
        """Return the seconds a connection may take.

        Raises:
            LimitReached: The call's time is already over.
        """
        return self._left(self._timeout.connect, "connect_timeout")[0]

    def before_read(self) -> tuple[float | None, str, float | None]:
        """Return the seconds the next read may take, what to call it when they run out, and the limit itself."""
        limit = self._timeout.idle if self._started else self._timeout.first_byte
        code = "idle_timeout" if self._started else "first_byte_timeout"
        left, code = self._left(limit, code)
        return left, code, self._timeout.total if code == "total_timeout" else limit

    def after_read(self) -> None:
        """Say that bytes have come."""
        self._started = True

    def shorten(self, seconds: float) -> None:
        """Allow at most this long from now on."""
        self._deadline = min(self._deadline or float("inf"), self._clock.now() + seconds)

    def _left(self, limit: float | None, code: str) -> tuple[float | None, str]:
        if self._deadline is None:
            return limit, code
        left = self._deadline - self._clock.now()
        if left <= 0:
            raise LimitReached("total_timeout", self._timeout.total)
        return (left, "total_timeout") if limit is None or left < limit else (limit, code)


# requests and urllib3 have no parameter through which the limits of a call could reach the socket. A call stays in
# one thread from `send` to the making of the response, so they wait here in between.
_of_this_thread = threading.local()


class limited:  # noqa: N801 - a context manager, used like a function
    """Make the exchange that this thread starts inside the block keep the limits."""

    __slots__ = ("_limits",)

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def __enter__(self) -> None:
        _of_this_thread.limits = self._limits

    def __exit__(self, *exc_info: object) -> None:
        _of_this_thread.limits = None


class _LimitedReader(io.RawIOBase):
    """Reads from a socket's file object, with the time that is left."""

    def __init__(self, raw: Any, sock: socket.socket, limits: Limits) -> None:
        self._raw = raw
        self._sock = sock
        self._limits = limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds, code, limit = self._limits.before_read()
        self._sock.settimeout(seconds)
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError as exc:
            raise LimitReached(code, limit) from exc
        self._limits.after_read()
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        limits = getattr(_of_this_thread, "limits", None)
        if limits is not None:
            raw = self.fp.detach()  # type: ignore[attr-defined]
            self.fp = io.BufferedReader(_LimitedReader(raw, sock, limits), _BUFFER)


class _Connection(HTTPConnection):
    response_class = _LimitedResponse  # type: ignore[assignment]


class _SecureConnection(HTTPSConnection):
    response_class = _LimitedResponse  # type: ignore[assignment]


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOL_CLASSES = {"http": _Pool, "https": _SecurePool}
"""urllib3's connection pools, with the limits built in."""
