"""What moves bytes: implement `Transport` to replace requests, or `BytesTransport` for the least possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from ai_lib.types.wire import HttpRequest, HttpResponse

__all__ = ["BytesTransport", "HttpStream", "Transport"]


class HttpStream(Protocol):
    """A response whose headers are in and whose body is still coming. Iterating gives its bytes as they arrive."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; look-ups ignore case, or the names are in lower case."""

    def __iter__(self) -> Iterator[bytes]:
        """Return the body's bytes, decompressed, each piece as soon as it is there."""

    def finish(self) -> None:
        """Mark the body as read, so that the connection may be reused."""

    def cancel(self) -> None:
        """End the stream from any thread: a read that waits in another one ends at once, with an error or no bytes."""

    def close(self) -> None:
        """Free the connection. Calling it again does nothing."""


@runtime_checkable
class Transport(Protocol):
    """Sends requests. Failures are raised as `TransportError`s; a status from 300 up is not a failure here."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response."""

    def stream(self, request: HttpRequest) -> HttpStream:
        """Send a request and return once the response's headers are in."""

    def close(self) -> None:
        """Free what is held open."""


@runtime_checkable
class BytesTransport(Protocol):
    """The smallest transport: bytes in, bytes out. The key is its own affair; streams are not possible."""

    def post(self, url: str, body: bytes) -> bytes:
        """Send a body to an address and return the answer's body."""
