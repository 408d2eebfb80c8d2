"""Token usage, which every service counts a little differently.

Source: https://platform.openai.com/docs/api-reference/chat/object (usage)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_cost, read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens in one way of counting: cached ones are part of the prompt, reasoning of the completion."""
    if not wire or not isinstance(wire, Mapping):
        return None
    prompt_parts = wire.get("prompt_tokens_details") or wire.get("prompt_token_details") or {}
    completion_parts = wire.get("completion_tokens_details") or {}
    prompt, completion, total = (read_int(wire.get(f"{kind}_tokens")) for kind in ("prompt", "completion", "total"))
    if completion is None:
        completion = max((total or 0) - (prompt or 0), 0)
    prompt = prompt or 0
    reasoning = first_int(completion_parts.get("reasoning_tokens"), wire.get("reasoning_tokens"))
    if reasoning:
        # xAI, Gemini and Gemma behind compatible fronts count reasoning in addition to the completion, not as a part.
        if total == prompt + completion + reasoning:
            completion += reasoning
        elif reasoning > completion:
            completion += reasoning
            total = max(total or 0, prompt + completion)
    return read_usage(
        prompt,
        completion,
        total,
        cached_tokens=first_int(
            prompt_parts.get("cached_tokens"),
            wire.get("cached_tokens"),
            wire.get("num_cached_tokens"),
            wire.get("prompt_cache_hit_tokens"),
        ),
        cache_write_tokens=first_int(
            prompt_parts.get("cache_creation_input_tokens"), prompt_parts.get("cache_write_tokens")
        ),
        reasoning_tokens=reasoning,
        audio_prompt_tokens=first_int(prompt_parts.get("audio_tokens")),
        audio_completion_tokens=first_int(completion_parts.get("audio_tokens")),
        cost=read_cost(wire),
    )
