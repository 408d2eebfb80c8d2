"""The JSON codec; no other module chooses one.

msgspec is several times faster than the standard library and as strict as RFC 8259. What it refuses although servers
send it (NaN in log probabilities, half of a surrogate pair, integers beyond 64 bits) is read by the standard library.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["dumps", "loads"]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def loads(data: bytes | str) -> Any:
    """Return the value of a JSON document; raise ValueError for text that is not JSON."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(data)


def dumps(value: Any) -> bytes:
    """Return a value as JSON in UTF-8; raise TypeError where it cannot be represented so."""
    return _encode(value)
