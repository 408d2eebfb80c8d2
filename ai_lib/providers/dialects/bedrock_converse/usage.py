"""Tokens.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import first_int, read_int
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens; inputTokens does not include those read from the cache and written to it."""
    if not wire or not isinstance(wire, Mapping):
        return None
    read, written = first_int(wire.get("cacheReadInputTokens")), first_int(wire.get("cacheWriteInputTokens"))
    prompt = (read_int(wire.get("inputTokens")) or 0) + (read or 0) + (written or 0)
    completion = read_int(wire.get("outputTokens")) or 0
    total = read_int(wire.get("totalTokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion if total is None else total,
        cached_tokens=read,
        cache_write_tokens=written,
    )
