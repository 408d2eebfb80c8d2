"""A request as the body of POST /v1/messages.

Source: https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.anthropic.messages import encode_messages
from ai_lib.providers.dialects.anthropic.parts import with_cache_control
from ai_lib.providers.dialects.anthropic.quirks import Quirks
from ai_lib.providers.dialects.anthropic.reasoning import encode_reasoning, max_tokens_of, thinks
from ai_lib.providers.reading import match_model, merge_extensions, refuse_fields
from ai_lib.providers.schemas import GRAMMAR, has_open_objects, rewrite_schema
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import NamedTool, Tool

__all__ = ["encode", "encode_prompt", "headers"]

# Fields that the API does not support, and why.
_UNSUPPORTED = {
    "seed": "the API has no such field",
    "presence_penalty": "the API has no penalties",
    "frequency_penalty": "the API has no penalties",
    "logit_bias": "the API has no such field",
    "logprobs": "the API does not return them",
    "top_logprobs": "the API does not return them",
    "n": "the API returns one answer",
    "metadata": "the API takes only the id of the end user: pass user=",
}
# The values of these fields that request what happens anyway.
_NO_EFFECT = {"n": 1, "logprobs": False, "metadata": {}, "logit_bias": {}}
# Thinking models still accept top_p from this value on:
# https://platform.claude.com/docs/en/build-with-claude/extended-thinking
_MIN_TOP_P_WHILE_THINKING = 0.95


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body of a request; limits that contradict each other raise."""
    quirks: Quirks = context.quirks
    body: dict[str, Any] = {"model": request.model} if quirks.model_in_body else {}
    body |= {"max_tokens": max_tokens_of(request, quirks), **encode_prompt(request, context, refuse)}
    refuse_fields(request, _UNSUPPORTED, _NO_EFFECT, refuse)
    for field in ("temperature", "top_p", "top_k"):
        value = getattr(request, field)
        if value is None or not _accepts(field, quirks, refuse):
            continue
        if obstacle := _sampling_obstacle(field, value, match_model(quirks.sampling, request.model) or "both", body):
            refuse(field, obstacle)
        else:
            body[field] = value
    if request.stop and _accepts("stop", quirks, refuse):
        body["stop_sequences"] = list(request.stop)
    if request.user is not None and _accepts("user", quirks, refuse):
        body["metadata"] = {"user_id": request.user}
    if stream and quirks.stream_in_body:
        body["stream"] = True
    extensions, server_tools = request.extensions, request.extensions.get("tools")
    if isinstance(server_tools, list | tuple) and "tools" in body:
        # Tools that the provider runs, such as web search, join the functions instead of clashing with them.
        body["tools"] = [*body["tools"], *server_tools]
        extensions = {key: value for key, value in extensions.items() if key != "tools"}
    return merge_extensions({**quirks.fixed, **body}, extensions, reserved=frozenset({"stream"}))


def encode_prompt(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the part of the body that is the prompt, which the endpoint for counting tokens takes too."""
    quirks: Quirks = context.quirks
    system, turns = encode_messages(request, context, refuse)
    body: dict[str, Any] = {"system": system} if system else {}
    body["messages"] = turns
    body |= encode_reasoning(request, quirks, refuse)
    structured = bool(match_model(quirks.structured, request.model))
    if request.tools:
        body["tools"] = [_encode_tool(tool, structured, quirks, refuse) for tool in request.tools]
        if choice := _encode_tool_choice(request, body, quirks, refuse):
            body["tool_choice"] = choice
    if request.response_format is None:
        return body
    schema = request.response_format.schema
    if schema is None:
        refuse("response_format", "there is no json_object mode; pass a JSON Schema")
    elif obstacle := _schema_obstacle(schema, structured):
        refuse("response_format", obstacle)
    else:
        wire = {"type": "json_schema", "schema": rewrite_schema(schema, GRAMMAR)}
        body["output_config"] = {**body.get("output_config", {}), "format": wire}
    return body


def headers(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the header of the beta feature that a body uses: files named by their id.

    Source: https://platform.claude.com/docs/en/build-with-claude/files
    """
    pending = list(body.get("messages") or ())
    while pending:
        content = pending.pop().get("content")
        for block in content if isinstance(content, list) else ():
            source = block.get("source")
            if block.get("type") == "container_upload" or (
                isinstance(source, Mapping) and source.get("type") == "file"
            ):
                return {"anthropic-beta": "files-api-2025-04-14"}
            if block.get("type") == "tool_result":
                pending.append(block)
    return {}


def _accepts(field: str, quirks: Quirks, refuse: Refuse) -> bool:
    """Return whether the service accepts a field; refuse it otherwise."""
    if field in quirks.rejects:
        refuse(field, "the provider does not accept it")
        return False
    return True


def _sampling_obstacle(field: str, value: float, mode: str, body: Mapping[str, Any]) -> str | None:
    """Return why a field for sampling cannot be sent, or None."""
    if mode == "none":
        return "the model rejects it"
    if mode == "one" and field == "top_p" and "temperature" in body:
        return "the model accepts temperature or top_p, not both"
    if mode == "free" or not thinks(body):
        return None
    harmless = (field == "temperature" and value == 1) or (field == "top_p" and value >= _MIN_TOP_P_WHILE_THINKING)
    return None if harmless else "the model rejects it while it thinks"


def _encode_tool(tool: Tool, structured: bool, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    strict = tool.strict
    if strict and (obstacle := _schema_obstacle(tool.parameters, structured)):
        refuse("strict", obstacle)
        strict = None
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    # The API requires a type, which `Tool` lets the user omit.
    wire["input_schema"] = rewrite_schema(tool.parameters, GRAMMAR) if strict else {"type": "object", **tool.parameters}
    if strict is not None:
        wire["strict"] = strict
    return with_cache_control(wire, tool.cache, quirks, refuse)


def _schema_obstacle(schema: Mapping[str, Any], structured: bool) -> str | None:
    """Return why the model cannot be held to a schema, or None."""
    if not structured:
        return "the model cannot be held to a schema"
    if has_open_objects(schema):
        return "objects must name their properties; free keys, as in dict[str, int], are not supported"
    return None


def _encode_tool_choice(
    request: ChatCompletionRequest, body: Mapping[str, Any], quirks: Quirks, refuse: Refuse
) -> dict[str, Any]:
    choice, thinking = request.tool_choice, body.get("thinking", {}).get("type")
    wire: dict[str, Any] = {}
    if choice in ("auto", "none"):
        wire = {"type": choice}
    elif choice is not None:
        if not match_model(quirks.forced_tools, request.model):
            refuse("tool_choice", "the model always thinks, and then accepts only auto and none")
        elif thinking == "enabled" and match_model(quirks.sampling, request.model) != "free":
            refuse("tool_choice", "while it thinks with a budget the model accepts only auto and none")
        else:
            wire = {"type": "tool", "name": choice.name} if isinstance(choice, NamedTool) else {"type": "any"}
    parallel = request.parallel_tool_calls
    if parallel is not None and choice != "none" and _accepts("parallel_tool_calls", quirks, refuse):
        wire = {"type": "auto", **wire, "disable_parallel_tool_use": not parallel}
    return wire
