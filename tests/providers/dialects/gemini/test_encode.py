"""Bodies and URLs of generateContent: every field, tools and response formats."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import Tool
from tests.providers.dialects.gemini.bodies import FLASH_38, PRO_3, PRO_25, body_and_omissions, body_of
from tests.support.scenarios import ADD, GET_TIME
from tests.support.wire_cases import adapter_for


def url_of(model: str, provider: str = "gemini", *, stream: bool = False) -> str:
    request = ChatCompletionRequest(model=model, messages="hi")
    return adapter_for(provider).chat_request(request, stream=stream)[0].url.removeprefix("http://x.invalid/v1")


@pytest.mark.parametrize(
    ("provider", "model", "path"),
    [
        ("gemini", "gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
        ("gemini", "models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
        ("gemini", "tunedModels/mine-1", "/v1beta/tunedModels/mine-1"),
        ("gemini", "a b?c", "/v1beta/models/a%20b%3Fc"),
        ("vertex", "gemini-2.5-flash", "/publishers/google/models/gemini-2.5-flash"),
        ("vertex", "publishers/meta/models/llama", "/publishers/meta/models/llama"),
        ("vertex", "endpoints/123", "/endpoints/123"),
    ],
)
def test_the_url_names_the_model_with_or_without_its_folder(provider: str, model: str, path: str) -> None:
    assert url_of(model, provider) == f"{path}:generateContent"
    assert url_of(model, provider, stream=True) == f"{path}:streamGenerateContent?alt=sse"


CONFIG = "generationConfig"
REACHES: dict[str, tuple[Any, tuple[str, ...], Any]] = {
    "temperature": (0.5, (CONFIG, "temperature"), 0.5),
    "top_p": (0.9, (CONFIG, "topP"), 0.9),
    "top_k": (40, (CONFIG, "topK"), 40),
    "max_tokens": (100, (CONFIG, "maxOutputTokens"), 100),
    "stop": ("END", (CONFIG, "stopSequences"), ["END"]),
    "seed": (7, (CONFIG, "seed"), 7),
    "n": (2, (CONFIG, "candidateCount"), 2),
    "presence_penalty": (0.1, (CONFIG, "presencePenalty"), 0.1),
    "frequency_penalty": (0.2, (CONFIG, "frequencyPenalty"), 0.2),
    "logprobs": (True, (CONFIG, "responseLogprobs"), True),
    "top_logprobs": (3, (CONFIG, "logprobs"), 3),
    "reasoning": (512, (CONFIG, "thinkingConfig"), {"thinkingBudget": 512, "includeThoughts": True}),
    "extensions": ({"cachedContent": "cachedContents/1"}, ("cachedContent",), "cachedContents/1"),
}
REFUSED: dict[str, Any] = {
    "logit_bias": {"50256": -100},
    "user": "u1",
    "metadata": {"team": "a"},
    "parallel_tool_calls": False,
}
FIELDS = {**{field: value for field, (value, _, _) in REACHES.items()}, **REFUSED}


@given(chosen=st.sets(st.sampled_from(sorted(FIELDS))))
def test_every_field_reaches_the_wire_or_is_refused(chosen: set[str]) -> None:
    body, left_out = body_and_omissions("hi", **{field: FIELDS[field] for field in chosen})

    assert sorted(left_out) == sorted(chosen & REFUSED.keys())
    for field in chosen & REACHES.keys():
        found: Any = body
        for step in REACHES[field][1]:
            found = found[step]
        assert found == REACHES[field][2]
    assert (CONFIG in body) == any(REACHES[field][1][0] == CONFIG for field in chosen & REACHES.keys())


def test_a_request_without_settings_has_only_its_contents() -> None:
    assert body_of("hi") == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_parallel_calls_are_the_default_and_need_no_field() -> None:
    assert "toolConfig" not in body_of("hi", tools=[ADD], parallel_tool_calls=True)


def test_metadata_becomes_labels_where_the_service_keeps_them() -> None:
    assert body_of("hi", provider="vertex", metadata={"team": "a"})["labels"] == {"team": "a"}


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_newer_models_ignore_sampling_so_it_is_refused(field: str) -> None:
    values = {"temperature": 0, "top_p": 0.5, "top_k": 3}

    assert body_and_omissions("hi", model=FLASH_38, **{field: values[field]})[1] == [field]
    assert body_and_omissions("hi", model="models/gemini-3.5-flash-lite", **{field: values[field]})[1] == [field]
    assert body_and_omissions("hi", model="gemini-3.5-flash", **{field: values[field]})[1] == []


def test_extensions_join_the_settings_and_never_replace_them() -> None:
    body = body_of("hi", seed=1, extensions={"generationConfig": {"responseModalities": ["TEXT"]}})

    assert body["generationConfig"] == {"seed": 1, "responseModalities": ["TEXT"]}
    with pytest.raises(InvalidRequestError, match="contents"):
        body_and_omissions("hi", extensions={"contents": []})


def declaration_of(tool: Tool, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = body_of("hi", tools=[tool], **fields)["tools"][0]["functionDeclarations"][0]
    return found


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "unit": {"const": "m"},
        "to": {"$ref": "#/$defs/place"},
        "at": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "how": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "$defs": {"place": {"type": "string"}},
    "additionalProperties": False,
}


def test_a_schema_is_sent_as_json_schema() -> None:
    wire = declaration_of(Tool("go", "Go", SCHEMA))["parametersJsonSchema"]

    assert wire == {
        **{key: value for key, value in SCHEMA.items() if key != "$schema"},
        "properties": {**SCHEMA["properties"], "unit": {"enum": ["m"]}},  # type: ignore[dict-item]
    }


def test_a_schema_is_sent_to_older_models_in_the_openapi_subset() -> None:
    form = ResponseFormat(kind="json_schema", schema=SCHEMA)
    wire = {
        "type": "object",
        "properties": {
            "unit": {"enum": ["m"]},
            "to": {"type": "string"},
            "at": {"type": "string", "description": "format: date", "nullable": True},
            "how": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
    }

    assert declaration_of(Tool("go", "Go", SCHEMA), model="gemini-2.0-flash")["parameters"] == wire
    assert body_of("hi", model="gemini-2.0-flash", response_format=form)["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseSchema": wire,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        {"type": "object"},
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False, "title": "Nothing"},
    ],
)
def test_a_tool_without_arguments_has_no_schema(schema: dict[str, Any]) -> None:
    assert declaration_of(Tool("now", None, schema)) == {"name": "now"}


def test_a_tool_that_takes_any_keys_has_a_schema() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "string"}}

    assert declaration_of(Tool("tag", None, schema))["parametersJsonSchema"] == schema


STRICT = attrs.evolve(GET_TIME, strict=True)


@pytest.mark.parametrize(
    ("tools", "choice", "calling"),
    [
        ([ADD], None, None),
        ([ADD], "auto", {"mode": "AUTO"}),
        ([ADD], "none", {"mode": "NONE"}),
        ([ADD], "required", {"mode": "ANY"}),
        ([ADD], "add", {"mode": "ANY", "allowedFunctionNames": ["add"]}),
        ([STRICT, ADD], None, {"mode": "VALIDATED"}),
        ([STRICT, ADD], "auto", {"mode": "VALIDATED"}),
        ([STRICT], "required", {"mode": "ANY"}),
        ([STRICT], "none", {"mode": "NONE"}),
        ([attrs.evolve(ADD, strict=False)], None, None),
    ],
)
def test_tool_choice_and_strict_become_a_calling_mode(
    tools: list[Tool], choice: Any, calling: dict[str, Any] | None
) -> None:
    body = body_of("hi", tools=tools, tool_choice=choice)

    assert body.get("toolConfig", {}).get("functionCallingConfig") == calling


def test_a_model_that_cannot_be_held_to_schemas_refuses_strict() -> None:
    body, left_out = body_and_omissions("hi", model="gemini-2.0-flash", tools=[STRICT])

    assert left_out == ["strict"]
    assert "toolConfig" not in body


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_a_response_format_can_be_combined_with_tools_only_on_newer_models(kind: Any) -> None:
    form = ResponseFormat(kind=kind, schema=SCHEMA if kind == "json_schema" else None)

    assert body_and_omissions("hi", model=PRO_25, tools=[ADD], response_format=form)[1] == ["response_format"]
    config = body_of("hi", model=PRO_3, tools=[ADD], response_format=form)["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert ("responseJsonSchema" in config) == (kind == "json_schema")
