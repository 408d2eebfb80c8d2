"""Counting the tokens of a request at the Gemini API and at Vertex AI.

Sources: https://ai.google.dev/api/tokens#method:-models.counttokens,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.gemini.encode import encode as encode_chat
from ai_lib.providers.dialects.gemini.quirks import quirks_from
from ai_lib.providers.reading import require_int
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["Options", "decode", "encode"]

# The fields that Vertex AI counts; it rejects any other.
_COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one service.

    Args:
        wrapped: Whether the whole request is sent inside one field; no other field may then stand next to it.
        dialect: The dialect's quirks.
    """

    wrapped: bool = True
    dialect: Mapping[str, Any] = attrs.field(factory=dict)


def encode(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request."""
    options: Options = context.quirks
    body = encode_chat(request, False, attrs.evolve(context, quirks=quirks_from(options.dialect)), refuse)
    if options.wrapped:
        model = request.model or ""
        return {"generateContentRequest": {"model": model if "/" in model else f"models/{model}", **body}}
    return {field: body[field] for field in _COUNTED if field in body}


def decode(payload: Any, context: Context) -> int:
    """Return the number of tokens."""
    return require_int(payload, context, "totalTokens")
