"""Counting the tokens of a request by POST /responses/input_tokens.

Source: https://platform.openai.com/docs/api-reference/responses/input-tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_responses.encode import encode_prompt
from ai_lib.providers.dialects.openai_responses.quirks import quirks_from
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import merge_extensions, read_int
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["OPERATION"]


def _encode(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    return merge_extensions({"model": request.model, **encode_prompt(request, context, refuse)}, request.extensions)


def _decode(payload: Any, context: Context) -> int:
    tokens = read_int(payload.get("input_tokens")) if isinstance(payload, Mapping) else None
    if tokens is not None:
        return tokens
    if isinstance(payload, Mapping) and payload.get("error"):
        raise context.fail(payload)
    raise InvalidResponseError("the answer has no input_tokens", code="malformed_answer")


OPERATION = OperationFormat(quirks=quirks_from, encode=_encode, decode=_decode)
