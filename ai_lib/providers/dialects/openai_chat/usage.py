"""Tokens, which every service counts a little differently."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ai_lib.types.usage import Usage

__all__ = ["count", "usage_of"]


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
    reasoning = _first(out.get("reasoning_tokens"), wire.get("reasoning_tokens"))
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
        cached_tokens=_first(
            into.get("cached_tokens"),
            wire.get("cached_tokens"),
            wire.get("num_cached_tokens"),
            wire.get("prompt_cache_hit_tokens"),
        ),
        cache_write_tokens=_first(into.get("cache_creation_input_tokens"), into.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        audio_prompt_tokens=_first(into.get("audio_tokens")),
        audio_completion_tokens=_first(out.get("audio_tokens")),
        cost=_money(wire.get("cost")),
    )


def count(value: Any) -> int | None:
    """Return a JSON number as a whole number, or None for anything else."""
    counts = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if counts else None


def _first(*values: Any) -> int | None:
    for value in values:
        if (number := count(value)) is not None:
            return number
    return None


def _money(value: Any) -> Decimal | None:
    if isinstance(value, Mapping):  # Perplexity
        value = value.get("total_cost")
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
