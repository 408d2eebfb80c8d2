"""Tokens, which this API counts in parts.

Sources: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance,
https://platform.claude.com/docs/en/build-with-claude/compaction
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import count, first_count
from ai_lib.types.usage import Usage

__all__ = ["usage_of"]

_INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens, counted our way: the prompt with what was read from the cache and written to it.

    They are those of the answer itself. What was used besides (passes that shorten the conversation, an advisor, which
    is billed at another model's price) is not among the provider's own numbers: `iterations` of the raw usage has it.
    """
    if not wire or not isinstance(wire, Mapping):
        return None
    if first_count(*(wire.get(field) for field in (*_INPUT, "output_tokens"))) is None:
        return None
    prompt = sum(count(wire.get(field)) or 0 for field in _INPUT)
    completion = count(wire.get("output_tokens")) or 0
    details = wire.get("output_tokens_details") or {}
    written = wire.get("cache_creation") or {}
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=count(wire.get("cache_read_input_tokens")),
        cache_write_tokens=count(wire.get("cache_creation_input_tokens")),
        cache_write_1h_tokens=count(written.get("ephemeral_1h_input_tokens")),
        reasoning_tokens=count(details.get("thinking_tokens")),
    )
