"""Tokens.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens; inputTokens does not include those read from the cache and written to it."""
    if not wire or not isinstance(wire, Mapping):
        return None
    read, written = read_int(wire.get("cacheReadInputTokens")), read_int(wire.get("cacheWriteInputTokens"))
    prompt = (read_int(wire.get("inputTokens")) or 0) + (read or 0) + (written or 0)
    completion, total = read_int(wire.get("outputTokens")), read_int(wire.get("totalTokens"))
    return read_usage(prompt, completion, total, cached_tokens=read, cache_write_tokens=written)
