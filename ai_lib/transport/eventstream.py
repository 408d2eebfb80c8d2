"""AWS event streams: from pieces of a body to one JSON object per frame, under the name of its event.

A frame is its length, the length of its headers, a CRC of both, the headers, the payload and a CRC of everything.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html (the encoding is the same for all
services), and botocore.eventstream.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from ai_lib.errors import InvalidResponseError
from ai_lib.utils import json

__all__ = ["events"]

MAX_FRAME = 16 * 1024 * 1024
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_SHORT = struct.Struct(">H")
_STRING = 7
# Headers up to this size are cached; those of Bedrock take about 80 bytes.
_MAX_CACHED = 256
# The size of a header's value by its type; None if two bytes before the value hold the size.
_SIZES: dict[int, int | None] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: None, _STRING: None, 8: 8, 9: 16}


def events(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield each frame as JSON: {event type: payload}, and for an exception {"exception": {"type", ...payload}}.

    The payload is copied without being parsed: the reader of the event parses it, once. An incomplete last frame is
    dropped; the reader notices that the final event is missing.

    Args:
        pieces: The body, split anywhere.

    Raises:
        InvalidResponseError: A checksum does not match, or a frame is malformed or exceeds 16 MiB.
    """
    for frame in _frames(pieces):
        try:
            yield _decode(frame)
        except (LookupError, ValueError, struct.error, RecursionError) as exc:
            raise InvalidResponseError(f"a frame of the stream is malformed: {exc}", code="malformed_event") from exc


def _frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _PRELUDE.size:
            total, headers, crc = _PRELUDE.unpack_from(held)
            if zlib.crc32(held[:8]) != crc:
                raise InvalidResponseError("frame prelude checksum mismatch", code="malformed_event")
            if total < _PRELUDE.size + headers + _CRC.size:
                raise InvalidResponseError("a frame is shorter than its headers", code="malformed_event")
            if total > MAX_FRAME:
                raise InvalidResponseError(f"a frame of the stream exceeds {MAX_FRAME} bytes", code="event_too_large")
            if len(held) < total:
                break
            frame = bytes(held[:total])
            del held[:total]
            if zlib.crc32(frame[:-4]) != _CRC.unpack(frame[-4:])[0]:
                raise InvalidResponseError("frame checksum mismatch", code="malformed_event")
            yield frame


def _decode(frame: bytes) -> str:
    _, size, _ = _PRELUDE.unpack_from(frame)
    end = _PRELUDE.size + size
    packed = frame[_PRELUDE.size : end]
    headers = _cached_headers(packed) if size <= _MAX_CACHED else _read_headers(packed)
    payload = frame[end : -_CRC.size]
    if headers.get(":message-type") == "event":
        return f"{{{json.dumps(headers[':event-type']).decode()}:{payload.decode() or '{}'}}}"
    error = {"type": headers.get(":exception-type") or headers.get(":error-code") or "unknown"}
    if headers.get(":error-message"):
        error["message"] = headers[":error-message"]
    try:
        details = json.loads(payload or b"{}")
    except ValueError:  # the exception counts even if its payload is not JSON
        details = payload.decode("utf-8", "replace")
    error |= details if isinstance(details, dict) else {"message": details}
    return json.dumps({"exception": error}).decode()


def _read_headers(data: bytes) -> dict[str, str]:
    """Return the headers that are strings."""
    headers: dict[str, str] = {}
    position = 0
    while position < len(data):
        start, position = position + 1, position + 1 + data[position]
        name, kind = data[start:position].decode(), data[position]
        position += 1
        size = _SIZES[kind]
        if size is None:
            (size,) = _SHORT.unpack_from(data, position)
            position += _SHORT.size
        if position + size > len(data):
            raise ValueError("a header is longer than all headers together")
        if kind == _STRING:
            headers[name] = data[position : position + size].decode()
        position += size
    return headers


# The headers are the same bytes in every event of a kind.
_cached_headers = lru_cache(maxsize=32)(_read_headers)
