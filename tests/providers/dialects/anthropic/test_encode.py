"""Bodies of the Messages API: every field, what each model accepts, tools and response formats."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.registry import get_config, load_dialect
from ai_lib.types.content import Document, Image
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from tests.providers.dialects.anthropic.bodies import (
    HAIKU_3,
    OPUS_4_6,
    OPUS_4_7,
    OPUS_5_5,
    SONNET_4_5,
    SONNET_5_5,
    adapter_with,
    body_of,
    refusal_of,
    request_of,
)
from tests.support.scenarios import GET_TIME, SCENARIOS, TOOLS
from tests.support.strategies import REQUEST_FIELDS
from tests.support.wire_cases import KEY, adapter_for

FIELDS = {
    **REQUEST_FIELDS,
    "model": st.sampled_from([HAIKU_3, SONNET_4_5, OPUS_4_6, OPUS_4_7, SONNET_5_5, OPUS_5_5, "of-another"]),
    "temperature": st.floats(0, 1),
    "max_tokens": st.integers(4096, 10**6),
    "n": st.integers(2, 8),
    "logprobs": st.just(True),
    "reasoning": st.one_of(st.sampled_from(["low", "high", "enabled", "some"]), st.integers(1024, 2048)),
}
NAMES = {
    "stop": {"stop_sequences"},
    "reasoning": {"thinking"},
    "user": {"metadata"},
    "response_format": {"output_config"},
    "parallel_tool_calls": {"tool_choice"},
}
NEEDED = {"tool_choice": {"tools": TOOLS}, "parallel_tool_calls": {"tools": TOOLS}}


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=12)) | {"messages", "model"}
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    for name in chosen:
        fields.update(NEEDED.get(name, {}))

    prepared, reported = request_of(**fields)

    body = json.loads(prepared.body or b"")
    own = {**NAMES, "extensions": set(fields.get("extensions", ()))}
    assert [name for name in fields if not own.get(name, {name}) & set(body) and name not in reported] == []
    assert "metadata" not in body or body["metadata"] == {"user_id": fields["user"]}


def test_a_request_without_options_has_only_a_model_a_limit_and_messages() -> None:
    assert body_of() == {
        "model": SONNET_4_5,
        "max_tokens": 64000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }


@pytest.mark.parametrize(
    "fields",
    [{"n": 1}, {"logprobs": False}, {"metadata": {}}, {"logit_bias": {}}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_value_that_requests_the_default_behaviour_is_accepted(fields: dict[str, Any]) -> None:
    assert body_of(**fields) == body_of()


def test_fields_with_other_names_on_the_wire_are_renamed() -> None:
    body = body_of(stop="END", user="u1", temperature=0.3, top_k=4)

    assert (body["stop_sequences"], body["metadata"], body["temperature"], body["top_k"]) == (
        ["END"], {"user_id": "u1"}, 0.3, 4,
    )  # fmt: skip


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k", "stop", "user", "parallel_tool_calls"])
def test_a_field_that_a_provider_rejects_is_refused(field: str) -> None:
    value = {"stop": "x", "user": "u", "parallel_tool_calls": False}.get(field, 1)

    message = refusal_of(adapter_with(rejects=[field]), **{**NEEDED.get(field, {}), field: value})

    assert f"does not support {field}: the provider does not accept it" in message


def test_a_host_with_the_model_in_the_url_gets_a_version_instead() -> None:
    vertex = adapter_with(model_in_body=False, fixed={"anthropic_version": "vertex-2023-10-16"})

    body = body_of(vertex, stream=True)

    assert "model" not in body
    assert (body["anthropic_version"], body["stream"]) == ("vertex-2023-10-16", True)


def test_a_host_with_streaming_in_the_url_gets_no_flag() -> None:
    assert "stream" not in body_of(adapter_with(stream_in_body=False), stream=True)


def test_the_api_version_is_sent_with_every_request() -> None:
    config = get_config("anthropic")
    adapter = ProviderAdapter(
        config=config, dialect=load_dialect("anthropic"), base_url=config.base_url, api_key=KEY, headers=config.headers
    )

    prepared, _ = request_of(adapter)

    assert prepared.url == "https://api.anthropic.com/v1/messages"
    assert prepared.headers["anthropic-version"] == "2023-06-01"
    assert prepared.headers["x-api-key"] == KEY
    assert "anthropic-beta" not in prepared.headers


@pytest.mark.parametrize(
    "message",
    [
        Message.user("?", Document.from_file_id("file_1")),
        Message.user("?", Image.from_file_id("file_1")),
    ],
    ids=["document", "image"],
)
def test_a_file_id_adds_the_header_of_its_beta(message: Message) -> None:
    prepared, _ = request_of(messages=[message])

    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"


def test_a_file_id_in_a_tool_result_adds_the_header_too() -> None:
    call = Message.assistant(tool_calls=[ToolCall("c1", "scan")])

    prepared, _ = request_of(messages=[Message.user("?"), call, Message.tool("c1", Image.from_file_id("file_1"))])

    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"


def test_the_beta_header_of_the_user_is_joined_with_it() -> None:
    adapter = attrs.evolve(adapter_for("anthropic"), headers={"Anthropic-Beta": "context-1m-2025-08-07"})

    prepared, _ = request_of(adapter, messages=[Message.user("?", Image.from_file_id("file_1"))])

    values = [value for name, value in prepared.headers.items() if name.lower() == "anthropic-beta"]
    assert values == ["context-1m-2025-08-07, files-api-2025-04-14"]


def test_foundry_takes_the_key_in_the_vendors_own_header() -> None:
    config = get_config("azure_openai").with_api("anthropic")
    adapter = ProviderAdapter(
        config=config, dialect=load_dialect("anthropic"), base_url="https://r.services.ai.azure.com/anthropic",
        api_key=KEY, headers=config.headers,
    )  # fmt: skip

    prepared, _ = request_of(adapter)

    assert config.base_url == "https://{resource}.services.ai.azure.com/anthropic"
    assert prepared.url == "https://r.services.ai.azure.com/anthropic/v1/messages"
    assert (prepared.headers["x-api-key"], prepared.headers["anthropic-version"]) == (KEY, "2023-06-01")


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_newer_models_reject_sampling(field: str) -> None:
    assert f"{field}: the model rejects it" in refusal_of(model=OPUS_4_7, **{field: 1})


def test_temperature_and_top_p_go_together_only_on_older_models() -> None:
    assert body_of(model=HAIKU_3, temperature=0.5, top_p=0.9)["top_p"] == 0.9
    assert body_of(model="claude-sonnet-4-20250514", temperature=0.5, top_p=0.9)["top_p"] == 0.9
    assert "top_p: the model accepts temperature or top_p, not both" in refusal_of(temperature=0.5, top_p=0.9)


@pytest.mark.parametrize(("field", "value"), [("temperature", 0.5), ("top_p", 0.9), ("top_k", 5)])
def test_a_model_that_thinks_rejects_sampling(field: str, value: float) -> None:
    assert f"{field}: the model rejects it while it thinks" in refusal_of(reasoning="low", **{field: value})


def test_sampling_that_a_thinking_model_accepts_is_sent() -> None:
    assert body_of(reasoning="low", temperature=1)["temperature"] == 1
    assert body_of(reasoning="low", top_p=0.95)["top_p"] == 0.95


@pytest.mark.parametrize(
    ("choice", "parallel", "wire"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("add", None, {"type": "tool", "name": "add"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, True, {"type": "auto", "disable_parallel_tool_use": False}),
        ("add", False, {"type": "tool", "name": "add", "disable_parallel_tool_use": True}),
    ],
)
def test_tool_choice_and_parallel_calls_become_one_object(choice: Any, parallel: Any, wire: Any) -> None:
    body = body_of(tools=TOOLS, tool_choice=choice, parallel_tool_calls=parallel)

    assert body.get("tool_choice") == wire


@pytest.mark.parametrize("choice", ["required", NamedTool("add")])
def test_a_tool_cannot_be_forced_on_a_model_that_thinks(choice: Any) -> None:
    always = refusal_of(model=SONNET_5_5, tools=TOOLS, tool_choice=choice)
    now = refusal_of(tools=TOOLS, tool_choice=choice, reasoning="low")

    assert "tool_choice: the model always thinks, and then accepts only auto and none" in always
    assert "tool_choice: while it thinks with a budget the model accepts only auto and none" in now
    assert body_of(model="claude-haiku-5-5", tools=TOOLS, tool_choice=choice)["tool_choice"]


def test_a_tool_without_a_description_or_a_type_has_an_object_schema() -> None:
    assert body_of(tools=[Tool("f", parameters={"properties": {"a": {}}})])["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {"a": {}}}}
    ]


def test_the_schema_of_a_strict_tool_is_reduced_to_the_subset() -> None:
    tool = Tool("f", None, {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}, strict=True)

    assert body_of(tools=[tool])["tools"][0] == {
        "name": "f",
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": {"a": {"type": "integer", "description": "minimum: 1"}},
            "additionalProperties": False,
        },
    }
    assert "strict: the model cannot be held to a schema" in refusal_of(model=HAIKU_3, tools=[tool])


def test_a_response_schema_is_reduced_to_the_subset_and_joins_the_effort() -> None:
    schema = {
        "type": "object",
        "properties": {
            "mail": {"type": "string", "format": "email", "maxLength": 9, "description": "Where"},
            "code": {"type": "string", "format": "zip", "pattern": "^[0-9]+$"},
            "kind": {"oneOf": [{"const": 1}, {"$ref": "#/$defs/tag"}]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        },
        "$defs": {"tag": {"type": "object", "properties": {"minimum": {"type": "null"}}}},
    }

    body = body_of(
        model=OPUS_4_7, reasoning="low", response_format=ResponseFormat(kind="json_schema", schema=schema, strict=True)
    )

    assert body["output_config"] == {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {
                    "mail": {"type": "string", "format": "email", "description": "Where; maxLength: 9"},
                    "code": {"type": "string", "description": "format: zip; pattern: ^[0-9]+$"},
                    "kind": {"anyOf": [{"const": 1}, {"$ref": "#/$defs/tag"}]},
                    "tags": {"type": "array", "items": {"type": "string"}, "description": "minItems: 2"},
                },
                "$defs": {
                    "tag": {
                        "type": "object",
                        "properties": {"minimum": {"type": "null"}},
                        "additionalProperties": False,
                    }
                },
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(
    "free",
    [
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object"},
        {"type": "object", "properties": {}, "patternProperties": {"^a": {}}},
        {"type": "array", "items": {"anyOf": [{"type": "null"}, {"type": "object"}]}},
    ],
)
def test_an_object_with_free_keys_is_refused_since_closing_it_would_empty_it(free: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"a": free}}

    message = refusal_of(response_format=ResponseFormat(kind="json_schema", schema=schema))

    assert "response_format: objects must name their properties" in message
    assert "does not support strict" in refusal_of(tools=[Tool("f", None, schema, strict=True)])


def test_json_without_a_schema_is_refused() -> None:
    assert "response_format: there is no json_object mode" in refusal_of(
        response_format=ResponseFormat(kind="json_object")
    )


def test_server_tools_in_extensions_join_the_functions() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}

    body = body_of(tools=[GET_TIME], extensions={"tools": [search], "service_tier": "auto"})

    assert [tool["name"] for tool in body["tools"]] == ["get_time", "web_search"]
    assert body["tools"][1] == search
    assert body["service_tier"] == "auto"
    assert body_of(extensions={"tools": [search]})["tools"] == [search]


def test_extensions_join_objects_and_never_repeat_a_field() -> None:
    body = body_of(model=OPUS_4_7, reasoning="low", extensions={"thinking": {"display": "omitted"}})

    assert body["thinking"] == {"type": "adaptive", "display": "omitted"}
    with pytest.raises(InvalidRequestError, match="extensions repeat fields that the request already sets: max_tokens"):
        body_of(extensions={"max_tokens": 5})
    with pytest.raises(InvalidRequestError, match="already sets: stream"):
        body_of(extensions={"stream": True})


# The client's types are of the API version that has no temperature.
@pytest.mark.parametrize("model", [SONNET_4_5, OPUS_4_7, SONNET_5_5])
@pytest.mark.parametrize("situation", sorted(set(SCENARIOS) - {"settings"}))
def test_a_body_fits_the_types_of_the_vendors_client(shared: Any, situation: str, model: str) -> None:
    pytest.importorskip("jsonschema", reason="needs jsonschema")
    path = shared / "tools" / "validate_request.py"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    import importlib.util

    spec = importlib.util.spec_from_file_location("validate_request", path)
    assert spec is not None
    assert spec.loader is not None
    validator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(validator)

    prepared, _ = request_of(model=model, **SCENARIOS[situation])

    assert validator.errors("anthropic.messages", json.loads(prepared.body or b"")) == []
