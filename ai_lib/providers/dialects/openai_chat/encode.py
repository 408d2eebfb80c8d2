"""Our request as the body of POST /chat/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_chat.parts import content_of, text_parts
from ai_lib.providers.dialects.openai_chat.quirks import REASONING_TEXT, Quirks
from ai_lib.providers.dialects.openai_chat.reasoning import put_reasoning, with_thinking
from ai_lib.providers.reading import extended, own, short_id
from ai_lib.providers.schemas import Subset, rewritten
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall, ToolChoice

__all__ = ["encode"]

# Fields whose value goes to the wire as it is, under its own name or the one in `Quirks.rename`.
_PLAIN = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
    "user",
    "metadata",
)

_STREAM = frozenset({"stream"})


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    quirks: Quirks = context.quirks
    body: dict[str, Any] = {"model": request.model} if quirks.model_in_body else {}
    body["messages"] = _messages(request, context, refuse)
    _put_plain(body, request, quirks, refuse)
    if request.tools and _allowed("tools", quirks, refuse):
        body["tools"] = [_tool(tool, quirks, refuse) for tool in request.tools]
        if request.tool_choice is not None and _allowed("tool_choice", quirks, refuse):
            _put_tool_choice(body, request.tool_choice, quirks, refuse)
    if request.response_format is not None and _allowed("response_format", quirks, refuse):
        obstacle = _schema_obstacle(request, stream, quirks)
        _put_response_format(body, request.response_format, obstacle, quirks, refuse)
    if request.reasoning is not None and _allowed("reasoning", quirks, refuse):
        put_reasoning(body, request.reasoning, request.model, quirks, refuse)
    if stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return extended(body, request.extensions, also=_STREAM)


def _put_plain(body: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    for field in _PLAIN:
        value = getattr(request, field)
        if value is not None and _allowed(field, quirks, refuse):
            body[quirks.rename.get(field, field)] = value
    if request.stop and _allowed("stop", quirks, refuse):
        body["stop"] = list(request.stop)
    if request.top_k is not None and _allowed("top_k", quirks, refuse):
        if "top_k" in quirks.accepts:
            body["top_k"] = request.top_k
        else:
            refuse("top_k", "chat completions have no such field; where the server has one, pass it in extensions")


def _allowed(field: str, quirks: Quirks, refuse: Refuse) -> bool:
    if field in quirks.rejects:
        refuse(field, "the provider does not take it")
        return False
    return True


# --- messages -------------------------------------------------------------------------------------------------


def _messages(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> list[dict[str, Any]]:
    quirks: Quirks = context.quirks
    names: dict[str, str] = {}  # ids may occur again, as Ollama's do: the last call before a result counts
    wire = []
    for message in request.messages:
        wire.append(_message(message, names, context, refuse))
        names.update((call.id, call.name) for call in message.tool_calls)
    last = request.messages[-1]
    if quirks.prefill is not None and last.role is Role.ASSISTANT and not last.tool_calls:
        wire[-1][quirks.prefill] = True
    return wire


def _message(message: Message, names: Mapping[str, str], context: Context, refuse: Refuse) -> dict[str, Any]:
    quirks: Quirks = context.quirks
    if message.role is Role.TOOL:
        return _tool_result(message, names, context, refuse)
    content = content_of(message.content, quirks, refuse)
    kept = own(message.provider_data, context.owner)
    if quirks.thinking_parts and message.role is Role.ASSISTANT:
        content = with_thinking(content, message, kept)
        kept = {field: value for field, value in kept.items() if field != "signature"}
    wire: dict[str, Any] = {"role": message.role.value, "content": content}
    if message.name is not None and _allowed("name", quirks, refuse):
        wire["name"] = message.name
    wire.update(kept)
    if message.tool_calls:
        if not wire["content"]:
            wire["content"] = quirks.empty_content
        wire["tool_calls"] = [_tool_call(call, context) for call in message.tool_calls]
        if message.reasoning is not None:
            wire.update({field: message.reasoning for field in quirks.echo if field in REASONING_TEXT})
    if message.refusal is not None and _allowed("refusal", quirks, refuse):
        wire["refusal"] = message.refusal
    return wire


def _tool_result(message: Message, names: Mapping[str, str], context: Context, refuse: Refuse) -> dict[str, Any]:
    quirks: Quirks = context.quirks
    call_id = message.tool_call_id or ""
    wire: dict[str, Any] = {"role": "tool", "content": content_of(text_parts(message.content, refuse), quirks, refuse)}
    name = message.name or names.get(call_id)
    if quirks.tool_result_name and name is not None:
        wire["name"] = name
    wire.update(own(message.provider_data, context.owner))
    wire["tool_call_id"] = short_id(call_id) if quirks.short_ids else call_id
    return wire


def _tool_call(call: ToolCall, context: Context) -> dict[str, Any]:
    return {
        "id": short_id(call.id) if context.quirks.short_ids else call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments_json},
        **own(call.provider_data, context.owner),
    }


# --- tools, answer format ---------------------------------------------------------------------------


def _tool(tool: Tool, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if tool.cache is not None:
        refuse("cache", "chat completions have no mark for a tool")
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = _schema(tool.parameters, quirks.schema_drops | quirks.tool_schema_drops)
    if tool.strict is not None and _allowed("strict", quirks, refuse):
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _schema(schema: Mapping[str, Any], drops: frozenset[str]) -> Mapping[str, Any]:
    """Return the schema without the keys that the service refuses, at any depth."""
    return rewritten(schema, Subset(drops=drops)) if drops else schema


def _put_tool_choice(body: dict[str, Any], choice: ToolChoice, quirks: Quirks, refuse: Refuse) -> None:
    kind = "named" if isinstance(choice, NamedTool) else choice
    if kind not in quirks.tool_choice:
        refuse("tool_choice", f"the provider knows only {', '.join(sorted(quirks.tool_choice))}, not {kind}")
    elif isinstance(choice, NamedTool):
        body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        body["tool_choice"] = quirks.tool_choice_words.get(choice, choice)


def _schema_obstacle(request: ChatCompletionRequest, stream: bool, quirks: Quirks) -> str | None:
    """Return why an answer to this request cannot be held to a JSON Schema, or None."""
    if not quirks.json_schema:
        return "the provider has no json_schema mode; ask for 'json_object' and describe the form in the prompt"
    if request.tools and not quirks.json_schema_with_tools:
        return "the provider does not take a JSON schema together with tools"
    if stream and not quirks.json_schema_with_stream:
        return "the provider does not stream answers with a JSON schema"
    return None


def _put_response_format(
    body: dict[str, Any], form: ResponseFormat, obstacle: str | None, quirks: Quirks, refuse: Refuse
) -> None:
    if form.kind == "json_object":
        if quirks.json_object:
            body["response_format"] = {"type": "json_object"}
        else:
            refuse("response_format", "the provider has no json_object mode")
    elif obstacle is not None:
        refuse("response_format", obstacle)
    else:
        wire: dict[str, Any] = {"name": form.name, "schema": _schema(form.schema or {}, quirks.schema_drops)}
        if form.strict is not None and quirks.json_schema_strict:
            wire["strict"] = form.strict
        body["response_format"] = {"type": "json_schema", "json_schema": wire}
