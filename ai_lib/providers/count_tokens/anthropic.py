"""Counting the tokens of a request by POST /v1/messages/count_tokens.

Source: https://platform.claude.com/docs/en/build-with-claude/token-counting
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.anthropic.encode import encode_prompt, headers
from ai_lib.providers.dialects.anthropic.quirks import Quirks as Options
from ai_lib.providers.operation import Content
from ai_lib.providers.reading import merge_extensions, require_int
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.utils import json

__all__ = ["Options", "decode", "encode"]


def encode(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> Content:
    """Return the body for a request, with the headers for the beta features it uses."""
    body = merge_extensions({"model": request.model, **encode_prompt(request, context, refuse)}, request.extensions)
    return Content(body=json.dumps(body), headers={"Content-Type": "application/json", **headers(body)})


def decode(payload: Any, context: Context) -> int:
    """Return the number of tokens."""
    return require_int(payload, context, "input_tokens")
