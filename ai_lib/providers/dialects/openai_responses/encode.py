"""A request as the body of POST /responses.

Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_responses.messages import encode_messages
from ai_lib.providers.dialects.openai_responses.quirks import EXTRA_FIELDS, Quirks
from ai_lib.providers.dialects.openai_responses.reasoning import encode_reasoning, needs_encrypted_reasoning
from ai_lib.providers.reading import merge_extensions
from ai_lib.providers.schemas import Subset, rewrite_schema
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import NamedTool, Tool, ToolChoice

__all__ = ["encode", "encode_prompt"]

# Fields whose value is sent unchanged, and their names on the wire.
_PLAIN = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_output_tokens",
    "top_logprobs": "top_logprobs",
    "user": "user",
    "metadata": "metadata",
    **{field: field for field in EXTRA_FIELDS},
}
_LOGPROBS = "message.output_text.logprobs"
_ENCRYPTED = "reasoning.encrypted_content"
# Extensions that continue what the service keeps. Source: platform.openai.com/docs/guides/conversation-state
_STATE = frozenset({"previous_response_id", "conversation", "background"})


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request."""
    quirks: Quirks = context.quirks
    body = {"model": request.model, **encode_prompt(request, context, refuse)}
    for field, name in _PLAIN.items():
        value = getattr(request, field)
        empty = value is None or value == () or (field == "n" and value == 1)
        if not empty and quirks.accept(field, refuse):
            body[name] = value
    if stream:
        body["stream"] = True
    keeps_state = _keeps_state(request)
    if quirks.store is not None and "store" not in request.extensions and not keeps_state:
        body["store"] = quirks.store
    includes = {
        _LOGPROBS: (request.logprobs or request.top_logprobs is not None) and quirks.accept("logprobs", refuse),
        _ENCRYPTED: not keeps_state and needs_encrypted_reasoning(request, quirks),
    }
    if any(includes.values()):
        body["include"] = [name for name, included in includes.items() if included]
    # Lists that the request fills and the caller may add to, such as tools that run at the service.
    extensions = dict(request.extensions)
    for field in ("include", "tools"):
        if field in body and isinstance(extensions.get(field), list | tuple):
            body[field] = [*body[field], *(item for item in extensions.pop(field) if item not in body[field])]
    # Reserved even where the body does not set it: an extension must not turn a whole answer into a stream.
    return merge_extensions(body, extensions, reserved=frozenset({"stream"}))


def encode_prompt(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the part of the body that the model reads, which is also what counting tokens sends."""
    quirks: Quirks = context.quirks
    stateless = not _keeps_state(request) and request.extensions.get("store", quirks.store) is False
    instructions, items = encode_messages(request.messages, context, refuse, encrypted_only=stateless)
    body: dict[str, Any] = {"input": items}
    if instructions:
        body["instructions"] = instructions
    if request.tools and quirks.accept("tools", refuse):
        body |= _encode_tools(request.tools, request.tool_choice, quirks, refuse)
    if request.parallel_tool_calls is not None and quirks.accept("parallel_tool_calls", refuse):
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None and quirks.accept("response_format", refuse):
        form = request.response_format
        wire: dict[str, Any] = {}
        if form.schema is not None:
            wire = {"name": form.name, "schema": form.schema}
            wire |= {} if form.strict is None else {"strict": form.strict}
        if form.schema is None and not quirks.json_object:
            refuse("response_format", "the provider supports only formats with a schema")
        elif quirks.chat_format:
            body["response_format"] = {"type": form.kind, **({form.kind: wire} if wire else {})}
        else:
            body["text"] = {"format": {"type": form.kind, **wire}}
    if request.reasoning is not None and quirks.accept("reasoning", refuse):
        body |= encode_reasoning(request.reasoning, quirks, refuse)
    return body


def _keeps_state(request: ChatCompletionRequest) -> bool:
    """Return whether the caller relies on what the service keeps."""
    return bool(request.extensions.get("store") or _STATE & request.extensions.keys())


def _encode_tools(tools: tuple[Tool, ...], choice: ToolChoice | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    subset = Subset(drops=quirks.tool_schema_drops)
    body: dict[str, Any] = {"tools": []}
    for tool in tools:
        if tool.cache is not None:
            refuse("cache", "the Responses API cannot mark a tool for caching")
        wire: dict[str, Any] = {"type": "function", "name": tool.name}
        if tool.description is not None:
            wire["description"] = tool.description
        wire["parameters"] = rewrite_schema(tool.parameters, subset) if subset.drops else tool.parameters
        if tool.strict is None and quirks.explicit_defaults:
            wire["strict"] = None
        elif tool.strict is not None and quirks.accept("strict", refuse):
            wire["strict"] = tool.strict
        body["tools"].append(wire)
    if choice is None or not quirks.accept("tool_choice", refuse):
        return body
    kind = "named" if isinstance(choice, NamedTool) else choice
    if kind not in quirks.tool_choice:
        refuse("tool_choice", f"the provider supports only {', '.join(sorted(quirks.tool_choice))}, not {kind}")
    elif isinstance(choice, NamedTool):
        name = {"name": choice.name}
        body["tool_choice"] = {"type": "function", **({"function": name} if quirks.nested_tool_choice else name)}
    else:
        body["tool_choice"] = choice
    return body
