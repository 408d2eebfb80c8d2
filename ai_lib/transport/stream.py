"""A response whose body is still coming: delivered at once, bounded in time, and cancelled from any thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress

import requests
import urllib3

from ai_lib.errors import AiLibError, CancelledError, InvalidResponseError
from ai_lib.transport.failures import FOREIGN, failed, mapped_failures
from ai_lib.transport.limits import LimitedResponse, limited

__all__ = ["Stream"]

_READ = 65536
# After the last event servers end the body at once, mostly in the same packet; one that keeps it open loses its
# connection.
_FINISH_SECONDS = 0.05


class Stream:
    """A response whose body is still coming."""

    def __init__(self, response: requests.Response, url: str, exchange: limited) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw: urllib3.HTTPResponse = response.raw
        self._url = url
        self.limits = exchange.limits
        self._exchange = exchange
        self._cancelled = False
        self._closed = False
        self._pieces = _pieces(self._raw, exchange.answer)
        # Held while a read waits on the socket; tells `cancel` whether it may close the socket itself.
        self._reading = threading.Lock()
        self._pid = os.getpid()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._next, b"")

    def _next(self) -> bytes:
        """Return the next piece, or b"" at the end."""
        with self._reading:
            data = b"" if self._closed or self._cancelled else self._read()
        # Only now: `cancel` has either set this by here, or had the lock since and freed the connection itself.
        if self._cancelled:
            with self._reading:
                self._free()
            raise CancelledError("the stream was cancelled")
        return data

    def _read(self) -> bytes:
        try:
            data = next(self._pieces, b"")
        except FOREIGN as exc:
            self._free()
            if self._cancelled:
                return b""
            raise failed(exc, self._url, self._exchange) from exc
        except BaseException:  # KeyboardInterrupt, say: what is left of the body cannot be read any more
            self._free()
            raise
        if not data:
            self._raw.release_conn()
        return data

    def read_all(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            InvalidResponseError: It is longer than the limit.
        """
        with mapped_failures(self._url, self._exchange):
            body = self._raw.read(limit + 1, decode_content=True)
        if len(body) > limit:
            raise InvalidResponseError(
                f"the answer is longer than {limit} bytes", code="body_too_large", status=self.status
            )
        return body

    def finish(self) -> None:
        """Give the connection back for the next request, if the body ends at once."""
        self.limits.shorten(_FINISH_SECONDS)
        with suppress(AiLibError):  # everything has been delivered: the worst is one connection less to reuse
            self._next()
            self._next()
        self._free()

    def cancel(self) -> None:
        """End the stream from any thread: a read that waits in another one raises `CancelledError` at once."""
        if os.getpid() != self._pid:
            return  # a fork's copy: shutting the socket down here would end the parent's stream
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
        # Not `_free` at once: closing a file object in which another thread reads would wait for that read to end.
        self.cancel()

    def _free(self) -> None:
        if not self._closed:
            self._closed = True
            self._raw.close()


def _pieces(raw: urllib3.HTTPResponse, answer: LimitedResponse | None) -> Iterator[bytes]:
    """Yield the body's bytes the moment they are there. Holds no `Stream`, so that dropping one frees its socket."""
    if answer is not None and answer.chunked and not raw.headers.get("content-encoding"):
        return answer.chunks()
    return iter(lambda: raw.read1(_READ, decode_content=True) or b"", b"")
