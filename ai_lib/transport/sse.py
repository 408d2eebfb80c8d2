"""Server-sent events: bytes as they come, the data of each event as it is whole.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

sseclient-py reads the fields of an event. What it leaves to its caller is done here: it gets whole frames with LF
line ends only, without a byte order mark and bounded in size. An event that the stream breaks off is dropped, as
the standard says. The usual event, one line `data: ...`, has no fields to read and is taken as it stands: sseclient-py
needs 3 us for it, as much as all else that is done for an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sseclient import SSEClient

from ai_lib.errors import InvalidResponseError
from ai_lib.utils import json

__all__ = ["events", "named_events"]

# An event of 16 MiB: an image in base64 fits, a server that never ends a line does not fill the memory.
MAX_EVENT = 16 * 1024 * 1024
# sseclient-py takes time with the square of an event's lines; nobody sends more than a handful.
MAX_LINES = 10_000
_BOM = b"\xef\xbb\xbf"


def events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each event; comments, events without data and an unfinished last event are passed over.

    Args:
        pieces: The body, cut anywhere.

    Raises:
        InvalidResponseError: An event is longer than 16 MiB or has more than 10,000 lines.
    """
    for event in _whole(pieces):
        if event.startswith("data: ") and "\n" not in event:
            if len(event) > 6:
                yield event[6:]
        else:
            yield from (read.data for read in _read(event) if read.data)


def named_events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield each event's name and data as a JSON object, for services that put only plain text into the data.

    Args:
        pieces: As for `events`.

    Raises:
        InvalidResponseError: As for `events`.
    """
    for event in _whole(pieces):
        for read in _read(event):
            yield json.dumps({"event": read.event, "data": read.data}).decode()


def _whole(pieces: Iterable[bytes]) -> Iterator[str]:
    for block in frames(pieces):
        # Invalid UTF-8 is replaced, as the standard has it.
        yield from block.decode("utf-8", "replace").removesuffix("\n\n").split("\n\n")


def _read(event: str) -> Iterator[Any]:
    if event.count("\n") > MAX_LINES:
        raise InvalidResponseError(f"an event of the stream has more than {MAX_LINES} lines", code="event_too_large")
    return iter(SSEClient(iter((f"{event}\n\n".encode(),))).events())


def frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks of whole events with LF line ends; each ends with a blank line.

    Args:
        pieces: The body, cut anywhere.

    Raises:
        InvalidResponseError: An event is longer than 16 MiB.
    """
    held: list[bytes] = []  # what has come of an event that is not whole yet, joined only when it is
    size = 0
    after_cr = False  # whether the last byte was a CR, whose LF may still come
    for data in _without_mark(pieces):
        if after_cr or b"\r" in data:
            after_cr, data = data.endswith(b"\r"), _with_lf(data, after_cr)  # noqa: PLW2901
        if not data:
            continue  # it was the LF of a CRLF
        if not held and data.endswith(b"\n\n"):
            yield data  # whole events and nothing else, as most servers send them
            continue
        # The blank line may be cut in two, so the search begins with the last byte held.
        tail = held[-1][-1:] if held else b""
        end = (tail + data).rfind(b"\n\n")
        if end < 0:
            held.append(data)
            size += len(data)
            if size > MAX_EVENT:
                raise InvalidResponseError(
                    f"an event of the stream is longer than {MAX_EVENT} bytes", code="event_too_large"
                )
            continue
        cut = end + 2 - len(tail)
        held.append(data[:cut])
        yield b"".join(held)
        held = [data[cut:]] if cut < len(data) else []
        size = len(data) - cut


def _with_lf(data: bytes, after_cr: bool) -> bytes:
    """Return the bytes with CR and CRLF made LF; a first LF that ends the CR before it is dropped."""
    if after_cr:
        data = data.removeprefix(b"\n")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
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
