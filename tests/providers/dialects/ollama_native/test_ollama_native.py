"""What is particular to Ollama's own API: options, images as base64, arguments as objects, prompts that are never cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib import AiClient, ConnectionOptions
from ai_lib.errors import InvalidRequestError, InvalidResponseError, ModelNotFoundError, UnsupportedFeatureError
from ai_lib.providers.registry import get_config, load_operation
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.embedding import EmbeddingRequest
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, CITY, TOOLS
from tests.support.server import Server, json_reply
from tests.support.wire_cases import adapter_for

ADAPTER = adapter_for("ollama")


def prepared(on_unsupported: Any = "raise", *, stream: bool = False, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    request = ChatCompletionRequest(**{"model": "llama3.2", "messages": "hi", **fields})
    sent, left_out = ADAPTER.chat_request(request, stream=stream, on_unsupported=on_unsupported)
    return json.loads(sent.body or b""), [reason.partition(":")[0] for reason in left_out]


def body_of(**fields: Any) -> dict[str, Any]:
    return prepared(**fields)[0]


# --- fields ----------------------------------------------------------------------------------------------------------


def test_a_plain_request_says_that_it_wants_no_stream_and_no_cut_prompt() -> None:
    assert body_of() == {
        "model": "llama3.2",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
        "truncate": False,
        "shift": False,
    }
    assert body_of(stream=True)["stream"] is True


def test_a_user_may_have_prompts_cut() -> None:
    body = body_of(extensions={"truncate": True, "shift": True, "keep_alive": "1h"})

    assert (body["truncate"], body["shift"], body["keep_alive"]) == (True, True, "1h")


def test_settings_are_options_and_joined_with_the_users() -> None:
    body = body_of(temperature=0.5, max_tokens=9, stop=["END"], seed=7, extensions={"options": {"num_ctx": 32768}})

    assert body["options"] == {"temperature": 0.5, "num_predict": 9, "stop": ["END"], "seed": 7, "num_ctx": 32768}


@pytest.mark.parametrize("field", ["stream", "model"])
def test_an_extension_that_repeats_a_field_is_refused(field: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"extensions repeat fields that the request already sets: {field}"):
        body_of(extensions={field: True})


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

    body, left_out = prepared("drop", **fields)

    there = {**body, **body.get("options", {})}
    assert [name for name in fields if PLACES.get(name, name) not in there and name not in left_out] == []


@pytest.mark.parametrize(
    ("asked", "think"), [("none", False), ("disabled", False), ("enabled", True), ("low", "low"), ("max", "max")]
)
def test_reasoning_is_think(asked: str, think: Any) -> None:
    assert body_of(reasoning=asked)["think"] == think


@pytest.mark.parametrize("asked", ["xhigh", 2000])
def test_a_form_of_reasoning_that_it_does_not_know_is_refused(asked: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="does not support reasoning: the server supports only none"):
        body_of(reasoning=asked)


def test_a_format_is_json_or_the_schema_itself() -> None:
    assert body_of(response_format=ResponseFormat(kind="json_object"))["format"] == "json"
    assert body_of(response_format=CITY)["format"] == CITY.schema


def test_the_choice_none_leaves_the_tools_out() -> None:
    assert "tools" not in body_of(tools=[ADD], tool_choice="none")
    assert body_of(tools=[ADD], tool_choice="auto")["tools"][0]["function"]["name"] == "add"


@pytest.mark.parametrize("choice", ["required", "add"])
def test_a_forced_call_is_refused(choice: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="tool_choice: the model itself decides"):
        body_of(tools=[ADD], tool_choice=choice)


# --- messages --------------------------------------------------------------------------------------------------------


def test_images_stand_beside_the_text_as_bare_base64() -> None:
    message = Message.user("see ", Image.from_bytes(b"x", "image/png"), Json({"a": 1}))

    assert body_of(messages=message)["messages"] == [{"role": "user", "content": 'see {"a":1}', "images": ["eA=="]}]


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (Image.from_url("https://a.example/i.png"), "image url"),
        (Image.from_file_id("f"), "image file_id"),
        (Image.from_bytes(b"x", "image/png", detail="low"), "image detail"),
        (Audio.from_bytes(b"x", "audio/wav"), "audio content"),
        (Document.from_bytes(b"x", "text/plain"), "document content"),
        (Text("long", cache="5m"), "cache"),
    ],
)
def test_a_part_without_a_form_is_refused(part: Any, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Ollama does not support {field}"):
        body_of(messages=Message.user("see", part))


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"messages": Message.user("hi", name="ada")}),
        ("refusal", {"messages": [Message.user("hi"), attrs.evolve(Message.assistant(), refusal="no")]}),
        ("strict", {"tools": [attrs.evolve(ADD, strict=True)]}),
        ("cache", {"tools": [attrs.evolve(ADD, cache="5m")]}),
    ],
)
def test_what_has_no_field_is_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Ollama does not support {field}"):
        body_of(**fields)


def test_calls_go_back_with_their_thinking_and_arguments_as_objects() -> None:
    calls = [ToolCall("call_0", "add", '{"a":1}'), ToolCall("call_1", "now", "not json")]
    turn = attrs.evolve(Message.assistant(tool_calls=calls), reasoning="hm")

    messages = body_of(messages=[Message.user("hi"), turn, Message.tool("call_0", "3")], tools=TOOLS)["messages"]

    assert messages[1:] == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"name": "add", "arguments": {"a": 1}}},
                {"function": {"name": "now", "arguments": {"INVALID_JSON": "not json"}}},
            ],
        },
        {"role": "tool", "content": "3", "tool_name": "add"},
    ]


def test_a_result_belongs_to_the_last_call_before_it_where_ids_occur_again() -> None:
    messages = [
        Message.user("hi"),
        Message.assistant(tool_calls=[ToolCall("call_0", "add")]),
        Message.tool("call_0", "3"),
        Message.assistant(tool_calls=[ToolCall("call_0", "now")]),
        Message.tool("call_0", "12:00"),
        Message.tool("call_7", "?"),
    ]

    _, _, first, _, second, unknown = body_of(messages=messages)["messages"]

    assert (first["tool_name"], second["tool_name"]) == ("add", "now")
    assert "tool_name" not in unknown


# --- answers ---------------------------------------------------------------------------------------------------------


def test_the_time_of_an_answer_is_read() -> None:
    payload = {"message": {"content": "hi"}, "created_at": "2026-11-22T19:22:45.499127123Z", "done": True}

    answer = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(payload).encode()))

    assert answer.created == 1795375365


def test_a_model_that_is_not_there_is_told_with_the_way_to_get_it() -> None:
    with pytest.raises(ModelNotFoundError, match="model 'x' not found") as caught:
        ADAPTER.decode(HttpResponse(status=404, body=b'{"error":"model \'x\' not found"}'))

    assert "`ollama pull NAME`" in caught.value.hint


def test_models_are_listed_by_the_name_to_pass() -> None:
    entry = {"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 1, "details": {}}

    (model,) = ADAPTER.decode_models(HttpResponse(status=200, body=json.dumps({"models": [entry, {}]}).encode()))

    assert (model.id, model.name, model.provider, model.raw) == ("llama3.2:latest", "llama3.2:latest", "ollama", entry)


def test_an_answer_of_another_api_tells_to_check_the_address() -> None:
    with pytest.raises(InvalidResponseError, match="the answer has no message; its keys are: choices") as caught:
        ADAPTER.decode(HttpResponse(status=200, body=b'{"choices": []}'))

    assert "without /v1 and without /api" in caught.value.hint


# --- through a client ------------------------------------------------------------------------------------------------


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


# --- embeddings ------------------------------------------------------------------------------------------------------

EMBED = load_operation("embed", "ollama")


def embed_body(on_unsupported: Any = "raise", **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    endpoint = get_config("ollama").embed
    assert endpoint is not None
    request = EmbeddingRequest(**{"model": "all-minilm", "inputs": ["a", "b"], **fields})
    sent, left_out = ADAPTER.operation_request(endpoint, EMBED, request, on_unsupported)
    assert sent.url.endswith("/api/embed")
    return json.loads(sent.body or b""), left_out


def embedded(payload: Any) -> Any:
    endpoint = get_config("ollama").embed
    assert endpoint is not None
    return ADAPTER.decode_operation(endpoint, EMBED, HttpResponse(status=200, body=json.dumps(payload).encode()))


def test_texts_are_embedded_whole_or_not_at_all() -> None:
    assert embed_body(dimensions=256)[0] == {
        "model": "all-minilm",
        "input": ["a", "b"],
        "dimensions": 256,
        "truncate": False,
    }
    assert embed_body(extensions={"truncate": True})[0]["truncate"] is True


@pytest.mark.parametrize("fields", [{"task": "query"}, {"user": "u"}])
def test_what_embeddings_have_no_field_for_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=next(iter(fields))):
        embed_body(**fields)


def test_vectors_are_read_with_their_usage() -> None:
    answer = embedded({"model": "all-minilm", "embeddings": [[0.5, 1], [2, 3]], "prompt_eval_count": 8})

    assert answer.vectors == ((0.5, 1.0), (2.0, 3.0))
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.total_tokens) == ("all-minilm", 8, 8)
    assert embedded({"embeddings": [[1]]}).usage is None


@pytest.mark.parametrize("payload", [{"embeddings": [[]]}, {"embeddings": ["x"]}, {"embedding": [1]}, []])
def test_what_is_no_vector_is_an_invalid_response(payload: Any) -> None:
    with pytest.raises(InvalidResponseError):
        embedded(payload)
