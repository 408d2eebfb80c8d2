"""A stream whose pieces come from this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from ai_lib.errors import CancelledError

__all__ = ["PieceStream"]


def _nothing() -> None:
    return


@attrs.define(eq=False)
class PieceStream:
    """An `HttpStream` of given pieces.

    Args:
        status: The status code.
        headers: The headers, their names in lower case.
        pieces: The body; iterating it may raise what breaks the stream off.
        on_finish: Called when all that matters was read.
        on_cancel: Called when the stream is ended early, from any thread; also by `close`.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Iterable[bytes]
    on_finish: Callable[[], None] = _nothing
    on_cancel: Callable[[], None] = _nothing
    _cancelled: bool = attrs.field(default=False, init=False)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if self._cancelled:
                raise CancelledError("the stream was cancelled")
            yield piece

    def finish(self) -> None:
        """Say that all that matters has been read."""
        self.on_finish()

    def cancel(self) -> None:
        """End the stream: reading on raises CancelledError."""
        self._cancelled = True
        self.on_cancel()

    def close(self) -> None:
        """Do the same; calling it again does nothing."""
        if not self._cancelled:
            self.cancel()
