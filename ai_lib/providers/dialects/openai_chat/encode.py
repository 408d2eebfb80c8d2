"""A request as the body of POST /chat/completions.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_chat.messages import encode_messages
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.providers.dialects.openai_chat.reasoning import encode_reasoning
from ai_lib.providers.reading import merge_extensions
from ai_lib.providers.schemas import Subset, rewrite_schema
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolChoice

__all__ = ["encode"]

# Fields whose value is sent unchanged, under the same name or the one in `Quirks.rename`.
_PLAIN = (
    "temperature", "top_p", "max_tokens", "seed", "n", "presence_penalty", "frequency_penalty", "logit_bias",
    "logprobs", "top_logprobs", "parallel_tool_calls", "user", "metadata", "stop", "top_k",
)  # fmt: skip


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request."""
    quirks: Quirks = context.quirks
    body: dict[str, Any] = {"model": request.model} if quirks.model_in_body else {}
    body["messages"] = encode_messages(request.messages, context, refuse)
    for field in _PLAIN:
        value = getattr(request, field)
        if value is not None and value != () and quirks.accept(field, refuse):
            body[quirks.rename.get(field, field)] = value
    if request.tools and quirks.accept("tools", refuse):
        body |= _encode_tools(request.tools, request.tool_choice, quirks, refuse)
    if request.response_format is not None and quirks.accept("response_format", refuse):
        body |= _encode_response_format(request.response_format, bool(request.tools), stream, quirks, refuse)
    if request.reasoning is not None and quirks.accept("reasoning", refuse):
        body |= encode_reasoning(request.reasoning, request.model, quirks, refuse)
    if stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    # Reserved even where the body does not set it: an extension must not turn a whole answer into a stream.
    return merge_extensions(body, request.extensions, reserved=frozenset({"stream"}))


def _encode_tools(tools: tuple[Tool, ...], choice: ToolChoice | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    subset = Subset(drops=quirks.schema_drops | quirks.tool_schema_drops)
    wire: list[dict[str, Any]] = []
    for tool in tools:
        if tool.cache is not None:
            refuse("cache", "chat completions cannot mark a tool for caching")
        function: dict[str, Any] = {"name": tool.name}
        if tool.description is not None:
            function["description"] = tool.description
        function["parameters"] = rewrite_schema(tool.parameters, subset) if subset.drops else tool.parameters
        if tool.strict is not None and quirks.accept("strict", refuse):
            function["strict"] = tool.strict
        wire.append({"type": "function", "function": function})
    if choice is None or not quirks.accept("tool_choice", refuse):
        return {"tools": wire}
    kind = "named" if isinstance(choice, NamedTool) else choice
    if kind not in quirks.tool_choice:
        refuse("tool_choice", f"the provider supports only {', '.join(sorted(quirks.tool_choice))}, not {kind}")
        return {"tools": wire}
    if isinstance(choice, NamedTool):
        return {"tools": wire, "tool_choice": {"type": "function", "function": {"name": choice.name}}}
    return {"tools": wire, "tool_choice": quirks.tool_choice_words.get(choice, choice)}


def _encode_response_format(
    form: ResponseFormat, tools: bool, stream: bool, quirks: Quirks, refuse: Refuse
) -> dict[str, Any]:
    obstacles = {
        "the provider has no json_schema mode; request 'json_object' and describe the format in the prompt": (
            not quirks.json_schema
        ),
        "the provider does not accept a JSON schema together with tools": tools and not quirks.json_schema_with_tools,
        "the provider does not stream answers with a JSON schema": stream and not quirks.json_schema_with_stream,
    }
    if form.kind == "json_object":
        obstacles = {"the provider has no json_object mode": not quirks.json_object}
    if obstacle := next((reason for reason, applies in obstacles.items() if applies), None):
        refuse("response_format", obstacle)
        return {}
    if form.kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema = form.schema or {}
    if quirks.schema_drops:
        schema = rewrite_schema(schema, Subset(drops=quirks.schema_drops))
    wire: dict[str, Any] = {"name": form.name, "schema": schema}
    if form.strict is not None and quirks.json_schema_strict:
        wire["strict"] = form.strict
    return {"response_format": {"type": "json_schema", "json_schema": wire}}
