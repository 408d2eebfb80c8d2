"""Responses that come from this process instead of a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from ai_lib.errors import CancelledError, ConnectionLostError
from ai_lib.types.wire import HttpResponse

__all__ = ["FakeResponse", "PieceStream", "connection_lost"]


def _do_nothing() -> None:
    return


@attrs.define(eq=False)
class PieceStream:
    """An `HttpStream` over pieces of a body.

    Args:
        status: The HTTP status.
        headers: The headers, names in lower case.
        pieces: The body; iterating may raise the error that interrupts the stream.
        on_finish: Called by `finish`.
        on_cancel: Called when the stream is ended early, from any thread; also by `close`.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Iterable[bytes]
    on_finish: Callable[[], None] = _do_nothing
    on_cancel: Callable[[], None] = _do_nothing
    _cancelled: bool = attrs.field(default=False, init=False)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if self._cancelled:
                raise CancelledError("the stream was cancelled")
            yield piece

    def finish(self) -> None:
        """Report that everything needed has been read."""
        self.on_finish()

    def cancel(self) -> None:
        """End the stream: reading on raises CancelledError."""
        self._cancelled = True
        self.on_cancel()

    def close(self) -> None:
        """Cancel the stream; calling it again does nothing."""
        if not self._cancelled:
            self.cancel()


@attrs.frozen(kw_only=True)
class FakeResponse:
    """A response to send.

    Args:
        status: The HTTP status.
        headers: The headers, names in lower case.
        pieces: The body, in the pieces in which it is sent: one for each event of a stream.
        streamed: Whether it is a stream.
        is_cut: Whether the connection is lost after the pieces.
        latency: Seconds before anything is sent.
        pace: Seconds between two pieces.
    """

    status: int
    headers: Mapping[str, str]
    pieces: tuple[bytes, ...]
    streamed: bool = False
    is_cut: bool = False
    latency: float = 0.0
    pace: float = 0.0

    def to_response(self) -> HttpResponse:
        """Return it as a complete response.

        Raises:
            ConnectionLostError: It is cut.
        """
        if self.is_cut:
            raise connection_lost()
        return HttpResponse(status=self.status, headers=self.headers, body=b"".join(self.pieces))

    def to_stream(self, wait: Callable[[float], None] | None = None) -> PieceStream:
        """Return it as a stream, which raises ConnectionLostError after the last piece if it is cut.

        Args:
            wait: Called with the seconds between two pieces; None for no pause.
        """
        return PieceStream(self.status, self.headers, self._paced_pieces(wait))

    def _paced_pieces(self, wait: Callable[[float], None] | None) -> Iterator[bytes]:
        for number, piece in enumerate(self.pieces):
            if number and self.pace and wait is not None:
                wait(self.pace)
            yield piece
        if self.is_cut:
            raise connection_lost()


def connection_lost() -> ConnectionLostError:
    """Return the error for a connection that is lost after the request was sent."""
    error = ConnectionLostError("the connection was lost (simulated by the test)")
    error.ambiguous = True
    return error
