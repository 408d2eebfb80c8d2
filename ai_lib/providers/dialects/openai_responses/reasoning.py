"""Reasoning, both ways: requested as an effort, kept encrypted by the caller, read as text or as a summary.

Source: https://platform.openai.com/docs/guides/reasoning
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.providers.reading import match_model, read_text
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["decode_reasoning", "encode_reasoning", "needs_encrypted_reasoning"]


def encode_reasoning(reasoning: str | int, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the fields that request an effort; a number of tokens is refused."""
    if isinstance(reasoning, int):
        refuse("reasoning", "the provider accepts an effort such as 'low', not a number of tokens")
        return {}
    summary = {"summary": quirks.summary} if quirks.summary is not None and reasoning != "none" else {}
    return {"reasoning": {"effort": reasoning, **summary}}


def needs_encrypted_reasoning(request: ChatCompletionRequest, quirks: Quirks) -> bool:
    """Return whether to request the reasoning in the encrypted form that can go back where the service keeps nothing.

    OpenAI rejects the request for models that do not reason, hence the table by model.
    """
    if quirks.sealed_reasoning is None:
        return False
    sealed: bool | None = match_model(quirks.sealed_reasoning, request.model)
    return request.reasoning not in (None, "none") if sealed is None else sealed


def decode_reasoning(item: Mapping[str, Any]) -> list[str]:
    """Return the paragraphs of a reasoning item: the reasoning itself, which open models show, else its summary."""
    for field in ("content", "summary"):
        paragraphs = [text for part in item.get(field) or () if (text := read_text(part.get("text")))]
        if paragraphs:
            return paragraphs
    return []
