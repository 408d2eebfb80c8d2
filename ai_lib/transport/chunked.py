"""The chunked transfer coding, taken apart as its bytes come.

Source: https://www.rfc-editor.org/rfc/rfc9112#section-7.1

urllib3 has two ways to read such a body. `stream(None)` waits until a chunk is whole and loses what came of a chunk
that is cut off; `read1` does neither and takes three times as long where each event is a chunk of its own. Here a read
takes all chunks that have come, however many, and gives their bytes as one piece.
"""

from __future__ import annotations

__all__ = ["ChunkedBody", "ChunkedError"]

# The longest line that urllib3 accepts between two chunks is of this order too.
_MAX_LINE = 65536
_AFTER_CHUNK, _SIZE, _TRAILER = "after a chunk", "size", "trailer"


class ChunkedError(ValueError):
    """The bytes are no chunked body."""


class ChunkedBody:
    """Takes a chunked body apart, cut anywhere.

    Attributes:
        ended: Whether the last chunk and the trailers have come.
        wrong: What is wrong with the bytes after the content that `feed` returned last; None while all is well.
    """

    __slots__ = ("_expects", "_held", "_left", "ended", "wrong")

    def __init__(self) -> None:
        self.ended = False
        self.wrong: ChunkedError | None = None
        self._expects = _SIZE
        self._held = b""  # a line between chunks that is not whole yet
        self._left = 0  # bytes of the current chunk that have not come

    @property
    def missing(self) -> int:
        """Bytes of the current chunk that have not come."""
        return self._left

    def feed(self, data: bytes) -> bytes:
        """Return the content of what has come, without sizes and line ends, up to what is `wrong`."""
        out: list[bytes] = []
        try:
            self._feed(data, out)
        except ChunkedError as exc:
            self.wrong = exc
        return out[0] if len(out) == 1 else b"".join(out)

    def _feed(self, data: bytes, out: list[bytes]) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        position = 0
        while not self.ended:
            if self._expects == _SIZE and not self._left:
                position = _take_whole(data, position, out)
            if self._left:
                end = position + self._left
                out.append(data[position:end])
                self._left = max(0, end - len(data))
                if self._left:
                    break
                position = end
                self._expects = _AFTER_CHUNK
            end = data.find(b"\n", position)
            if end < 0:
                self._held = data[position:]
                if len(self._held) > _MAX_LINE:
                    raise ChunkedError("a line between two chunks is too long")
                break
            self._line(data[position:end])
            position = end + 1

    def _line(self, line: bytes) -> None:
        if self._expects == _SIZE:
            try:
                self._left = int(line if b";" not in line else line.partition(b";")[0], 16)
            except ValueError as exc:
                raise ChunkedError("a chunk without its length") from exc
            if self._left <= 0:
                if self._left < 0:
                    raise ChunkedError("a chunk of negative length")
                self._expects = _TRAILER
        elif self._expects == _AFTER_CHUNK:
            if line.strip():
                raise ChunkedError("a chunk longer than its length")
            self._expects = _SIZE
        elif not line.strip():
            self.ended = True


def _take_whole(data: bytes, position: int, out: list[bytes]) -> int:
    """Append the chunks that have come whole, and return where the rest begins; anything unusual is left to it."""
    while True:
        end = data.find(b"\r\n", position)
        try:
            size = int(data[position:end], 16)
        except ValueError:
            return position
        stop = end + 2 + size
        if end < 0 or size <= 0 or data[stop : stop + 2] != b"\r\n":
            return position
        out.append(data[end + 2 : stop])
        position = stop + 2
