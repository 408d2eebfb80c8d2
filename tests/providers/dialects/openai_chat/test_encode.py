"""Bodies of requests: against those that another client sends, field by field, and text that must arrive unaltered."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs, load_dialect
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Citation, Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import Tool, ToolCall
from tests.support.scenarios import CITY, PDF, PNG, TOOLS, WAV
from tests.support.strategies import REQUEST_FIELDS
from tests.support.wire_cases import BASE_URL, adapter_for


def body_of(adapter: ProviderAdapter, *, stream: bool = False, **fields: Any) -> dict[str, Any]:
    request = ChatCompletionRequest(**{"model": "m", "messages": "hi", **fields})
    content = adapter.chat_request(request, stream=stream)[0].body
    assert content is not None
    body: dict[str, Any] = json.loads(content)
    return body


# --- every field -------------------------------------------------------------------------------------------------

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
def test_a_field_that_a_provider_refuses_raises_with_its_name(field: str) -> None:
    config = ProviderConfig("wire", base_url=BASE_URL, quirks={"rejects": [field]})
    adapter = ProviderAdapter(config=config, dialect=load_dialect("openai_chat"), base_url=BASE_URL)
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
def test_values_are_sent_as_given(fields: dict[str, Any]) -> None:
    body = body_of(adapter_for("wire"), **fields)

    assert {name: body[name] for name in fields} == fields


def test_a_request_without_options_has_only_a_model_and_messages() -> None:
    assert body_of(adapter_for("wire")) == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("action", ["drop", "warn"])
def test_what_is_left_out_is_listed_with_its_reason(action: Any) -> None:
    request = ChatCompletionRequest(model="m", messages="hi", top_k=5, reasoning=100)

    prepared, left_out = adapter_for("wire").chat_request(request, stream=False, on_unsupported=action)

    assert left_out == (
        "top_k: chat completions have no such field; if the server has one, pass it in extensions",
        "reasoning: the provider accepts an effort such as 'low', not a number of tokens",
    )
    assert json.loads(prepared.body or b"").keys() == {"model", "messages"}


# --- how reasoning is asked for ------------------------------------------------------------------------------------

REASONING = [
    ("effort", "low", {"reasoning_effort": "low"}),
    ("thinking", "none", {"thinking": {"type": "disabled"}}),
    ("thinking", "enabled", {"thinking": {"type": "enabled"}}),
    ("thinking", 2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    ("thinking_effort", "disabled", {"thinking": {"type": "disabled"}}),
    ("thinking_effort", "high", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
    ("enable_thinking", "none", {"enable_thinking": False}),
    ("enable_thinking", 2000, {"enable_thinking": True, "thinking_budget": 2000}),
    ("object", "low", {"reasoning": {"effort": "low"}}),
    ("object", 2000, {"reasoning": {"max_tokens": 2000}}),
    ("object", "none", {"reasoning": {"effort": "none"}}),
    ("object", "enabled", {"reasoning": {"enabled": True}}),
    ("object", "disabled", {"reasoning": {"enabled": False}}),
    ({"other-*": "effort", "m*": "thinking"}, "none", {"thinking": {"type": "disabled"}}),
    ({"other-*": "thinking"}, "low", {"reasoning_effort": "low"}),
]


def adapter_with(**quirks: Any) -> ProviderAdapter:
    config = ProviderConfig("wire", base_url=BASE_URL, quirks=quirks)
    return ProviderAdapter(config=config, dialect=load_dialect("openai_chat"), base_url=BASE_URL)


@pytest.mark.parametrize(("way", "asked", "expected"), REASONING)
def test_reasoning_is_asked_for_in_the_providers_way(way: Any, asked: Any, expected: dict[str, Any]) -> None:
    body = body_of(adapter_with(reasoning=way), reasoning=asked)

    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == expected


@pytest.mark.parametrize(("way", "asked"), [("effort", 5), ("thinking", "low"), ("enable_thinking", "low")])
def test_a_form_of_reasoning_that_the_provider_does_not_know_is_refused(way: str, asked: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="wire does not support reasoning"):
        body_of(adapter_with(reasoning=way), reasoning=asked)


@pytest.mark.parametrize(
    ("quirks", "asked", "words"),
    [
        ({"efforts": {"m*": ["none", "high"]}}, "low", "m supports only none, high, not 'low'"),
        ({"reasoning": "thinking"}, "auto", "supports only none, enabled, disabled or a number of tokens, not 'auto'"),
        (
            {"reasoning": "thinking", "thinking_budget": False},
            500,
            "supports only enabled, disabled, not a number of tokens",
        ),
        (
            {"reasoning": "thinking", "thinking_types": {"m*": ["adaptive"]}},
            500,
            "supports only adaptive, not a number",
        ),
        ({"reasoning": "thinking", "thinking_types": {"m*": ["adaptive"]}}, "none", "supports only none, adaptive"),
        ({"reasoning": "thinking", "thinking_types": {"x": ["enabled"]}}, "enabled", "supports only none"),
    ],
)
def test_what_the_model_does_not_know_is_refused_with_what_it_knows(
    quirks: dict[str, Any], asked: Any, words: str
) -> None:
    with pytest.raises(UnsupportedFeatureError, match=words):
        body_of(adapter_with(**quirks), reasoning=asked)


# --- marks for the prompt cache ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Text("long", cache="5m"), {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}),
        (Text("long", cache="1h"), {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        (Json({"a": 1}, cache="5m"), {"type": "text", "text": '{"a":1}', "cache_control": {"type": "ephemeral"}}),
        (Image.from_url("https://a.example/i.png", cache="5m"),
         {"type": "image_url", "image_url": {"url": "https://a.example/i.png"}, "cache_control": {"type": "ephemeral"}}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", ["system", "user"])
def test_a_part_carries_its_mark_for_the_cache(part: Any, expected: dict[str, Any], role: str) -> None:
    messages = [Message(role=role, content=part), Message.user("hi")]

    body = body_of(adapter_with(cache_marks=["5m", "1h"], text_only_as_string=True), messages=messages)

    assert body["messages"][0]["content"] == [expected]


def test_a_mark_in_a_tools_result_is_sent() -> None:
    messages = [Message.user("hi"), Message.tool("c", Text("long", cache="5m"))]

    body = body_of(adapter_with(cache_marks=["5m"]), messages=messages)

    assert body["messages"][1]["content"] == [{"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}]


def test_only_marked_parts_are_marked() -> None:
    message = Message.user("a", Text("b", cache="5m"), "c")

    content = body_of(adapter_with(cache_marks=["5m"]), messages=message)["messages"][0]["content"]

    assert ["cache_control" in part for part in content] == [False, True, False]


@pytest.mark.parametrize(
    ("marks", "time", "words"),
    [
        ([], "5m", "the provider caches automatically, or not at all"),
        (["5m"], "1h", "the provider caches for 5m, not 1h"),
    ],
)
def test_a_mark_that_the_provider_does_not_know_is_refused(marks: list[str], time: Any, words: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"does not support cache: .*{words}"):
        body_of(adapter_with(cache_marks=marks), messages=Message.user(Text("long", cache=time)))


def test_a_mark_on_a_tool_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="does not support cache: chat completions cannot mark"):
        body_of(adapter_with(cache_marks=["5m"]), tools=[attrs.evolve(TOOLS[0], cache="5m")])


# --- messages ------------------------------------------------------------------------------------------------------


def test_thinking_goes_back_with_tool_calls_where_the_provider_wants_it() -> None:
    call = ToolCall("c1", "add", provider_data={"wire": {"extra_content": {"google": {"thought_signature": "S"}}}})
    turn = Message(
        role="assistant",
        tool_calls=[call],
        reasoning="hm",
        provider_data={"wire": {"reasoning_details": [{"text": "hm"}]}, "other": {"secret": 1}, "*": {"mine": 2}},
    )
    adapter = adapter_with(echo=["reasoning_content"])

    body = body_of(adapter, messages=[Message.user("hi"), turn, Message.tool("c1", "3")])

    assert body["messages"][1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "add", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "S"}},
            }
        ],
        "mine": 2,
        "reasoning_details": [{"text": "hm"}],
        "reasoning_content": "hm",
    }


def test_names_and_refusals_are_sent_and_citations_are_not() -> None:
    messages = [
        Message.user("hi", name="ada"),
        Message(role="assistant", refusal="no", citations=[Citation("https://a.example")]),
        Message.user("again"),
    ]

    body = body_of(adapter_for("wire"), messages=messages)

    assert body["messages"] == [
        {"role": "user", "content": "hi", "name": "ada"},
        {"role": "assistant", "content": "", "refusal": "no"},
        {"role": "user", "content": "again"},
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image.from_url("https://a.example/i.png", detail="low"),
         {"type": "image_url", "image_url": {"url": "https://a.example/i.png", "detail": "low"}}),
        (Document.from_file_id("file-1"), {"type": "file", "file": {"file_id": "file-1"}}),
        (Document.from_bytes(b"%PDF-1.4"),
         {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQ="}}),
        (Audio.from_bytes(b"x", "audio/mpeg"), {"type": "input_audio", "input_audio": {"data": "eA==", "format": "mp3"}}),
        (Json({"a": [1]}), {"type": "text", "text": '{"a":[1]}'}),
    ],
)  # fmt: skip
def test_a_part_has_its_form(part: Any, expected: dict[str, Any]) -> None:
    body = body_of(adapter_for("wire"), messages=Message.user("see", part))

    assert body["messages"][0]["content"] == [{"type": "text", "text": "see"}, expected]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Image.from_file_id("f"), "image file_id: images must be URLs or bytes"),
        (Audio.from_url("https://a.example/a.wav"), "audio url: audio must be bytes"),
        (Document.from_url("https://a.example/d.pdf"), "document url: documents must be bytes"),
    ],
)
def test_a_part_without_a_form_is_refused(part: Any, words: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=words):
        body_of(adapter_for("wire"), messages=Message.user("see", part))


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (Image.from_file_id("f"), "image file_id: images must be URLs or bytes"),
        (Audio.from_url("https://a.example/a.wav"),
         "audio url: audio must be bytes; use Audio.from_file() or Audio.from_bytes()"),
    ],
)  # fmt: skip
def test_a_message_whose_only_part_is_left_out_keeps_an_empty_text(part: Any, reason: str) -> None:
    request = ChatCompletionRequest(model="m", messages=Message.user(part))

    prepared, left_out = adapter_for("wire").chat_request(request, stream=False, on_unsupported="drop")

    assert json.loads(prepared.body or b"")["messages"] == [{"role": "user", "content": ""}]
    assert left_out == (reason,)


@pytest.mark.parametrize(
    ("quirks", "fields", "expected"),
    [
        ({"text_only_as_string": True}, {"messages": Message.user("a", "b")}, [{"role": "user", "content": "ab"}]),
        ({"audio_data_url": True}, {"messages": Message.user(WAV)},
         [{"role": "user", "content": [
             {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,UklGRg==", "format": "wav"}}]}]),
        ({"empty_content": ""}, {"messages": [Message.assistant(tool_calls=[ToolCall("c", "add")]), Message.tool("c", "1")]},
         [{"role": "assistant", "content": "", "tool_calls": [
             {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}]},
          {"role": "tool", "content": "1", "tool_call_id": "c"}]),
    ],
)  # fmt: skip
def test_a_switch_changes_the_form_of_messages(quirks: dict[str, Any], fields: dict[str, Any], expected: Any) -> None:
    assert body_of(adapter_with(**quirks), **fields)["messages"] == expected


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
def test_a_switch_refuses_what_the_provider_does_not_take(
    quirks: dict[str, Any], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnsupportedFeatureError, match=words):
        body_of(adapter_with(**quirks), **fields)


def test_keys_that_a_provider_refuses_are_dropped_from_schemas_at_any_depth() -> None:
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


# --- extensions ----------------------------------------------------------------------------------------------------


def test_extensions_are_put_into_the_body_as_they_are() -> None:
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


def test_the_options_of_a_stream_are_joined_with_the_users() -> None:
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

    with pytest.raises(InvalidRequestError, match="holds a value without a JSON form"):
        body_of(adapter_for("wire"), **fields)


# --- text ----------------------------------------------------------------------------------------------------------


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
    with pytest.raises(InvalidRequestError, match="the request holds a value without a JSON form"):
        body_of(adapter_for("wire"), **field)
