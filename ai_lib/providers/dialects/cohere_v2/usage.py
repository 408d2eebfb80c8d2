"""Token usage.

Source: https://docs.cohere.com/reference/chat (usage)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens that were read and written; the tokens billed, which are far fewer, stay in `raw`."""
    if not wire or not isinstance(wire, Mapping):
        return None
    tokens = wire.get("tokens") or wire.get("billed_units") or {}
    prompt, completion = read_int(tokens.get("input_tokens")), read_int(tokens.get("output_tokens"))
    return read_usage(prompt, completion, cached_tokens=read_int(wire.get("cached_tokens")))
