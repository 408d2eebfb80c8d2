"""Tokens and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_cost, read_int
from ai_lib.types.usage import Usage

__all__ = ["usage_of"]


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens; what was cached and what was reasoned is inside the sums."""
    if not wire or not isinstance(wire, Mapping):
        return None
    into, out = wire.get("input_tokens_details") or {}, wire.get("output_tokens_details") or {}
    prompt, completion = read_int(wire.get("input_tokens")) or 0, read_int(wire.get("output_tokens")) or 0
    total = read_int(wire.get("total_tokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion if total is None else total,
        # The second names are Perplexity's.
        cached_tokens=first_int(into.get("cached_tokens"), into.get("cache_read_input_tokens")),
        cache_write_tokens=first_int(into.get("cache_write_tokens"), into.get("cache_creation_input_tokens")),
        reasoning_tokens=read_int(out.get("reasoning_tokens")),
        audio_prompt_tokens=read_int(into.get("audio_tokens")),
        audio_completion_tokens=read_int(out.get("audio_tokens")),
        cost=read_cost(wire),
    )
