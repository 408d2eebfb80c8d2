"""A request as the body of generateContent.

Sources: https://ai.google.dev/api/generate-content#request-body, https://ai.google.dev/api/caching#Tool,
https://ai.google.dev/gemini-api/docs/structured-output
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.gemini.messages import encode_messages
from ai_lib.providers.dialects.gemini.quirks import Quirks
from ai_lib.providers.dialects.gemini.reasoning import encode_reasoning
from ai_lib.providers.reading import match_model, merge_extensions, refuse_fields
from ai_lib.providers.schemas import Subset, rewrite_schema
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import NamedTool

__all__ = ["encode"]

# Fields of a request, and their names in generationConfig.
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
_UNSUPPORTED = {
    "logit_bias": "the API has no such field",
    "user": "the API has no field for an end user",
    "parallel_tool_calls": "the model may always call several tools in one turn",
}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}

# JSON Schema may be sent whole, but `const` is not enforced, while `enum` is: see responseJsonSchema in
# https://ai.google.dev/api/generate-content#generationconfig
_JSON = Subset(drops={"$schema"}, const_as_enum=True)
# https://ai.google.dev/api/caching#Schema
_OPENAPI = Subset(
    drops={"$schema", "$id", "$comment", "$anchor", "additionalProperties", "examples", "discriminator", "allOf", "not",
           "if", "then", "else", "prefixItems", "patternProperties", "dependentSchemas", "dependentRequired",
           "unevaluatedProperties", "contains", "propertyNames"},
    described={"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"},
    inline_refs=True,
    const_as_enum=True,
    one_of_as_any_of=True,
    nullable=True,
    formats={"enum", "date-time", "float", "double", "int32", "int64"},
)  # fmt: skip
# For each kind of schema: the subset, and the fields for the arguments of a tool and for an answer.
_SCHEMAS = {
    "json": (_JSON, "parametersJsonSchema", "responseJsonSchema"),
    "openapi": (_OPENAPI, "parameters", "responseSchema"),
}
# The keywords of a schema that accepts no arguments.
_EMPTY_SCHEMA = frozenset({"$schema", "type", "title", "description", "properties", "required", "additionalProperties"})


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body; the URL names the model and says whether to stream."""
    quirks: Quirks = context.quirks
    system, turns = encode_messages(request, context, refuse)
    body: dict[str, Any] = {"contents": turns}
    if system:
        body["systemInstruction"] = {"parts": system}
    if request.tools:
        body |= _encode_tools(request, quirks, refuse)
    config = {
        **_encode_settings(request, quirks, refuse),
        **_encode_response_format(request, quirks, refuse),
        **encode_reasoning(request, quirks, refuse),
    }
    if config:
        body["generationConfig"] = config
    if request.metadata is not None and quirks.labels:
        body["labels"] = dict(request.metadata)
    elif request.metadata is not None:
        refuse("metadata", "the provider keeps no tags")
    return merge_extensions(body, request.extensions)


def _encode_settings(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    rejected = match_model(quirks.rejects, request.model) or ()
    config: dict[str, Any] = {}
    for field, name in _SETTINGS.items():
        value = getattr(request, field)
        if value is not None and field in rejected:
            refuse(field, "the model does not accept it")
        elif value is not None:
            config[name] = value
    if request.stop:
        config["stopSequences"] = list(request.stop)
    refuse_fields(request, _UNSUPPORTED, {"parallel_tool_calls": True}, refuse)
    return config


def _encode_tools(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    subset, schema_field, _ = _SCHEMAS[match_model(quirks.schemas, request.model) or "json"]
    tools, choice = request.tools or (), request.tool_choice
    strict = any(tool.strict for tool in tools)
    if strict and not match_model(quirks.validated, request.model):
        refuse("strict", "the model cannot be held to the schemas of the tools")
        strict = False
    declarations = []
    for tool in tools:
        if tool.cache is not None:
            refuse("cache", "a tool cannot be marked")
        wire: dict[str, Any] = {"name": tool.name}
        if tool.description is not None:
            wire["description"] = tool.description
        schema = tool.parameters
        # The API rejects an object without properties, so the schema of a tool without arguments is left out.
        if schema.get("properties") or schema.get("additionalProperties") or not _EMPTY_SCHEMA.issuperset(schema):
            wire[schema_field] = rewrite_schema(schema, subset)
        declarations.append(wire)
    body: dict[str, Any] = {"tools": [{"functionDeclarations": declarations}]}
    calling: dict[str, Any] = {"mode": _MODES[choice]} if isinstance(choice, str) else {}
    if isinstance(choice, NamedTool):
        calling = {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    elif strict and choice in (None, "auto"):  # a forced call is held to the schema anyway
        calling = {"mode": "VALIDATED"}
    if calling:
        body["toolConfig"] = {"functionCallingConfig": calling}
    return body


def _encode_response_format(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if request.response_format is None:
        return {}
    if request.tools and not match_model(quirks.schema_with_tools, request.model):
        refuse("response_format", "the model does not accept one together with tools")
        return {}
    config: dict[str, Any] = {"responseMimeType": "application/json"}
    if request.response_format.schema is not None:
        subset, _, field = _SCHEMAS[match_model(quirks.schemas, request.model) or "json"]
        config[field] = rewrite_schema(request.response_format.schema, subset)
    return config
