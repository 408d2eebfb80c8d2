"""Tokens.

Source: https://ai.google.dev/api/generate-content#UsageMetadata
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import read_int, read_usage
from ai_lib.types.usage import Usage

__all__ = ["decode_usage"]


def decode_usage(wire: Any) -> Usage | None:
    """Return the tokens, or None where the event counts none: the first of a stream may hold only the traffic type.

    Thoughts are part of the completion. What the tools of the service read is only in the total.
    """
    if not isinstance(wire, Mapping):
        return None
    prompt = read_int(wire.get("promptTokenCount"))
    answer = read_int(wire.get("candidatesTokenCount"))
    total = read_int(wire.get("totalTokenCount"))
    if prompt is None and answer is None and total is None:
        return None
    thoughts = read_int(wire.get("thoughtsTokenCount"))
    return read_usage(
        prompt,
        (answer or 0) + (thoughts or 0),
        total,
        cached_tokens=read_int(wire.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        audio_prompt_tokens=_audio_tokens(wire.get("promptTokensDetails")),
        audio_completion_tokens=_audio_tokens(wire.get("candidatesTokensDetails")),
    )


def _audio_tokens(details: Any) -> int | None:
    for item in details if isinstance(details, list) else ():
        if item.get("modality") == "AUDIO":
            return read_int(item.get("tokenCount"))
    return None
