"""A response whose body is still arriving: delivered at once, limited in time, and cancelled from any thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress

import requests
import urllib3

from ai_lib.errors import AiLibError, CancelledError, InvalidResponseError
from ai_lib.transport.failures import FOREIGN, map_failures, translate
from ai_lib.transport.limits import LimitedExchange

__all__ = ["Stream"]

_READ = 65536
# After the last event servers end the body at once, mostly in the same packet. If one does not, its connection is
# closed instead of being used again.
_FINISH_SECONDS = 0.05


class Stream:
    """A response whose body is still arriving.

    Attributes:
        status: The HTTP status.
        headers: The headers; look-ups ignore case.
        limits: The time limits.
        owner: An object to keep alive as long as the stream.
    """

    def __init__(self, response: requests.Response, url: str, exchange: LimitedExchange) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw: urllib3.HTTPResponse = response.raw
        self._url = url
        self.limits = exchange.limits
        self.owner: object = None
        self._exchange = exchange
        self._cancelled = False
        self._closed = False
        # Neither iterator refers to this `Stream`, so that dropping it frees the socket.
        raw, received = self._raw, exchange.response
        self._pieces: Iterator[bytes]
        if received is not None and received.chunked and not raw.headers.get("content-encoding"):
            self._pieces = received.read_chunks()
        else:
            self._pieces = iter(lambda: raw.read1(_READ, decode_content=True) or b"", b"")
        # Held while a read waits on the socket; `cancel` may close the socket only if it gets this lock.
        self._reading = threading.Lock()
        self._pid = os.getpid()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._next, b"")

    def _next(self) -> bytes:
        """Return the next piece, or b"" at the end."""
        data = b""
        with self._reading:
            if not (self._closed or self._cancelled):
                try:
                    data = next(self._pieces, b"")
                except FOREIGN as exc:
                    self._free()
                    if not self._cancelled:
                        raise translate(exc, self._url, self._exchange) from exc
                except BaseException:  # such as KeyboardInterrupt: the rest of the body cannot be read any more
                    self._free()
                    raise
                else:
                    if not data:
                        self._raw.release_conn()
        # Not before the lock is released: `cancel` either set this while the read held it, or gets it now and frees
        # the connection itself.
        if self._cancelled:
            with self._reading:
                self._free()
            raise CancelledError("the stream was cancelled")
        return data

    def read_all(self, max_bytes: int) -> bytes:
        """Return the whole body.

        Raises:
            InvalidResponseError: It exceeds `max_bytes`.
        """
        with map_failures(self._url, self._exchange):
            body = self._raw.read(max_bytes + 1, decode_content=True)
        if len(body) > max_bytes:
            raise InvalidResponseError(
                f"the response exceeds {max_bytes} bytes", code="body_too_large", status=self.status
            )
        return body

    def finish(self) -> None:
        """Return the connection to the pool for the next request, if the body ends at once."""
        self.limits.shorten(_FINISH_SECONDS)
        with suppress(AiLibError):  # everything was delivered: at worst, one connection less is reused
            self._next()
            self._next()
        self._free()

    def cancel(self) -> None:
        """End the stream from any thread: a read that is waiting in another one raises `CancelledError` at once."""
        if os.getpid() != self._pid:
            return  # a forked copy: shutting the socket down here would end the parent's stream
        self._cancelled = True
        if self._reading.acquire(blocking=False):
            try:
                self._free()
            finally:
                self._reading.release()
            return
        try:
            self._raw.shutdown()  # wakes the read; its thread frees the connection
        except (ValueError, RuntimeError, OSError):
            return  # the body has just ended, or the response is a mock without a socket

    def close(self) -> None:
        """Free the connection; calling it again does nothing."""
        # Not `_free`: closing a file object waits for another thread that reads from it.
        self.cancel()

    def _free(self) -> None:
        if not self._closed:
            self._closed = True
            self._raw.close()
