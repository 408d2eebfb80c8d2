"""Token usage.

Source: https://docs.cohere.com/reference/chat (usage)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_int
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens that were read and written; the tokens billed, which are far fewer, stay in `raw`."""
    if not wire or not isinstance(wire, Mapping):
        return None
    tokens = wire.get("tokens") or wire.get("billed_units") or {}
    prompt, completion = read_int(tokens.get("input_tokens")) or 0, read_int(tokens.get("output_tokens")) or 0
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=first_int(wire.get("cached_tokens")),
    )
