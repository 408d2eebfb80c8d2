"""Requests of predictions, as several of their tests need them."""

from __future__ import annotations

import json
from typing import Any

from ai_lib.types.request import ChatCompletionRequest
from tests.support.wire_cases import adapter_for

__all__ = ["encode_request", "input_of"]


def encode_request(
    on_unsupported: Any = "raise", *, api: str | None = None, stream: bool = False, **fields: Any
) -> tuple[Any, dict[str, Any], list[str]]:
    """Return the HTTP request, its body, and what was left out."""
    request = ChatCompletionRequest(**{"model": "meta/meta-llama-3-70b-instruct", "messages": "hi", **fields})
    sent, left_out = adapter_for("replicate", api).chat_request(request, stream=stream, on_unsupported=on_unsupported)
    return sent, json.loads(sent.body or b""), [reason.partition(":")[0] for reason in left_out]


def input_of(**fields: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = encode_request(**fields)[1]["input"]
    return inputs
