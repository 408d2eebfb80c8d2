"""Our request as the body of POST /v1/messages.

Source: https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.anthropic.blocks import marked
from ai_lib.providers.dialects.anthropic.messages import conversation
from ai_lib.providers.dialects.anthropic.quirks import Quirks
from ai_lib.providers.dialects.anthropic.thinking import limit_of, put_thinking, thinks
from ai_lib.providers.reading import extended, for_model
from ai_lib.providers.schemas import GRAMMAR, has_free_keys, rewritten
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool

__all__ = ["encode", "headers", "prompt"]

_STREAM = frozenset({"stream"})

# Fields that the API has no form for, and why. `n=1` and `logprobs=False` ask for what is so anyway.
_NO_FORM = {
    "seed": "the API has no such field",
    "presence_penalty": "the API has no penalties",
    "frequency_penalty": "the API has no penalties",
    "logit_bias": "the API has no such field",
    "logprobs": "the API does not tell them",
    "top_logprobs": "the API does not tell them",
    "n": "the API gives one answer",
    "metadata": "the API takes only the id of the end user: pass user=",
}
_ASKS_NOTHING = {"n": 1, "logprobs": False, "metadata": {}, "logit_bias": {}}
_FILES_BETA = {"anthropic-beta": "files-api-2025-04-14"}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.

    Raises:
        InvalidRequestError: Limits do not go together, or `extensions` repeat what the request sets.
    """
    quirks: Quirks = context.quirks
    body = {"max_tokens": limit_of(request, quirks), **prompt(request, context, refuse)}
    if quirks.model_in_body:
        body = {"model": request.model, **body}
    for field, why in _NO_FORM.items():
        value = getattr(request, field)
        if value is not None and value != _ASKS_NOTHING.get(field):
            refuse(field, why)
    _put_sampling(body, request, quirks, refuse)
    if request.stop and _allowed("stop", quirks, refuse):
        body["stop_sequences"] = list(request.stop)
    if request.user is not None and _allowed("user", quirks, refuse):
        body["metadata"] = {"user_id": request.user}
    if stream and quirks.stream_in_body:
        body["stream"] = True
    return _extended({**quirks.fixed, **body}, request.extensions)


