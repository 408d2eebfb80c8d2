"""Counting the tokens of a request by POST /responses/input_tokens.

Source: https://platform.openai.com/docs/api-reference/responses/input-tokens
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_responses.encode import encode_prompt
from ai_lib.providers.dialects.openai_responses.quirks import Quirks as Options
from ai_lib.providers.reading import merge_extensions, require_int
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["Options", "decode", "encode"]


def encode(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body for a request."""
    return merge_extensions({"model": request.model, **encode_prompt(request, context, refuse)}, request.extensions)


def decode(payload: Any, context: Context) -> int:
    """Return the number of tokens."""
    return require_int(payload, context, "input_tokens")
