"""Our request as the body of generateContent.

Sources: https://ai.google.dev/api/generate-content#request-body, https://ai.google.dev/api/caching#Tool,
https://ai.google.dev/gemini-api/docs/structured-output
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.gemini.messages import contents_of
from ai_lib.providers.dialects.gemini.quirks import Quirks
from ai_lib.providers.reading import extended, for_model
from ai_lib.providers.schemas import Subset, rewritten
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolChoice

__all__ = ["encode"]

# Fields of ours, each with its name in generationConfig.
_SETTINGS = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "seed": "seed",
    "n": "candidateCount",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
_REFUSED = {"logit_bias": "there is no field for it", "user": "there is no field for an end user"}

# JSON Schema may be sent whole, and `const` is not held to, while `enum` is: see responseJsonSchema in
# https://ai.google.dev/api/generate-content#generationconfig
_JSON = Subset(drops={"$schema"}, const_as_enum=True)
# https://ai.google.dev/api/caching#Schema
_OPENAPI = Subset(
    drops={"$schema", "$id", "$comment", "$anchor", "additionalProperties", "examples", "discriminator", "allOf", "not",
           "if", "then", "else", "prefixItems", "patternProperties", "dependentSchemas", "dependentRequired",
           "unevaluatedProperties", "contains", "propertyNames"},
    told={"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"},
    inline_refs=True,
    const_as_enum=True,
    one_of_as_any_of=True,
    nullable=True,
    formats={"enum", "date-time", "float", "double", "int32", "int64"},
)  # fmt: skip
# For each form of schema: what it takes, and the fields for a tool's arguments and for an answer.
_FORMS = {
    "json": (_JSON, "parametersJsonSchema", "responseJsonSchema"),
    "openapi": (_OPENAPI, "parameters", "responseSchema"),
}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    quirks: Quirks = context.quirks
    system, turns = contents_of(request, context, refuse)
    body: dict[str, Any] = {"contents": turns}
    if system:
        body["systemInstruction"] = {"parts": system}
    if request.tools:
        body |= _tools(request, request.tools, quirks, refuse)
    config = _settings(request, quirks, refuse)
    if request.response_format is not None:
        config |= _response_format(request, request.response_format, quirks, refuse)
    if request.reasoning is not None:
        config |= _reasoning(request.reasoning, for_model(quirks.thinking, request.model) or {}, refuse)
    if config:
        body["generationConfig"] = config
    if request.metadata is not None:
        if quirks.labels:
            body["labels"] = dict(request.metadata)
        else:
            refuse("metadata", "the provider keeps no tags")
    return extended(body, request.extensions)


def _settings(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    rejected = for_model(quirks.rejects, request.model) or ()
    config: dict[str, Any] = {}
    for field, name in _SETTINGS.items():
        value = getattr(request, field)
        if value is not None:
            if field in rejected:
                refuse(field, "the model does not take it")
            else:
                config[name] = value
    if request.stop:
        config["stopSequences"] = list(request.stop)
    for field, reason in _REFUSED.items():
        if getattr(request, field) is not None:
            refuse(field, reason)
    if request.parallel_tool_calls is False:
        refuse("parallel_tool_calls", "the model may always call several tools in one turn")
    return config


# --- tools, answer format, reasoning ----------------------------------------------------------------------------


def _tools(
    request: ChatCompletionRequest, tools: tuple[Tool, ...], quirks: Quirks, refuse: Refuse
) -> dict[str, dict[str, Any] | list[Any]]:
    subset, field, _ = _FORMS[for_model(quirks.schemas, request.model) or "json"]
    strict = any(tool.strict for tool in tools)
    if strict and not for_model(quirks.validated, request.model):
        refuse("strict", "the model cannot be held to the tools' schemas")
        strict = False
    wire: dict[str, Any] = {"tools": [{"functionDeclarations": [_tool(tool, field, subset, refuse) for tool in tools]}]}
    calling = _tool_choice(request.tool_choice, strict)
    if calling:
        wire["toolConfig"] = {"functionCallingConfig": calling}
    return wire


def _tool(tool: Tool, field: str, subset: Subset, refuse: Refuse) -> dict[str, Any]:
    if tool.cache is not None:
        refuse("cache", "a tool has no mark")
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        wire["description"] = tool.description
    if not _takes_nothing(tool.parameters):
        wire[field] = rewritten(tool.parameters, subset)
    return wire


_SAYS_NOTHING = frozenset({"$schema", "type", "title", "description", "properties", "required", "additionalProperties"})


def _takes_nothing(schema: Mapping[str, Any]) -> bool:
    """Return whether a tool takes no arguments: an object without properties is refused, so the schema is left out."""
    return not schema.get("properties") and not schema.get("additionalProperties") and _SAYS_NOTHING.issuperset(schema)


_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def _tool_choice(choice: ToolChoice | None, strict: bool) -> dict[str, Any]:
    """Return how tools may be called; a call that is forced is held to the schema anyway."""
    if isinstance(choice, NamedTool):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    if strict and choice in (None, "auto"):
        return {"mode": "VALIDATED"}
    return {"mode": _MODES[choice]} if choice is not None else {}


def _response_format(
    request: ChatCompletionRequest, form: ResponseFormat, quirks: Quirks, refuse: Refuse
) -> dict[str, Any]:
    if request.tools and not for_model(quirks.schema_with_tools, request.model):
        refuse("response_format", "the model does not take one together with tools")
        return {}
    config: dict[str, Any] = {"responseMimeType": "application/json"}
    if form.schema is not None:
        subset, _, field = _FORMS[for_model(quirks.schemas, request.model) or "json"]
        config[field] = rewritten(form.schema, subset)
    return config


def _reasoning(reasoning: str | int, words: Mapping[str, str | int], refuse: Refuse) -> dict[str, Any]:
    value = reasoning if isinstance(reasoning, int) else words.get(reasoning)
    if not words:
        refuse("reasoning", "the model does not think before it answers")
        return {}
    if value is None:
        refuse("reasoning", f"the model knows only {', '.join(words)} or a number of tokens, not {reasoning!r}")
        return {}
    if value == 0:
        return {"thinkingConfig": {"thinkingBudget": 0}}
    # Without asking for them the thoughts do not come back.
    field = "thinkingLevel" if isinstance(value, str) else "thinkingBudget"
    return {"thinkingConfig": {field: value, "includeThoughts": True}}
