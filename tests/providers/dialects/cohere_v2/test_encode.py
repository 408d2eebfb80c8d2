"""Bodies of Cohere's chat API: every field, tools and the answer format."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Document, Image, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool
from tests.support.scenarios import ADD, CITY, PDF, TOOLS, WAV
from tests.support.strategies import requests
from tests.support.wire_cases import adapter_for, body_of, encode_request

ADAPTER = adapter_for("cohere")
FIELDS: dict[str, Any] = {
    "temperature": 0.5, "top_p": 0.5, "top_k": 5, "max_tokens": 400, "stop": ["x"], "seed": 1, "n": 2,
    "presence_penalty": 0.1, "frequency_penalty": 0.2, "logit_bias": {"1": 1}, "logprobs": True, "top_logprobs": 2,
    "tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": False, "response_format": CITY,
    "reasoning": 500, "user": "u", "metadata": {"team": "blue"}, "extensions": {"safety_mode": "STRICT"},
}  # fmt: skip
NAMES = {
    "top_p": "p", "top_k": "k", "stop": "stop_sequences", "reasoning": "thinking", "extensions": "safety_mode",
}  # fmt: skip


def test_every_field_of_a_request_is_tried_here() -> None:
    assert set(FIELDS) | {"messages", "model"} == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=60)
@given(chosen=st.sets(st.sampled_from(sorted(FIELDS))))
def test_every_field_reaches_the_wire_or_is_reported(chosen: set[str]) -> None:
    fields = {name: FIELDS[name] for name in chosen | ({"tools"} if "tool_choice" in chosen else set())}

    body, left_out = encode_request(ADAPTER, "drop", **fields)

    assert [name for name in fields if NAMES.get(name, name) not in body and name not in left_out] == []


@settings(deadline=None, max_examples=100)
@given(request=requests)
def test_every_request_has_a_body_and_a_reason_for_each_field_left_out(request: ChatCompletionRequest) -> None:
    prepared, left_out = ADAPTER.chat_request(request, stream=False, on_unsupported="drop")

    assert prepared.body is not None
    body = json.loads(prepared.body)
    assert len(body["messages"]) == len(request.messages)
    assert [name for name, value in body.items() if value is None and name not in {"model", *request.extensions}] == []
    assert all(": " in reason for reason in left_out)


def test_plain_fields_are_sent_under_coheres_names() -> None:
    body = body_of(ADAPTER, top_p=0.5, top_k=5, stop="x", seed=0, logprobs=False, parallel_tool_calls=True, n=1)

    assert body == {
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "p": 0.5, "k": 5, "stop_sequences": ["x"],
        "seed": 0, "logprobs": False,
    }  # fmt: skip


@pytest.mark.parametrize("field", ["n", "logit_bias", "top_logprobs", "user", "metadata", "parallel_tool_calls"])
def test_an_unsupported_field_is_refused(field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Cohere does not support {field}:"):
        body_of(ADAPTER, **{field: FIELDS[field]})


def test_only_a_streaming_request_has_the_stream_field() -> None:
    assert body_of(ADAPTER, stream=True)["stream"] is True
    assert "stream" not in body_of(ADAPTER)


@pytest.mark.parametrize(
    ("choice", "wire", "names"),
    [
        (None, None, ["get_time", "add"]),
        ("auto", None, ["get_time", "add"]),
        ("none", "NONE", ["get_time", "add"]),
        ("required", "REQUIRED", ["get_time", "add"]),
        (NamedTool("add"), "REQUIRED", ["add"]),
    ],
)
def test_each_tool_choice_has_its_form(choice: Any, wire: str | None, names: list[str]) -> None:
    body = body_of(ADAPTER, tools=TOOLS, tool_choice=choice)

    assert body.get("tool_choice") == wire
    assert [tool["function"]["name"] for tool in body["tools"]] == names


def test_a_tool_without_a_description_is_sent_without_one() -> None:
    assert body_of(ADAPTER, tools=[Tool("now")])["tools"] == [
        {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}
    ]
    with pytest.raises(UnsupportedFeatureError, match="cache"):
        body_of(ADAPTER, tools=[Tool("now", cache="5m")])


@pytest.mark.parametrize(("strict", "wire"), [((None, None), None), ((True, None), True), ((False, False), False)])
def test_strictness_holds_for_all_tools_of_a_request(strict: tuple[Any, Any], wire: bool | None) -> None:
    tools = [attrs.evolve(tool, strict=each) for tool, each in zip(TOOLS, strict, strict=True)]

    assert body_of(ADAPTER, tools=tools).get("strict_tools") is wire


def test_tools_that_differ_in_strictness_are_refused() -> None:
    tools = [attrs.evolve(ADD, strict=True), Tool("now", strict=False)]

    with pytest.raises(UnsupportedFeatureError, match="strict: it must be the same for all tools"):
        body_of(ADAPTER, tools=tools)
    assert body_of(ADAPTER, tools=tools, tool_choice="add")["strict_tools"] is True


def test_a_schema_is_sent_unchanged_next_to_json_object() -> None:
    assert body_of(ADAPTER, response_format=CITY)["response_format"] == {
        "type": "json_object",
        "json_schema": CITY.schema,
    }
    assert body_of(ADAPTER, response_format=ResponseFormat(kind="json_object"))["response_format"] == {
        "type": "json_object"
    }


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"messages": Message.user("hi", PDF)}, "document content"),
        ({"messages": Message.user("hi", Document.from_url("https://example.com/a.txt"))}, "document url"),
        ({"messages": Message.user("hi", WAV)}, "audio content"),
        ({"messages": Message.user("hi", Image.from_file_id("f"))}, "image file_id"),
        ({"messages": Message.user(Text("hi", cache="1h"))}, "cache"),
        ({"reasoning": "somewhat"}, "reasoning"),
        ({"n": 2}, "n"),
    ],
)
def test_a_field_that_is_left_out_leaves_no_trace(fields: dict[str, Any], left_out: str) -> None:
    body, dropped = encode_request(ADAPTER, "drop", **fields)

    assert dropped == [left_out]
    assert body == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
