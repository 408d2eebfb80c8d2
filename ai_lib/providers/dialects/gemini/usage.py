"""Tokens.

Source: https://ai.google.dev/api/generate-content#UsageMetadata
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.reading import count
from ai_lib.types.usage import Usage

__all__ = ["usage_of"]


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens: thoughts are part of the completion. What the service's own tools read is only in the total.

    The first events of a stream may tell only the kind of traffic.
    """
    if not isinstance(wire, Mapping):
        return None
    prompt, answer, total = (
        count(wire.get("promptTokenCount")),
        count(wire.get("candidatesTokenCount")),
        count(wire.get("totalTokenCount")),
    )
    if prompt is None and answer is None and total is None:
        return None
    thoughts = count(wire.get("thoughtsTokenCount"))
    made = (answer or 0) + (thoughts or 0)
    return Usage(
        prompt_tokens=prompt or 0,
        completion_tokens=made,
        total_tokens=(prompt or 0) + made if total is None else total,
        cached_tokens=count(wire.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        audio_prompt_tokens=_audio(wire.get("promptTokensDetails")),
        audio_completion_tokens=_audio(wire.get("candidatesTokensDetails")),
    )


def _audio(details: Any) -> int | None:
    for item in details if isinstance(details, list) else ():
        if item.get("modality") == "AUDIO":
            return count(item.get("tokenCount"))
    return None
