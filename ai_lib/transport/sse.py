"""Server-sent events: bytes as they come, the data of each event as it is whole.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

sseclient-py reads the fields of an event. What it leaves to its caller is done here: it gets whole frames with LF
line ends only, in UTF-8, without a byte order mark and bounded in size. An event that the stream breaks off is dropped,
as the standard says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sseclient import SSEClient

from ai_lib.errors import InvalidResponseError

__all__ = ["events"]

# An event of 16 MiB: an image in base64 fits, a server that never ends a line does not fill the memory.
MAX_EVENT = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


def events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each event; comments, events without data and an unfinished last event are passed over.

    Args:
        pieces: The body, cut anywhere.

    Raises:
        InvalidResponseError: An event is longer than 16 MiB.
    """
    for event in SSEClient(frames(pieces)).events():
        yield event.data


def frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks of whole events with LF line ends; each ends with a blank line.

    Args:
        pieces: The body, cut anywhere.
    """
    held: list[bytes] = []  # what has come of an event that is not whole yet, joined only when it is
    size = 0
    after_cr = False  # whether the last byte was a CR, whose LF may still come
    first = True
    for data in pieces:
        if first:
            held.append(data)
            data = b"".join(held)
            held.clear()
            if len(data) < len(_BOM) and _BOM.startswith(data):
                held.append(data)
                continue
            data = data.removeprefix(_BOM)
            first = False
        if after_cr and data.startswith(b"\n"):
            data = data[1:]
            after_cr = False
        if b"\r" in data:
            after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        elif data:
            after_cr = False
        # The blank line may be cut in two, so the search begins with the last byte held.
        tail = held[-1][-1:] if held else b""
        end = (tail + data).rfind(b"\n\n")
        if end < 0:
            if data:
                held.append(data)
                size += len(data)
            if size > MAX_EVENT:
                raise InvalidResponseError(f"an event of the stream is longer than {MAX_EVENT} bytes", code="event_too_large")
            continue
        cut = end + 2 - len(tail)
        held.append(data[:cut])
        yield _utf8(b"".join(held))
        held = [data[cut:]] if cut < len(data) else []
        size = len(data) - cut


def _utf8(block: bytes) -> bytes:
    """Return the block with what is not UTF-8 replaced, as the standard has it."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return block.decode("utf-8", "replace").encode()
    return block
