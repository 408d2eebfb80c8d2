"""A request as the body of POST /model/{model}/converse.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.bedrock_converse.messages import encode_messages
from ai_lib.providers.dialects.bedrock_converse.parts import Block, encode_cache_point
from ai_lib.providers.dialects.bedrock_converse.quirks import Quirks
from ai_lib.providers.dialects.bedrock_converse.reasoning import encode_reasoning
from ai_lib.providers.reading import match_model, merge_extensions, refuse_fields
from ai_lib.providers.schemas import GRAMMAR, has_open_objects, rewrite_schema
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import NamedTool
from ai_lib.utils import json

__all__ = ["encode"]

_INFERENCE = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP"}
_UNSUPPORTED = {
    "seed": "the API has no such field",
    "n": "the API returns one answer",
    "presence_penalty": "the API has no such field",
    "frequency_penalty": "the API has no such field",
    "logit_bias": "the API has no such field",
    "logprobs": "the API does not return them",
    "top_logprobs": "the API does not return them",
    "user": "the API has no such field; put it into metadata",
    "parallel_tool_calls": "the model may always call several tools in one turn",
}
# The values of these fields that request what happens anyway.
_NO_EFFECT = {"n": 1, "logprobs": False, "parallel_tool_calls": True}
_TOOL_CHOICES: dict[str, dict[str, Any]] = {"auto": {"auto": {}}, "required": {"any": {}}}
_FREE_KEYS = "objects must name their properties; free keys, as in dict[str, int], are not supported"


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body; the URL names the model and says whether to stream."""
    quirks: Quirks = context.quirks
    system, turns = encode_messages(request, context, refuse)
    inference, more = _encode_inference(request, quirks, refuse)
    refuse_fields(request, _UNSUPPORTED, _NO_EFFECT, refuse)
    tools = _encode_tools(request, turns, quirks, refuse) if request.tools else None
    output = _encode_response_format(request, quirks, refuse)
    reasoning, effort = encode_reasoning(request, quirks, refuse)
    body = {
        "system": system,
        "messages": turns,
        "inferenceConfig": inference,
        "requestMetadata": request.metadata,
        "toolConfig": tools,
        "outputConfig": {**output, **effort},
        "additionalModelRequestFields": {**more, **reasoning},
    }
    return merge_extensions({name: value for name, value in body.items() if value}, request.extensions)


def _encode_inference(
    request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inferenceConfig, and the fields for additionalModelRequestFields, where each maker puts top_k."""
    fields = ("max_tokens", "temperature", "top_p", "top_k")
    values = {field: value for field in fields if (value := getattr(request, field)) is not None}
    if match_model(quirks.sampling, request.model) is False:
        for field in fields[1:]:
            if values.pop(field, None) is not None:
                refuse(field, "the model does not accept it")
    more: dict[str, Any] = {}
    top_k, path = values.pop("top_k", None), match_model(quirks.top_k, request.model)
    if top_k is not None and not path:
        refuse("top_k", "if the model has a field for it, pass it in extensions under additionalModelRequestFields")
    elif top_k is not None and path:
        *levels, name = path.split(".")
        more = {name: top_k}
        for level in reversed(levels):
            more = {level: more}
    stop = {"stopSequences": list(request.stop)} if request.stop else {}
    return {**{_INFERENCE[field]: value for field, value in values.items()}, **stop}, more


def _encode_tools(
    request: ChatCompletionRequest, turns: list[Block], quirks: Quirks, refuse: Refuse
) -> dict[str, Any] | None:
    choice = request.tool_choice
    if choice == "none":
        if not any("toolUse" in block or "toolResult" in block for turn in turns for block in turn["content"]):
            return None  # the only way to forbid calls is to name no tools
        refuse("tool_choice", "tools cannot be switched off while the messages hold calls; left out, it is 'auto'")
    tools: list[Block] = []
    for tool in request.tools or ():
        spec: Block = {"name": tool.name}
        if tool.description:  # the API rejects an empty one
            spec["description"] = tool.description
        strict = tool.strict
        if strict and has_open_objects(tool.parameters):
            refuse("strict", _FREE_KEYS)
            strict = None
        spec["inputSchema"] = {"json": rewrite_schema(tool.parameters, GRAMMAR) if strict else tool.parameters}
        if strict is not None:
            spec["strict"] = strict
        tools += [{"toolSpec": spec}, *encode_cache_point(tool.cache)]
    config: dict[str, Any] = {"tools": tools}
    forced = choice == "required" or isinstance(choice, NamedTool)
    if forced and match_model(quirks.forced_tools, request.model) is False:
        refuse("tool_choice", "the model cannot be made to call a tool")
    elif isinstance(choice, NamedTool):
        config["toolChoice"] = {"tool": {"name": choice.name}}
    elif choice in _TOOL_CHOICES:
        config["toolChoice"] = _TOOL_CHOICES[choice]
    return config


def _encode_response_format(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    form = request.response_format
    if form is None:
        return {}
    if form.schema is None:
        refuse("response_format", "there is no json_object mode; pass a schema, or describe the JSON in the prompt")
    elif match_model(quirks.json_schema, request.model) is False:
        refuse("response_format", "the model cannot be held to a schema; use a tool with that schema instead")
    elif has_open_objects(form.schema):
        refuse("response_format", _FREE_KEYS)
    else:
        try:
            schema = json.dumps(rewrite_schema(form.schema, GRAMMAR)).decode()
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidRequestError(f"the schema holds a value that is not JSON: {exc}") from exc
        structure = {"jsonSchema": {"schema": schema, "name": form.name}}
        return {"textFormat": {"type": "json_schema", "structure": structure}}
    return {}
