"""AWS event streams: bytes as they come, each frame as a JSON object under the name of its event.

A frame is its length, the length of its headers, a CRC of both, the headers, the payload and a CRC of everything.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html (the encoding is the same for all
services), and botocore.eventstream.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.utils import json

__all__ = ["events"]

MAX_FRAME = 16 * 1024 * 1024
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_SHORT = struct.Struct(">H")
_STRING = 7
# Headers up to this size are remembered; those of Bedrock take about 80 bytes.
_SMALL = 256
# The size of a header's value for each type; None where two bytes before it tell the size.
_SIZES: dict[int, int | None] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: None, _STRING: None, 8: 8, 9: 16}


def events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield each frame as JSON: {event type: payload}, and for an exception {"exception": {"type", ...payload}}.

    Whether a payload is JSON is for its reader to find out.
    A frame that the stream breaks off is dropped, so that its missing end is seen by whoever waits for the last event.

    Args:
        pieces: The body, cut anywhere.

    Raises:
        InvalidResponseError: A checksum is wrong, or a frame is malformed or longer than 16 MiB.
    """
    for frame in _frames(pieces):
        try:
            yield _event(frame)
        except (LookupError, ValueError, struct.error, RecursionError) as exc:
            raise InvalidResponseError(f"a frame of the stream is malformed: {exc}", code="malformed_event") from exc


def _frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _PRELUDE.size:
            total, headers, crc = _PRELUDE.unpack_from(held)
            if zlib.crc32(held[:8]) != crc:
                raise InvalidResponseError("the checksum of a frame's beginning is wrong", code="malformed_event")
            if total < _PRELUDE.size + headers + _CRC.size:
                raise InvalidResponseError("a frame is shorter than its parts", code="malformed_event")
            if total > MAX_FRAME:
                raise InvalidResponseError(
                    f"a frame of the stream is longer than {MAX_FRAME} bytes", code="event_too_large"
                )
            if len(held) < total:
                break
            frame = bytes(held[:total])
            del held[:total]
            if zlib.crc32(frame[:-4]) != _CRC.unpack(frame[-4:])[0]:
                raise InvalidResponseError("the checksum of a frame is wrong", code="malformed_event")
            yield frame


def _event(frame: bytes) -> str:
    _, size, _ = _PRELUDE.unpack_from(frame)
    end = _PRELUDE.size + size
    packed = frame[_PRELUDE.size : end]
    headers = _same_headers(packed) if size <= _SMALL else dict(_headers(packed))
    payload = frame[end : -_CRC.size]
    if headers.get(":message-type") == "event":
        # The payload is put in as it stands: whoever reads the event decodes it, once.
        return f"{{{json.dumps(headers[':event-type']).decode()}:{payload.decode() or '{}'}}}"
    kind = headers.get(":exception-type") or headers.get(":error-code") or "unknown"
    message = headers.get(":error-message")
    told = {"type": kind, **({"message": message} if message else {}), **_told(payload)}
    return json.dumps({"exception": told}).decode()


def _told(payload: bytes) -> dict[str, Any]:
    """Return what an exception says of itself; it need not be JSON for the exception to count."""
    try:
        found = json.loads(payload or b"{}")
    except ValueError:
        found = payload.decode("utf-8", "replace")
    return found if isinstance(found, dict) else {"message": found}


@lru_cache(maxsize=32)
def _same_headers(packed: bytes) -> Mapping[str, str]:
    """Return the headers, which are the same bytes in every event of a kind."""
    return dict(_headers(packed))


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(data):
        start, at = at + 1, at + 1 + data[at]
        name, kind = data[start:at].decode(), data[at]
        at += 1
        size = _SIZES[kind]
        if size is None:
            (size,) = _SHORT.unpack_from(data, at)
            at += _SHORT.size
        if at + size > len(data):
            raise ValueError("a header is longer than all headers together")
        if kind == _STRING:
            yield name, data[at : at + size].decode()
        at += size
