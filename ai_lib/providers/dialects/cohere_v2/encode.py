"""A request as the body of POST /v2/chat.

Source: https://docs.cohere.com/reference/chat
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.cohere_v2.messages import encode_messages
from ai_lib.providers.dialects.cohere_v2.reasoning import encode_reasoning
from ai_lib.providers.reading import merge_extensions, refuse_fields
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import NamedTool, Tool, ToolChoice

__all__ = ["encode"]

# Fields whose value is sent unchanged, and their names on the wire.
_PLAIN = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "max_tokens": "max_tokens",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logprobs": "logprobs",
    "stop": "stop_sequences",
}
_UNSUPPORTED = {
    "n": "the API returns one answer for each request",
    "logit_bias": "the API has no such field",
    "top_logprobs": "only the chosen tokens come with their probabilities; pass logprobs alone",
    "user": "the API has no such field",
    "metadata": "the API has no such field",
    "parallel_tool_calls": "the model may always call several tools in one turn",
}
# Values that request what the API does anyway.
_DEFAULTS = {"n": 1, "parallel_tool_calls": True}
_TOOL_CHOICES = {"none": "NONE", "required": "REQUIRED"}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request."""
    messages, documents = encode_messages(request.messages, context, refuse)
    body: dict[str, Any] = {"model": request.model, "messages": messages}
    if documents:
        body["documents"] = documents
    for field, name in _PLAIN.items():
        if (value := getattr(request, field)) not in (None, ()):
            body[name] = value
    refuse_fields(request, _UNSUPPORTED, _DEFAULTS, refuse)
    if request.tools:
        body |= _encode_tools(request.tools, request.tool_choice, refuse)
    if request.response_format is not None:
        # The field is json_schema in the reference and in the vendor's package; older guides say schema. The answer is
        # always held to it: https://docs.cohere.com/docs/structured-outputs
        schema = request.response_format.schema
        body["response_format"] = {"type": "json_object", **({} if schema is None else {"json_schema": schema})}
    if request.reasoning is not None:
        body |= encode_reasoning(request.reasoning, context.quirks, refuse)
    if stream:
        body["stream"] = True
    # Reserved even where the body does not set it: an extension must not turn a whole answer into a stream.
    return merge_extensions(body, request.extensions, reserved=frozenset({"stream"}))


def _encode_tools(tools: tuple[Tool, ...], choice: ToolChoice | None, refuse: Refuse) -> dict[str, Any]:
    if isinstance(choice, NamedTool):  # the API cannot force one of several, so only that one is sent, and required
        tools, choice = tuple(tool for tool in tools if tool.name == choice.name), "required"
    body: dict[str, Any] = {"tools": []}
    for tool in tools:
        if tool.cache is not None:
            refuse("cache", "the provider caches automatically")
        about = {"description": tool.description} if tool.description is not None else {}
        function = {"name": tool.name, **about, "parameters": tool.parameters}
        body["tools"].append({"type": "function", "function": function})
    strictness = {tool.strict for tool in tools if tool.strict is not None}
    if len(strictness) > 1:
        refuse("strict", "it must be the same for all tools of a request")
    elif strictness:
        body["strict_tools"] = strictness.pop()
    if choice in _TOOL_CHOICES:
        body["tool_choice"] = _TOOL_CHOICES[choice]
    return body
