"""The chunked transfer coding, decoded as its bytes arrive.

Source: https://www.rfc-editor.org/rfc/rfc9112#section-7.1

urllib3 has two ways to read such a body. `stream(None)` waits until a chunk is complete, and loses the received part of
a chunk that is cut off; `read1` does neither, but takes three times as long if each event is a chunk of its own. Here
one read returns the bytes of all chunks that have arrived.
"""

from __future__ import annotations

__all__ = ["ChunkedBody", "ChunkedError"]

# http.client accepts lines of at most this length as well.
_MAX_LINE = 65536
_AFTER_CHUNK, _SIZE, _TRAILER = "after a chunk", "size", "trailer"


class ChunkedError(ValueError):
    """The bytes are not a chunked body."""


class ChunkedBody:
    """Decodes a chunked body, split anywhere.

    Attributes:
        ended: Whether the last chunk and the trailers have arrived.
        error: The error in the bytes after the content that `feed` returned last, or None.
    """

    __slots__ = ("_expects", "_held", "_left", "ended", "error")

    def __init__(self) -> None:
        self.ended = False
        self.error: ChunkedError | None = None
        self._expects = _SIZE
        self._held = b""  # an incomplete line between two chunks
        self._left = 0  # bytes of the current chunk that have not arrived

    @property
    def missing(self) -> int:
        """The number of bytes of the current chunk that have not arrived."""
        return self._left

    def feed(self, data: bytes) -> bytes:
        """Return the content of the bytes, without sizes and line ends, up to an `error`.

        Args:
            data: The next bytes of the body.
        """
        out: list[bytes] = []
        try:
            self._decode(data, out)
        except ChunkedError as exc:
            self.error = exc
        return out[0] if len(out) == 1 else b"".join(out)

    def _decode(self, data: bytes, out: list[bytes]) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        position = 0
        while not self.ended:
            if self._expects == _SIZE and not self._left:
                position = _take_complete(data, position, out)
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
                    raise ChunkedError(f"a line between two chunks exceeds {_MAX_LINE} bytes")
                break
            self._read_line(data[position:end])
            position = end + 1

    def _read_line(self, line: bytes) -> None:
        if self._expects == _SIZE:
            try:
                self._left = int(line if b";" not in line else line.partition(b";")[0], 16)
            except ValueError as exc:
                raise ChunkedError("a chunk has no length") from exc
            if self._left <= 0:
                if self._left < 0:
                    raise ChunkedError("a chunk has a negative length")
                self._expects = _TRAILER
        elif self._expects == _AFTER_CHUNK:
            if line.strip():
                raise ChunkedError("a chunk is longer than its length")
            self._expects = _SIZE
        elif not line.strip():
            self.ended = True


def _take_complete(data: bytes, position: int, out: list[bytes]) -> int:
    """Append the complete chunks, and return where the rest starts.

    The fast path for streams of small chunks: it stops at everything unusual, which `_decode` then handles.
    """
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
