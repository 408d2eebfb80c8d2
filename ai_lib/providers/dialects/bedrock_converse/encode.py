"""Our request as the body of POST /model/{model}/converse.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.bedrock_converse.blocks import Job, cache_point, messages_of, system_of
from ai_lib.providers.dialects.bedrock_converse.reasoning import put_reasoning
from ai_lib.providers.reading import match_model, merge_extensions
from ai_lib.providers.schemas import GRAMMAR, has_free_keys, rewritten
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool
from ai_lib.utils import json

__all__ = ["encode"]

_INFERENCE = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP"}
_SAMPLING = ("temperature", "top_p", "top_k")
_REFUSED = {
    "seed": "there is no field for it",
    "n": "one answer comes for each request",
    "presence_penalty": "there is no field for it",
    "frequency_penalty": "there is no field for it",
    "logit_bias": "there is no field for it",
    "logprobs": "answers have none",
    "top_logprobs": "answers have none",
    "user": "there is no field for it; put it into metadata",
    "parallel_tool_calls": "the model may always call several tools in one turn",
}
# What asks for what is so anyway.
_ASKS_NOTHING = {"n": 1, "logprobs": False, "parallel_tool_calls": True}
_MORE = "additionalModelRequestFields"
_TOOL_CHOICES: dict[str, dict[str, Any]] = {"auto": {"auto": {}}, "required": {"any": {}}}
_FREE_KEYS = "objects must name their properties; free keys, as in dict[str, int], have no form here"


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body; the model and whether to stream stand in the address.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.

    Raises:
        InvalidRequestError: There are only system messages, or limits do not go together.
    """
    job = Job(request.model, context, refuse)
    output: dict[str, Any] = {}
    more: dict[str, Any] = {}
    parts: dict[str, Any] = {
        "system": system_of(request.messages, job),
        "messages": messages_of(request.messages, job),
        "inferenceConfig": _inference(request, more, job),
        "requestMetadata": request.metadata,
    }
    for field, reason in _REFUSED.items():
        value = getattr(request, field)
        if value is not None and value != _ASKS_NOTHING.get(field):
            refuse(field, reason)
    if request.tools:
        parts["toolConfig"] = _tools(request, parts["messages"], job)
    if request.response_format is not None:
        _put_format(output, request.response_format, job)
    if request.reasoning is not None:
        put_reasoning(request, output, more, context.quirks, refuse)
    parts |= {"outputConfig": output, _MORE: more}
    return merge_extensions({name: value for name, value in parts.items() if value}, request.extensions)


def _inference(request: ChatCompletionRequest, more: dict[str, Any], job: Job) -> dict[str, Any]:
    given = {field: value for field in (*_INFERENCE, "top_k") if (value := getattr(request, field)) is not None}
    if match_model(job.context.quirks.sampling, job.model) is False:
        for field in [field for field in _SAMPLING if field in given]:
            job.refuse(field, "the model does not take it")
            del given[field]
    if "top_k" in given:
        _put_top_k(more, given.pop("top_k"), job)
    stop = {"stopSequences": list(request.stop)} if request.stop else {}
    return {**{_INFERENCE[field]: value for field, value in given.items()}, **stop}


def _put_top_k(more: dict[str, Any], top_k: int, job: Job) -> None:
    path = match_model(job.context.quirks.top_k, job.model)
    if not path:
        job.refuse("top_k", f"where the model has a field for it, pass it in extensions under {_MORE}")
        return
    *levels, name = path.split(".")
    for level in levels:
        more = more.setdefault(level, {})
    more[name] = top_k


# --- tools --------------------------------------------------------------------------------------------------------


def _tools(request: ChatCompletionRequest, messages: list[dict[str, Any]], job: Job) -> dict[str, Any] | None:
    choice = request.tool_choice
    if choice == "none":
        if not _holds_calls(messages):
            return None  # the one way to forbid calls is to name no tools
        job.refuse("tool_choice", "tools cannot be switched off while the messages hold calls; left out, it is 'auto'")
    tools: list[dict[str, Any]] = []
    for tool in request.tools or ():
        tools += [_tool(tool, job), *cache_point(tool.cache)]
    config: dict[str, Any] = {"tools": tools}
    forced = choice == "required" or isinstance(choice, NamedTool)
    if forced and match_model(job.context.quirks.forced_tools, job.model) is False:
        job.refuse("tool_choice", "the model cannot be made to call a tool")
    elif isinstance(choice, NamedTool):
        config["toolChoice"] = {"tool": {"name": choice.name}}
    elif choice in _TOOL_CHOICES:
        config["toolChoice"] = _TOOL_CHOICES[choice]
    return config


def _holds_calls(messages: list[dict[str, Any]]) -> bool:
    return any("toolUse" in block or "toolResult" in block for turn in messages for block in turn["content"])


def _tool(tool: Tool, job: Job) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:  # must not be empty
        spec["description"] = tool.description
    strict = tool.strict
    if strict and has_free_keys(tool.parameters):
        job.refuse("strict", _FREE_KEYS)
        strict = None
    spec["inputSchema"] = {"json": rewritten(tool.parameters, GRAMMAR) if strict else tool.parameters}
    if strict is not None:
        spec["strict"] = strict
    return {"toolSpec": spec}


# --- the form of the answer ------------------------------------------------------------------------------------------


def _put_format(output: dict[str, Any], form: ResponseFormat, job: Job) -> None:
    if form.schema is None:
        job.refuse("response_format", "there is no json_object mode; give a schema, or ask for JSON in the prompt")
    elif match_model(job.context.quirks.json_schema, job.model) is False:
        job.refuse("response_format", "the model cannot be held to a schema; ask for a call of a tool with that schema")
    elif has_free_keys(form.schema):
        job.refuse("response_format", _FREE_KEYS)
    else:
        try:
            schema = json.dumps(rewritten(form.schema, GRAMMAR)).decode()
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidRequestError(f"the schema holds a value without a JSON form: {exc}") from exc
        structure = {"jsonSchema": {"schema": schema, "name": form.name}}
        output["textFormat"] = {"type": "json_schema", "structure": structure}
