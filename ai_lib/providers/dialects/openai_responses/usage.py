"""Token usage, and its cost where the provider returns it.

Source: https://platform.openai.com/docs/api-reference/responses/object (usage)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_cost, read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens; cached ones are part of the prompt, reasoning of the completion."""
    if not wire or not isinstance(wire, Mapping):
        return None
    prompt_parts, completion_parts = wire.get("input_tokens_details") or {}, wire.get("output_tokens_details") or {}
    return read_usage(
        *(read_int(wire.get(f"{kind}_tokens")) for kind in ("input", "output", "total")),
        # The second names are Perplexity's.
        cached_tokens=first_int(prompt_parts.get("cached_tokens"), prompt_parts.get("cache_read_input_tokens")),
        cache_write_tokens=first_int(
            prompt_parts.get("cache_write_tokens"), prompt_parts.get("cache_creation_input_tokens")
        ),
        reasoning_tokens=read_int(completion_parts.get("reasoning_tokens")),
        audio_prompt_tokens=read_int(prompt_parts.get("audio_tokens")),
        audio_completion_tokens=read_int(completion_parts.get("audio_tokens")),
        cost=read_cost(wire),
    )
