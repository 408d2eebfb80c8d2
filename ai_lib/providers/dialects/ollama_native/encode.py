"""A request as the body of POST /api/chat.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.ollama_native.messages import encode_messages
from ai_lib.providers.dialects.ollama_native.quirks import Quirks
from ai_lib.providers.dialects.ollama_native.reasoning import encode_reasoning
from ai_lib.providers.reading import merge_extensions, refuse_fields
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import NamedTool, Tool

__all__ = ["encode"]

# Fields that go into `options`, and their names there.
_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "num_predict",
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_PLAIN = ("logprobs", "top_logprobs")
_UNSUPPORTED = dict.fromkeys(
    ("n", "logit_bias", "parallel_tool_calls", "user", "metadata"), "the API has no such field"
)


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request, which always says whether to stream: the server does by default."""
    messages = encode_messages(request.messages, context, refuse)
    body: dict[str, Any] = {"model": request.model, "messages": messages, "stream": stream}
    options = {name: value for field, name in _OPTIONS.items() if (value := getattr(request, field)) not in (None, ())}
    if options:
        body["options"] = options
    body |= {field: value for field in _PLAIN if (value := getattr(request, field)) is not None}
    refuse_fields(request, _UNSUPPORTED, {}, refuse)
    choice = request.tool_choice
    if choice == "required" or isinstance(choice, NamedTool):
        refuse("tool_choice", "the model itself decides whether it calls a tool")
    if request.tools and choice != "none":  # leaving the tools out is the only way to forbid them
        body["tools"] = [_encode_tool(tool, refuse) for tool in request.tools]
    form = request.response_format
    if form is not None:  # the server holds every answer to the schema: there is no switch for `strict`
        body["format"] = "json" if form.kind == "json_object" else form.schema
    if request.reasoning is not None:
        body |= encode_reasoning(request.reasoning, refuse)
    quirks: Quirks = context.quirks
    defaults = {field: value for field, value in quirks.send.items() if field not in request.extensions}
    return merge_extensions({**body, **defaults}, request.extensions)


def _encode_tool(tool: Tool, refuse: Refuse) -> dict[str, Any]:
    if tool.strict is not None:
        refuse("strict", "arguments cannot be held to a schema")
    if tool.cache is not None:
        refuse("cache", "the server caches automatically")
    description = {} if tool.description is None else {"description": tool.description}
    return {"type": "function", "function": {"name": tool.name, **description, "parameters": tool.parameters}}