def prompt(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the part of the body that is the prompt, as counting tokens wants it too."""
    quirks: Quirks = context.quirks
    body: dict[str, Any] = {}
    system, turns = conversation(request.messages, request.model, context, refuse)
    if system:
        body["system"] = system
    body["messages"] = turns
    put_thinking(body, request, quirks, refuse)
    structured = bool(for_model(quirks.structured, request.model))
    if request.tools:
        body["tools"] = [_tool(tool, structured, quirks, refuse) for tool in request.tools]
        _put_tool_choice(body, request, quirks, refuse)
    if request.response_format is not None:
        _put_format(body, request.response_format, structured, refuse)
    return body


def headers(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the header for the beta feature that a body needs: files named by id.

    Source: https://platform.claude.com/docs/en/build-with-claude/files
    """
    return _FILES_BETA if any(_names_file(block) for block in _blocks_in(body.get("messages") or ())) else {}


def _blocks_in(turns: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for turn in turns:
        content = turn.get("content")
        for block in content if isinstance(content, list) else ():
            yield block
            if block.get("type") == "tool_result":
                yield from _blocks_in([block])


def _names_file(block: Mapping[str, Any]) -> bool:
    source = block.get("source")
    return block.get("type") == "container_upload" or (isinstance(source, Mapping) and source.get("type") == "file")


def _allowed(field: str, quirks: Quirks, refuse: Refuse) -> bool:
    if field in quirks.rejects:
        refuse(field, "the provider does not take it")
        return False
    return True


def _extended(body: dict[str, Any], extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with the user's own fields; tools of the provider's, such as web search, join the functions."""
    more = extensions.get("tools")
    if isinstance(more, list | tuple) and "tools" in body:
        body = {**body, "tools": [*body["tools"], *more]}
        extensions = {key: value for key, value in extensions.items() if key != "tools"}
    return extended(body, extensions, also=_STREAM)


# --- sampling ---------------------------------------------------------------------------------------------------------


def _put_sampling(body: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    how = for_model(quirks.sampling, request.model) or "both"
    for field in ("temperature", "top_p", "top_k"):
        value = getattr(request, field)
        if value is None or not _allowed(field, quirks, refuse):
            continue
        obstacle = _sampling_obstacle(field, value, how, body)
        if obstacle is None:
            body[field] = value
        else:
            refuse(field, obstacle)


# What is allowed while the model thinks: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
_TOP_P_WHILE_THINKING = 0.95


def _sampling_obstacle(field: str, value: float, how: str, body: Mapping[str, Any]) -> str | None:
    """Return why a field cannot be sent, or None."""
    if how == "none":
        return "the model refuses it"
    if how == "one" and field == "top_p" and "temperature" in body:
        return "the model takes temperature or top_p, not both"
    if how == "free" or not thinks(body):
        return None
    harmless = (field == "temperature" and value == 1) or (field == "top_p" and value >= _TOP_P_WHILE_THINKING)
    return None if harmless else "the model refuses it while it thinks"


# --- tools, the form of the answer ------------------------------------------------------------------------------------


def _tool(tool: Tool, structured: bool, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    strict = tool.strict
    obstacle = _schema_obstacle(tool.parameters, structured) if strict else None
    if obstacle is not None:
        refuse("strict", obstacle)
        strict = None
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    wire["input_schema"] = rewritten(tool.parameters, GRAMMAR) if strict else _typed(tool.parameters)
    if strict is not None:
        wire["strict"] = strict
    return marked(wire, tool.cache, quirks, refuse)


def _schema_obstacle(schema: Mapping[str, Any], structured: bool) -> str | None:
    """Return why the model cannot be held to a schema, or None."""
    if not structured:
        return "the model cannot be held to a schema"
    if has_free_keys(schema):
        return "objects must name their properties; free keys, as in dict[str, int], have no form here"
    return None


def _typed(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return schema if "type" in schema else {"type": "object", **schema}


_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def _put_tool_choice(body: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    choice = request.tool_choice
    wire: dict[str, Any] = {}
    if choice is not None:
        obstacle = _choice_obstacle(request, body, quirks)
        if obstacle is not None:
            refuse("tool_choice", obstacle)
        elif isinstance(choice, NamedTool):
            wire = {"type": "tool", "name": choice.name}
        else:
            wire = {"type": _CHOICES[choice]}
    parallel = request.parallel_tool_calls
    if parallel is not None and choice != "none" and _allowed("parallel_tool_calls", quirks, refuse):
        wire = {"type": "auto", **wire, "disable_parallel_tool_use": not parallel}
    if wire:
        body["tool_choice"] = wire


def _choice_obstacle(request: ChatCompletionRequest, body: Mapping[str, Any], quirks: Quirks) -> str | None:
    if request.tool_choice in ("auto", "none"):
        return None
    if not for_model(quirks.forced_tools, request.model):
        return "the model always thinks, and then takes only auto and none"
    if body.get("thinking", {}).get("type") == "enabled" and for_model(quirks.sampling, request.model) != "free":
        return "while it thinks with a budget the model takes only auto and none"
    return None


def _put_format(body: dict[str, Any], form: ResponseFormat, structured: bool, refuse: Refuse) -> None:
    if form.schema is None:
        refuse("response_format", "there is no json_object mode; give a JSON Schema")
    elif (obstacle := _schema_obstacle(form.schema, structured)) is not None:
        refuse("response_format", obstacle)
    else:
        wire = {"type": "json_schema", "schema": rewritten(form.schema, GRAMMAR)}
        body["output_config"] = {**body.get("output_config", {}), "format": wire}
