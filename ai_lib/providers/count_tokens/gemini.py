"""Counting the tokens of a request at the Gemini API and at Vertex AI.

Sources: https://ai.google.dev/api/tokens#method:-models.counttokens,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.gemini.encode import encode
from ai_lib.providers.dialects.gemini.quirks import quirks_from
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import quirks_reader, read_int
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["OPERATION", "Options"]

# What Vertex AI counts of a request; it refuses the rest.
_COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")


@attrs.frozen(kw_only=True)
class Options:
    """What differs between the services.

    Args:
        wrapped: Whether the request goes whole, as one field beside which there is no other.
        dialect: The dialect's switches.
    """

    wrapped: bool = True
    dialect: Mapping[str, Any] = attrs.field(factory=dict)


def _encode(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    options: Options = context.quirks
    body = encode(request, False, attrs.evolve(context, quirks=quirks_from(options.dialect)), refuse)
    if options.wrapped:
        model = request.model or ""
        return {"generateContentRequest": {"model": model if "/" in model else f"models/{model}", **body}}
    return {field: body[field] for field in _COUNTED if field in body}


def _decode(payload: Any, context: Context) -> int:
    if isinstance(payload, Mapping) and payload.get("error"):
        raise context.fail(payload)
    tokens = read_int(payload.get("totalTokens")) if isinstance(payload, Mapping) else None
    if tokens is None:
        raise InvalidResponseError("the answer has no totalTokens", code="malformed_answer")
    return tokens


OPERATION = OperationFormat(quirks=quirks_reader(Options, "count_tokens format gemini"), encode=_encode, decode=_decode)
