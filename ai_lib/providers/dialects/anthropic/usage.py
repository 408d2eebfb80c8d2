"""Tokens, which this API counts in parts.

Sources: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance,
https://platform.claude.com/docs/en/build-with-claude/compaction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.providers.wire import count, first_count
from ai_lib.types.usage import Usage

__all__ = ["usage_of"]

_INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens, counted our way: the prompt with what was read from the cache and written to it.

    Passes that shorten the conversation are billed like the answer but not among its numbers, so they are added. What
    an advisor used is billed at another model's price and stays out, as in the provider's own numbers.
    """
    if not wire or not isinstance(wire, Mapping):
        return None
    if first_count(*(wire.get(field) for field in (*_INPUT, "output_tokens"))) is None:
        return None
    passes = [wire, *_compactions(wire.get("iterations"))]
    prompt = sum(_tokens(one, _INPUT) for one in passes)
    completion = sum(_tokens(one, ("output_tokens",)) for one in passes)
    details = wire.get("output_tokens_details") or {}
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=_summed(passes, "cache_read_input_tokens"),
        cache_write_tokens=_summed(passes, "cache_creation_input_tokens"),
        reasoning_tokens=count(details.get("thinking_tokens")),
    )


def _compactions(iterations: Any) -> list[Mapping[str, Any]]:
    return [one for one in iterations or () if isinstance(one, Mapping) and one.get("type") == "compaction"]


def _tokens(wire: Mapping[str, Any], fields: Iterable[str]) -> int:
    return sum(count(wire.get(field)) or 0 for field in fields)


def _summed(passes: Iterable[Mapping[str, Any]], field: str) -> int | None:
    told = [number for one in passes if (number := count(one.get(field))) is not None]
    return sum(told) if told else None
