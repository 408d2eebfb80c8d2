"""Bodies of Ollama's own API: options, formats, and prompts that are never cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib import AiClient, ConnectionOptions
from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool
from tests.support.scenarios import ADD, CITY, TOOLS
from tests.support.server import Server, json_reply
from tests.support.wire_cases import adapter_for, body_of, encode_request

ADAPTER = adapter_for("ollama")


def test_a_plain_request_turns_off_streaming_and_the_truncation_of_prompts() -> None:
    assert body_of(ADAPTER) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
        "truncate": False,
        "shift": False,
    }
    assert body_of(ADAPTER, stream=True)["stream"] is True


def test_a_caller_may_allow_the_truncation_of_prompts() -> None:
    body = body_of(ADAPTER, extensions={"truncate": True, "shift": True, "keep_alive": "1h"})

    assert (body["truncate"], body["shift"], body["keep_alive"]) == (True, True, "1h")


def test_settings_are_options_and_merged_with_those_of_the_caller() -> None:
    body = body_of(
        ADAPTER, temperature=0.5, max_tokens=9, stop=["END"], seed=7, extensions={"options": {"num_ctx": 32768}}
    )

    assert body["options"] == {"temperature": 0.5, "num_predict": 9, "stop": ["END"], "seed": 7, "num_ctx": 32768}


@pytest.mark.parametrize("field", ["stream", "model"])
def test_an_extension_that_repeats_a_field_is_refused(field: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"extensions repeat fields that the request already sets: {field}"):
        body_of(ADAPTER, extensions={field: True})


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(0, 500),
    "max_tokens": st.integers(1, 10**6),
    "stop": st.lists(TEXT, min_size=1, max_size=4),
    "seed": st.integers(-(2**31), 2**31),
    "n": st.integers(1, 8),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "logit_bias": st.just({"1": 2}),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "tools": st.just(TOOLS),
    "tool_choice": st.sampled_from(["required", NamedTool("add")]),
    "parallel_tool_calls": st.booleans(),
    "response_format": st.sampled_from([CITY, ResponseFormat(kind="json_object")]),
    "reasoning": st.sampled_from(["none", "enabled", "low", "high", "xhigh", 500]),
    "user": TEXT,
    "metadata": st.just({"a": "b"}),
}
PLACES = {"max_tokens": "num_predict", "response_format": "format", "reasoning": "think"}


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) | {"messages", "model", "extensions"} == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=8))
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    if "tool_choice" in chosen:
        fields["tools"] = TOOLS

    body, left_out = encode_request(ADAPTER, "drop", **fields)

    there = {**body, **body.get("options", {})}
    assert [name for name in fields if PLACES.get(name, name) not in there and name not in left_out] == []


def test_a_format_is_json_or_the_schema_itself() -> None:
    assert body_of(ADAPTER, response_format=ResponseFormat(kind="json_object"))["format"] == "json"
    assert body_of(ADAPTER, response_format=CITY)["format"] == CITY.schema


def test_the_choice_none_leaves_the_tools_out() -> None:
    assert "tools" not in body_of(ADAPTER, tools=[ADD], tool_choice="none")
    assert body_of(ADAPTER, tools=[ADD], tool_choice="auto")["tools"][0]["function"]["name"] == "add"


@pytest.mark.parametrize("choice", ["required", "add"])
def test_a_forced_call_is_refused(choice: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="tool_choice: the model itself decides"):
        body_of(ADAPTER, tools=[ADD], tool_choice=choice)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"messages": Message.user("hi", name="ada")}),
        ("refusal", {"messages": [Message.user("hi"), attrs.evolve(Message.assistant(), refusal="no")]}),
        ("strict", {"tools": [attrs.evolve(ADD, strict=True)]}),
        ("cache", {"tools": [attrs.evolve(ADD, cache="5m")]}),
    ],
)
def test_an_unsupported_field_is_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Ollama does not support {field}"):
        body_of(ADAPTER, **fields)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(200, {"message": {"content": "hi"}, "done": True})) as running:
        yield running


def test_a_host_without_a_scheme_is_enough(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"0.0.0.0:{server.port}")

    with AiClient("ollama/llama3.2") as client:
        client.chat("hi")

    assert server.requests[0].path == "/api/chat"
    assert "authorization" not in server.requests[0].headers


def test_the_compatible_api_is_found_under_the_same_host(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.script(json_reply(200, {"choices": [{"message": {"content": "hi"}}]}))

    with AiClient("ollama", api="openai", model="llama3.2") as client:
        client.chat("hi")

    assert server.requests[0].path == "/v1/chat/completions"


def test_the_cloud_gets_the_key(server: Server) -> None:
    with AiClient("ollama", model="m", options=ConnectionOptions(base_url=server.url, api_key="k-4711")) as client:
        client.chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer k-4711"
