"""A request as the body of POST /predictions: the inputs of a model.

Source: https://replicate.com/docs/reference/http#predictions.create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.replicate.messages import encode_messages
from ai_lib.providers.dialects.replicate.parts import encode_images
from ai_lib.providers.dialects.replicate.quirks import Quirks
from ai_lib.providers.reading import match_model, merge_extensions
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode", "headers"]

_INPUTS = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty")
_UNSUPPORTED = (
    *("stop", "n", "logit_bias", "logprobs", "top_logprobs", "tools", "tool_choice", "parallel_tool_calls"),
    *("response_format", "user", "metadata"),
)


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request."""
    quirks: Quirks = context.quirks
    inputs: dict[str, Any] = dict(encode_messages(request, refuse))
    inputs |= {field: value for field in _INPUTS if (value := getattr(request, field)) is not None}
    if request.max_tokens is not None:
        inputs[match_model(quirks.limit, request.model) or "max_tokens"] = request.max_tokens
    effort = match_model(quirks.efforts, request.model)
    if effort and isinstance(request.reasoning, str):
        inputs[effort] = request.reasoning
    elif request.reasoning is not None:
        refuse("reasoning", f"{request.model} is not known to accept it; see its inputs")
    inputs |= encode_images(request, quirks, refuse)
    for field in _UNSUPPORTED:
        if getattr(request, field):
            refuse(field, 'each model has its own inputs; if this one has it, pass extensions={"input": {...}}')
    body: dict[str, Any] = {"version": request.model} if quirks.version else {}
    body["input"] = inputs
    if stream:
        body["stream"] = True
    return merge_extensions(body, request.extensions, reserved=frozenset({"stream"}))


def headers(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the header that holds the response until the answer is complete, for at most a minute.

    A stream goes without: the URL to read it from must come at once.
    """
    return {} if body.get("stream") else {"Prefer": "wait"}
