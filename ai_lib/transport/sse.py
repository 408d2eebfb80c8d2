"""Server-sent events: from pieces of a body to the data of each complete event.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

sseclient-py reads the fields of an event. The rest is done here: it gets complete events with LF line ends only,
without a byte order mark and limited in size. An incomplete last event is dropped, as the standard requires. The usual
event, one line `data: ...`, has no fields to parse and skips sseclient-py, which would take 3 us for it, as long as
everything else that is done for an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sseclient import SSEClient

from ai_lib.errors import InvalidResponseError
from ai_lib.utils import json

__all__ = ["events", "named_events"]

# 16 MiB: an image in base64 fits, and a server that never ends a line cannot fill the memory.
MAX_EVENT = 16 * 1024 * 1024
# sseclient-py takes quadratic time in the lines of an event; providers send no more than a handful.
MAX_LINES = 10_000
_BOM = b"\xef\xbb\xbf"


def events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each event; comments, events without data and an incomplete last event are skipped.

    Args:
        pieces: The body, split anywhere.

    Raises:
        InvalidResponseError: An event exceeds 16 MiB or 10,000 lines.
    """
    for event in _complete(pieces):
        if event.startswith("data: ") and "\n" not in event:
            if len(event) > 6:
                yield event[6:]
        else:
            yield from (parsed.data for parsed in _parse(event) if parsed.data)


def named_events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield each event's name and data as a JSON object, for services whose data is plain text.

    Args:
        pieces: The body, split anywhere.

    Raises:
        InvalidResponseError: An event exceeds 16 MiB or 10,000 lines.
    """
    for event in _complete(pieces):
        for parsed in _parse(event):
            yield json.dumps({"event": parsed.event, "data": parsed.data}).decode()


def _complete(pieces: Iterable[bytes]) -> Iterator[str]:
    for block in frames(pieces):
        # Invalid UTF-8 is replaced, as the standard requires.
        yield from block.decode("utf-8", "replace").removesuffix("\n\n").split("\n\n")


def _parse(event: str) -> Iterator[Any]:
    if event.count("\n") > MAX_LINES:
        raise InvalidResponseError(f"an event of the stream exceeds {MAX_LINES} lines", code="event_too_large")
    return iter(SSEClient(iter((f"{event}\n\n".encode(),))).events())


def frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks of complete events with LF line ends; each ends with a blank line.

    Args:
        pieces: The body, split anywhere.

    Raises:
        InvalidResponseError: An event exceeds 16 MiB.
    """
    held: list[bytes] = []  # the start of an event, joined only when it is complete
    size = 0
    after_cr = False  # the last byte was a CR, and its LF may still arrive
    for data in _skip_mark(pieces):
        if after_cr or b"\r" in data:
            rest = data.removeprefix(b"\n") if after_cr else data
            after_cr = data.endswith(b"\r")
            data = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")  # noqa: PLW2901
        if not data:
            continue  # it was the LF of a CRLF
        if not held and data.endswith(b"\n\n"):
            yield data  # complete events and nothing else, as most servers send them
            continue
        # The blank line may be split in two, so the search starts at the last byte held.
        tail = held[-1][-1:] if held else b""
        end = (tail + data).rfind(b"\n\n")
        if end < 0:
            held.append(data)
            size += len(data)
            if size > MAX_EVENT:
                raise InvalidResponseError(f"an event of the stream exceeds {MAX_EVENT} bytes", code="event_too_large")
            continue
        cut = end + 2 - len(tail)
        held.append(data[:cut])
        yield b"".join(held)
        held = [data[cut:]] if cut < len(data) else []
        size = len(data) - cut


def _skip_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    source = iter(pieces)
    start = b""
    for data in source:
        start += data
        if start and not (len(start) < len(_BOM) and _BOM.startswith(start)):
            start = start.removeprefix(_BOM)
            break
    if start:
        yield start
    yield from filter(None, source)
