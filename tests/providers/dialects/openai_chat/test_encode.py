"""Bodies of chat completions: every field reaches the wire or is reported, and text arrives unaltered."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs
from ai_lib.types.content import Image, Json
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import Tool, ToolCall
from tests.support.scenarios import CITY, PDF, PNG, TOOLS, WAV
from tests.support.strategies import REQUEST_FIELDS
from tests.support.wire_cases import adapter_for, adapter_with, body_of

FIELDS = REQUEST_FIELDS
REASONING_NAMES = {"reasoning_effort", "thinking", "enable_thinking", "thinking_budget", "reasoning"}
# What must hold besides for a field to make sense.
NEEDED = {"tool_choice": {"tools": TOOLS}}
CONFIGS = [
    config for config in configs() if config.dialect == "openai_chat" and config.chat_path and config.retired is None
]


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) == set(attrs.fields_dict(ChatCompletionRequest))


def test_every_field_of_a_message_and_of_a_tool_is_known_to_these_tests() -> None:
    assert set(attrs.fields_dict(Message)) == {
        "role", "content", "name", "tool_calls", "tool_call_id", "reasoning", "refusal", "citations", "provider_data",
        "is_error",
    }  # fmt: skip
    assert set(attrs.fields_dict(Tool)) == {"name", "description", "parameters", "strict", "cache", "function"}
    assert set(attrs.fields_dict(ResponseFormat)) == {"kind", "schema", "name", "strict", "parser"}
    assert set(attrs.fields_dict(Image)) == {"url", "data", "file_id", "media_type", "name", "detail", "cache"}


def names_of(field: str, request: ChatCompletionRequest, config: ProviderConfig) -> set[str]:
    """Return the keys of a body that show a field to have arrived."""
    own = {"extensions": set(request.extensions), "reasoning": REASONING_NAMES}
    return own.get(field) or {config.quirks.get("rename", {}).get(field, field)}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.id)
@settings(deadline=None, max_examples=6)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(config: ProviderConfig, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=12)) | {"messages", "model"}
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    for name in chosen:
        fields.update(NEEDED.get(name, {}))
    request = ChatCompletionRequest(**fields)
    adapter = adapter_for(config.id)

    prepared, left_out = adapter.chat_request(request, stream=False, on_unsupported="drop")

    assert prepared.body is not None
    body = json.loads(prepared.body)
    reported = {reason.partition(":")[0] for reason in left_out}
    assert [name for name in fields if not names_of(name, request, config) & set(body) and name not in reported] == []


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"messages", "model", "extensions"}))
def test_a_rejected_field_raises_an_error_with_its_name(field: str) -> None:
    adapter = adapter_with(rejects=[field])
    value = {"tools": TOOLS, "tool_choice": "auto", "response_format": CITY, "reasoning": "low", "stop": "x",
             "user": "u", "metadata": {"a": "b"}, "logit_bias": {"1": 1}, "logprobs": True,
             "parallel_tool_calls": True}.get(field, 1)  # fmt: skip

    with pytest.raises(
        UnsupportedFeatureError, match=f"wire does not support {field}: the provider does not accept it"
    ):
        body_of(adapter, **{**NEEDED.get(field, {}), field: value})


@settings(deadline=None, max_examples=30)
@given(
    fields=st.fixed_dictionaries({name: FIELDS[name] for name in ("temperature", "seed", "user", "stop", "logit_bias")})
)
def test_values_are_sent_unchanged(fields: dict[str, Any]) -> None:
    body = body_of(adapter_for("wire"), **fields)

    assert {name: body[name] for name in fields} == fields


def test_a_request_without_options_has_only_a_model_and_messages() -> None:
    assert body_of(adapter_for("wire")) == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("action", ["drop", "warn"])
def test_a_field_that_is_left_out_is_listed_with_the_reason(action: Any) -> None:
    request = ChatCompletionRequest(model="m", messages="hi", top_k=5, reasoning=100)

    prepared, left_out = adapter_for("wire").chat_request(request, stream=False, on_unsupported=action)

    assert left_out == (
        "top_k: chat completions have no such field; if the server has one, pass it in extensions",
        "reasoning: the provider accepts an effort such as 'low', not a number of tokens",
    )
    assert json.loads(prepared.body or b"").keys() == {"model", "messages"}


def test_a_cache_mark_on_a_tool_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="does not support cache: chat completions cannot mark"):
        body_of(adapter_with(cache_marks=["5m"]), tools=[attrs.evolve(TOOLS[0], cache="5m")])


@pytest.mark.parametrize(
    ("quirks", "fields", "words"),
    [
        ({"json_object": False}, {"response_format": ResponseFormat(kind="json_object")}, "no json_object mode"),
        ({"json_schema": False}, {"response_format": CITY}, "no json_schema mode; request 'json_object'"),
        ({"json_schema_with_tools": False}, {"response_format": CITY, "tools": TOOLS}, "together with tools"),
        ({"json_schema_with_stream": False}, {"response_format": CITY, "stream": True}, "does not stream answers"),
        ({"media": []}, {"messages": Message.user(PNG)}, "image content: the provider does not accept such parts"),
        ({"media": []}, {"messages": Message.user(WAV)}, "audio content: the provider does not accept such parts"),
        ({"media": []}, {"messages": Message.user(PDF)}, "document content: the provider does not accept such parts"),
        (
            {"image_urls": False},
            {"messages": Message.user(Image.from_url("https://a.example"))},
            "does not fetch images",
        ),
        ({"rejects": ["name"]}, {"messages": Message.user("hi", name="ada")}, "does not support name"),
        ({"tool_choice": ["auto"]}, {"tools": TOOLS, "tool_choice": "add"}, "supports only auto, not named"),
    ],
)
def test_a_quirk_refuses_what_the_provider_does_not_support(
    quirks: dict[str, Any], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnsupportedFeatureError, match=words):
        body_of(adapter_with(**quirks), **fields)


def test_keys_that_a_provider_rejects_are_dropped_from_schemas_at_any_depth() -> None:
    schema = {
        "type": "object",
        "$schema": "x",
        "properties": {"a": {"anyOf": [{"type": "object", "$schema": "y"}, {"type": "null"}]}},
    }

    body = body_of(adapter_with(schema_drops=["$schema"]), tools=[Tool("t", parameters=schema)])

    assert body["tools"][0]["function"]["parameters"] == {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "object"}, {"type": "null"}]}},
    }


def test_extensions_are_added_to_the_body_unchanged() -> None:
    body = body_of(adapter_for("wire"), extensions={"top_k": 5, "provider": {"order": ["x"]}}, temperature=1)

    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 1,
        "top_k": 5,
        "provider": {"order": ["x"]},
    }


@pytest.mark.parametrize("field", ["model", "messages", "stream", "temperature"])
def test_an_extension_that_repeats_a_field_is_refused(field: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"extensions repeat fields that the request already sets: {field}"):
        body_of(adapter_for("wire"), temperature=1, extensions={field: 1})


def test_an_extension_under_a_fields_name_on_the_wire_is_refused() -> None:
    adapter = adapter_with(rename={"max_tokens": "max_completion_tokens"})

    with pytest.raises(InvalidRequestError, match="max_completion_tokens"):
        body_of(adapter, max_tokens=5, extensions={"max_completion_tokens": 6})


def test_the_options_of_a_stream_are_merged_with_those_of_the_caller() -> None:
    body = body_of(adapter_for("wire"), stream=True, extensions={"stream_options": {"include_obfuscation": False}})

    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True, "include_obfuscation": False}


def _endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["again"] = value
    return value


@pytest.mark.parametrize(
    "value",
    [object(), {"a": {1, 2}.__iter__()}, "\ud800", _endless()],
    ids=["object", "iterator", "surrogate", "endless"],
)
@pytest.mark.parametrize("place", ["extensions", "Json"])
def test_a_value_without_a_json_form_is_an_invalid_request(value: Any, place: str) -> None:
    fields = {"extensions": {"x": value}} if place == "extensions" else {"messages": Message.user("see", Json(value))}

    with pytest.raises(InvalidRequestError, match="contains a value that cannot be represented as JSON"):
        body_of(adapter_for("wire"), **fields)


@settings(deadline=None, max_examples=80)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_text_arrives_unaltered_in_every_place(text: str) -> None:
    messages = [
        Message.system(text),
        Message.user(text, text),
        Message.assistant(text, tool_calls=[ToolCall("c", "add", text)]),
        Message.tool("c", text),
    ]

    body = body_of(adapter_for("wire"), messages=messages, user=text, stop=text, tools=[Tool("add", text)])

    system, user, assistant, tool = body["messages"]
    assert [system["content"], assistant["content"], tool["content"], body["user"], *body["stop"]] == [text] * 5
    assert user["content"] == [{"type": "text", "text": text}] * 2
    assert assistant["tool_calls"][0]["function"]["arguments"] == text
    assert body["tools"][0]["function"]["description"] == text


@pytest.mark.parametrize(
    "text", ["\x00\x1f\x7f", "\u2028\u2029\ufeff", "🏳️‍🌈 👩‍👩‍👧", "e\u0301", '\r\n\t "\\/', "<|endoftext|>"]
)
def test_odd_text_arrives_unaltered(text: str) -> None:
    assert body_of(adapter_for("wire"), messages=text + "x")["messages"][0]["content"] == text + "x"


@pytest.mark.parametrize(
    "field", [{"messages": "a\ud800b"}, {"user": "\udfff"}, {"messages": Message.user("a", "\ud83d")}]
)
def test_half_a_surrogate_pair_is_an_invalid_request(field: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="the request contains a value that cannot be represented as JSON"):
        body_of(adapter_for("wire"), **field)
