"""Tokens, which every service counts a little differently."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ai_lib.providers.reading import count, first_count, money
from ai_lib.types.usage import Usage

__all__ = ["usage_of"]


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens, counted one way: what was cached inside the prompt, reasoning inside the completion."""
    if not wire or not isinstance(wire, Mapping):
        return None
    into = wire.get("prompt_tokens_details") or wire.get("prompt_token_details") or {}
    out = wire.get("completion_tokens_details") or {}
    prompt, completion, total = (count(wire.get(f"{kind}_tokens")) for kind in ("prompt", "completion", "total"))
    if completion is None:
        completion = max((total or 0) - (prompt or 0), 0)
    prompt = prompt or 0
    reasoning = first_count(out.get("reasoning_tokens"), wire.get("reasoning_tokens"))
    if reasoning:
        # xAI, Gemini and Gemma behind compatible fronts count reasoning beside the completion instead of inside.
        if total == prompt + completion + reasoning:
            completion += reasoning
        elif reasoning > completion:
            completion += reasoning
            total = max(total or 0, prompt + completion)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion if total is None else total,
        cached_tokens=first_count(
            into.get("cached_tokens"),
            wire.get("cached_tokens"),
            wire.get("num_cached_tokens"),
            wire.get("prompt_cache_hit_tokens"),
        ),
        cache_write_tokens=first_count(into.get("cache_creation_input_tokens"), into.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        audio_prompt_tokens=first_count(into.get("audio_tokens")),
        audio_completion_tokens=first_count(out.get("audio_tokens")),
        cost=_money(wire.get("cost")),
    )


def _money(value: Any) -> Decimal | None:
    return money(value.get("total_cost") if isinstance(value, Mapping) else value)  # an object at Perplexity
