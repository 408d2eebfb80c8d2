"""Our request as the body of POST /responses.

Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_responses.items import input_of
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.providers.reading import match_model, merge_extensions
from ai_lib.providers.schemas import Subset, rewrite_schema
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolChoice

__all__ = ["encode", "prompt"]

# Fields of ours, each with its name on the wire.
_PLAIN = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_output_tokens",
    "top_logprobs": "top_logprobs",
    "user": "user",
    "metadata": "metadata",
}
# Fields that OpenAI's own API does not have, and some services do.
_MORE = ("top_k", "stop", "seed", "n", "presence_penalty", "frequency_penalty", "logit_bias")
_LOGPROBS = "message.output_text.logprobs"
_SEALED = "reasoning.encrypted_content"
_STREAM = frozenset({"stream"})
# The user's fields that go on from what the service keeps. Source: platform.openai.com/docs/guides/conversation-state
_STATE = frozenset({"previous_response_id", "conversation", "background"})
# Lists that the request fills and the user adds to: tools that run at the service, and more to be told.
_LISTS = ("include", "tools")


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    quirks: Quirks = context.quirks
    body = {"model": request.model, **prompt(request, context, refuse)}
    for field, name in _PLAIN.items():
        value = getattr(request, field)
        if value is not None and _allowed(field, quirks, refuse):
            body[name] = value
    for field in _MORE:
        value = getattr(request, field)
        if value is not None and not _asks_nothing(field, value):
            if field in quirks.accepts:
                body[field] = list(value) if isinstance(value, tuple) else value
            else:
                refuse(field, "the Responses API has no such field")
    if stream:
        body["stream"] = True
    if quirks.store is not None and "store" not in request.extensions and not _with_state(request):
        body["store"] = quirks.store
    if include := _include(request, quirks, refuse):
        body["include"] = include
    return merge_extensions(body, _beside_lists(body, request.extensions), also=_STREAM)


def _with_state(request: ChatCompletionRequest) -> bool:
    """Return whether the user goes by what the service keeps."""
    return bool(request.extensions.get("store") or _STATE & request.extensions.keys())


def _include(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> list[str]:
    include = []
    if (request.logprobs or request.top_logprobs is not None) and _allowed("logprobs", quirks, refuse):
        include.append(_LOGPROBS)
    if quirks.sealed_reasoning is not None and not _with_state(request):
        sealed: bool | None = match_model(quirks.sealed_reasoning, request.model)
        if sealed or (sealed is None and request.reasoning not in (None, "none")):
            include.append(_SEALED)
    return include


def _beside_lists(body: dict[str, Any], extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Put the user's items behind the body's in lists that both have, and return the rest of the extensions."""
    rest = dict(extensions)
    for field in _LISTS:
        if field in body and isinstance(rest.get(field), list | tuple):
            body[field] = [*body[field], *(item for item in rest.pop(field) if item not in body[field])]
    return rest


def prompt(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the part of the body that is read by the model, as counting tokens wants it too."""
    quirks: Quirks = context.quirks
    unkept = not _with_state(request) and request.extensions.get("store", quirks.store) is False
    instructions, items = input_of(request.messages, context, refuse, sealed_only=unkept)
    body: dict[str, Any] = {"input": items}
    if instructions:
        body["instructions"] = instructions
    if request.tools and _allowed("tools", quirks, refuse):
        body["tools"] = [_tool(tool, quirks, refuse) for tool in request.tools]
        if request.tool_choice is not None and _allowed("tool_choice", quirks, refuse):
            _put_tool_choice(body, request.tool_choice, quirks, refuse)
    if request.parallel_tool_calls is not None and _allowed("parallel_tool_calls", quirks, refuse):
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None and _allowed("response_format", quirks, refuse):
        _put_format(body, request.response_format, quirks, refuse)
    if request.reasoning is not None and _allowed("reasoning", quirks, refuse):
        _put_reasoning(body, request.reasoning, quirks, refuse)
    return body


def _allowed(field: str, quirks: Quirks, refuse: Refuse) -> bool:
    if field in quirks.rejects:
        refuse(field, "the provider does not take it")
        return False
    return True


def _asks_nothing(field: str, value: object) -> bool:
    return (field == "n" and value == 1) or value == ()


def _tool(tool: Tool, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if tool.cache is not None:
        refuse("cache", "a tool has no mark")
    wire: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description is not None:
        wire["description"] = tool.description
    wire["parameters"] = tool.parameters
    if quirks.tool_schema_drops:
        wire["parameters"] = rewrite_schema(tool.parameters, Subset(drops=quirks.tool_schema_drops))
    if tool.strict is None and quirks.explicit_defaults:
        wire["strict"] = None
    elif tool.strict is not None and _allowed("strict", quirks, refuse):
        wire["strict"] = tool.strict
    return wire


def _put_tool_choice(body: dict[str, Any], choice: ToolChoice, quirks: Quirks, refuse: Refuse) -> None:
    kind = "named" if isinstance(choice, NamedTool) else choice
    if kind not in quirks.tool_choice:
        refuse("tool_choice", f"the provider knows only {', '.join(sorted(quirks.tool_choice))}, not {kind}")
    elif not isinstance(choice, NamedTool):
        body["tool_choice"] = choice
    elif quirks.nested_tool_choice:
        body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        body["tool_choice"] = {"type": "function", "name": choice.name}


def _put_format(body: dict[str, Any], form: ResponseFormat, quirks: Quirks, refuse: Refuse) -> None:
    if form.schema is None and not quirks.json_object:
        refuse("response_format", "the provider knows only forms with a schema")
        return
    told: dict[str, Any] = {} if form.schema is None else {"name": form.name, "schema": form.schema}
    if form.schema is not None and form.strict is not None:
        told["strict"] = form.strict
    if quirks.chat_format:
        body["response_format"] = {"type": form.kind, **({form.kind: told} if told else {})}
    else:
        body["text"] = {"format": {"type": form.kind, **told}}


def _put_reasoning(body: dict[str, Any], reasoning: str | int, quirks: Quirks, refuse: Refuse) -> None:
    if isinstance(reasoning, int):
        refuse("reasoning", "the provider takes an effort such as 'low', not a number of tokens")
        return
    summary = {"summary": quirks.summary} if quirks.summary is not None and reasoning != "none" else {}
    body["reasoning"] = {"effort": reasoning, **summary}
