"""Reasoning: how a model is made to think, and the signatures of its thoughts.

Sources: https://ai.google.dev/gemini-api/docs/thinking, https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.gemini.quirks import Quirks
from ai_lib.providers.reading import match_model
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["add_missing_signature", "decode_call_data", "encode_reasoning"]


def encode_reasoning(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the fields of generationConfig for `reasoning`."""
    reasoning, words = request.reasoning, match_model(quirks.thinking, request.model) or {}
    if reasoning is None:
        return {}
    value = reasoning if isinstance(reasoning, int) else words.get(reasoning)
    if not words:
        refuse("reasoning", "the model does not think before it answers")
    elif value is None:
        refuse("reasoning", f"the model supports only {', '.join(words)} or a number of tokens, not {reasoning!r}")
    else:
        field = "thinkingLevel" if isinstance(value, str) else "thinkingBudget"
        # Thoughts come back only on request.
        return {"thinkingConfig": {field: value, **({} if value == 0 else {"includeThoughts": True})}}
    return {}


def add_missing_signature(parts: Iterable[dict[str, Any]], model: str | None, quirks: Quirks) -> None:
    """Set a stand-in on the first call where no call has a signature: newer models reject calls without any."""
    calls = [part for part in parts if "functionCall" in part]
    stand_in = match_model(quirks.signature, model)
    if calls and stand_in and not any("thoughtSignature" in part for part in calls):
        calls[0]["thoughtSignature"] = stand_in


def decode_call_data(part: Mapping[str, Any], owner: str) -> dict[str, Any] | None:
    """Return what a call must bring back: its signature, under its owner; None where it has none."""
    signature = part.get("thoughtSignature")
    return {owner: {"thoughtSignature": signature}} if signature else None
