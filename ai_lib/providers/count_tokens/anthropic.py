"""Counting the tokens of a request by POST /v1/messages/count_tokens.

Source: https://platform.claude.com/docs/en/build-with-claude/token-counting
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.anthropic.encode import encode_prompt, headers
from ai_lib.providers.dialects.anthropic.quirks import quirks_from
from ai_lib.providers.operation import Content, OperationFormat
from ai_lib.providers.reading import merge_extensions, read_int
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.utils import json

__all__ = ["OPERATION"]


def _encode(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> Content:
    body = merge_extensions({"model": request.model, **encode_prompt(request, context, refuse)}, request.extensions)
    return Content(body=json.dumps(body), headers={"Content-Type": "application/json", **headers(body)})


def _decode(payload: Any, context: Context) -> int:
    tokens = read_int(payload.get("input_tokens")) if isinstance(payload, Mapping) else None
    if tokens is not None:
        return tokens
    if isinstance(payload, Mapping) and (payload.get("type") == "error" or payload.get("error")):
        raise context.fail(payload)
    raise InvalidResponseError("the answer has no input_tokens", code="malformed_answer")


OPERATION = OperationFormat(quirks=quirks_from, encode=_encode, decode=_decode)
