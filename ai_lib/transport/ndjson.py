"""Newline-delimited JSON: from pieces of a body to complete lines.

Source: https://github.com/ndjson/ndjson-spec
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ai_lib.errors import InvalidResponseError

__all__ = ["lines"]

MAX_LINE = 16 * 1024 * 1024


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield each line that is not blank; the last one may lack its line end.

    Args:
        pieces: The body, split anywhere.

    Raises:
        InvalidResponseError: A line exceeds 16 MiB.
    """
    held: list[bytes] = []  # the start of a line, joined only when it is complete
    size = 0
    for data in pieces:
        *whole, rest = data.split(b"\n")
        for line in whole:
            held.append(line)
            yield from _decode(held)
            held, size = [], 0
        held.append(rest)
        size += len(rest)
        if size > MAX_LINE:
            raise InvalidResponseError(f"a line of the stream exceeds {MAX_LINE} bytes", code="event_too_large")
    yield from _decode(held)


def _decode(held: list[bytes]) -> Iterator[str]:
    text = b"".join(held).decode("utf-8", "replace").strip()
    if text:
        yield text
