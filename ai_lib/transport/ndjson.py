"""One JSON value a line: bytes as they come, each line as it is whole.

Source: https://github.com/ndjson/ndjson-spec
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ai_lib.errors import InvalidResponseError

__all__ = ["lines"]

MAX_LINE = 16 * 1024 * 1024


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield each line that is not blank; the last one needs no line end.

    Args:
        pieces: The body, cut anywhere.

    Raises:
        InvalidResponseError: A line is longer than 16 MiB.
    """
    held: list[bytes] = []
    size = 0
    for data in pieces:
        *whole, rest = data.split(b"\n")
        for line in whole:
            held.append(line)
            yield from _text(held)
            held, size = [], 0
        held.append(rest)
        size += len(rest)
        if size > MAX_LINE:
            raise InvalidResponseError(f"a line of the stream is longer than {MAX_LINE} bytes", code="event_too_large")
    yield from _text(held)


def _text(held: list[bytes]) -> Iterator[str]:
    text = b"".join(held).decode("utf-8", "replace").strip()
    if text:
        yield text
