"""Tokens, which this API counts in parts.

Sources: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance,
https://platform.claude.com/docs/en/build-with-claude/compaction
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]

# Tokens read from the cache and written to it are not among input_tokens.
_INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens of the answer itself, or None where the provider counts none.

    What was used in addition (passes that shorten the conversation, an advisor, which is billed at the price of another
    model) is not in these numbers of the provider; `iterations` of the raw usage holds it.
    """
    if not wire or not isinstance(wire, Mapping):
        return None
    if first_int(*(wire.get(field) for field in (*_INPUT, "output_tokens"))) is None:
        return None
    details = wire.get("output_tokens_details") or {}
    written = wire.get("cache_creation") or {}
    return read_usage(
        sum(read_int(wire.get(field)) or 0 for field in _INPUT),
        read_int(wire.get("output_tokens")),
        cached_tokens=read_int(wire.get("cache_read_input_tokens")),
        cache_write_tokens=read_int(wire.get("cache_creation_input_tokens")),
        cache_write_1h_tokens=read_int(written.get("ephemeral_1h_input_tokens")),
        reasoning_tokens=read_int(details.get("thinking_tokens")),
    )
