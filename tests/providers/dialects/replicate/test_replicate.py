"""What is particular to Replicate: prompts instead of messages, inputs that are called differently by each model."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, InvalidResponseError, UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, CITY, TOOLS
from tests.support.wire_cases import BASE_URL, adapter_for


def asked(
    on_unsupported: Any = "raise", *, api: str | None = None, stream: bool = False, **fields: Any
) -> tuple[Any, dict[str, Any], list[str]]:
    """Return the HTTP request, its body, and what was left out."""
    request = ChatCompletionRequest(**{"model": "meta/meta-llama-3-70b-instruct", "messages": "hi", **fields})
    sent, left_out = adapter_for("replicate", api).chat_request(request, stream=stream, on_unsupported=on_unsupported)
    return sent, json.loads(sent.body or b""), [reason.partition(":")[0] for reason in left_out]


def input_of(**fields: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = asked(**fields)[1]["input"]
    return inputs


# --- where ------------------------------------------------------------------------------------------------------------


def test_a_model_stands_in_the_address_and_a_stream_in_the_body() -> None:
    sent, body, _ = asked(stream=True)

    assert sent.url == f"{BASE_URL}/models/meta/meta-llama-3-70b-instruct/predictions"
    assert body == {"input": {"prompt": "hi"}, "stream": True}
    assert "Prefer" not in sent.headers


def test_a_whole_answer_is_waited_for_by_the_server() -> None:
    sent, body, _ = asked()

    assert body == {"input": {"prompt": "hi"}}
    assert sent.headers["Prefer"] == "wait"


@pytest.mark.parametrize(
    ("api", "path", "version"),
    [("deployments", "/deployments/acme/mine/predictions", None), ("versions", "/predictions", "acme/mine")],
)
def test_deployments_and_versions_have_addresses_of_their_own(api: str, path: str, version: str | None) -> None:
    sent, body, _ = asked(api=api, model="acme/mine")

    assert sent.url == BASE_URL + path
    assert body.get("version") == version


# --- prompts ----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_single_message_is_the_prompt_unaltered(text: str) -> None:
    assert input_of(messages=Message.user(text)) == {"prompt": text}


def test_a_conversation_becomes_one_prompt_with_the_instructions_beside_it() -> None:
    messages = [
        Message.system("Be brief."),
        Message.user("My name is Ada"),
        Message.assistant("Hello Ada"),
        Message.system("Be kind."),
        Message.user("What is my name?", Json({"a": 1})),
    ]

    assert input_of(messages=messages) == {
        "prompt": 'User: My name is Ada\n\nAssistant: Hello Ada\n\nUser: What is my name?{"a":1}\n\nAssistant:',
        "system_prompt": "Be brief.\n\nBe kind.",
    }


def test_a_last_message_of_the_assistant_is_gone_on_with() -> None:
    messages = [Message.user("Say hi"), Message.assistant("Hi the")]

    assert input_of(messages=messages)["prompt"] == "User: Say hi\n\nAssistant: Hi the"


# --- inputs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-oss-120b", "max_tokens"),
        ("openai/gpt-4.1", "max_completion_tokens"),
        ("meta/llama-2-70b-chat", "max_new_tokens"),
        ("anthropic/claude-4.5-sonnet", "max_tokens"),
    ],
)
def test_the_limit_is_called_as_the_model_has_it(model: str, name: str) -> None:
    assert input_of(model=model, max_tokens=7) == {"prompt": "hi", name: 7}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4.1", {"image_input": ["https://a.example/i.png", "data:image/png;base64,eA=="]}),
        ("google/gemini-3-pro", {"images": ["https://a.example/i.png", "data:image/png;base64,eA=="]}),
    ],
)
def test_images_go_where_the_model_has_them(model: str, expected: dict[str, Any]) -> None:
    message = Message.user("see", Image.from_url("https://a.example/i.png"), Image.from_bytes(b"x", "image/png"))

    assert input_of(model=model, messages=message) == {"prompt": "see", **expected}


def test_a_model_that_takes_one_image_gets_one() -> None:
    one, two = Image.from_url("https://a.example/1.png"), Image.from_url("https://a.example/2.png")

    assert input_of(model="anthropic/claude-4.5-sonnet", messages=Message.user("see", one))["image"] == one.url
    with pytest.raises(UnsupportedFeatureError, match=r"anthropic/claude-4\.5-sonnet accepts one image"):
        asked(model="anthropic/claude-4.5-sonnet", messages=Message.user("see", one, two))


@pytest.mark.parametrize(
    ("model", "part", "field"),
    [
        ("openai/gpt-oss-120b", Image.from_bytes(b"x", "image/png"), "image content"),
        ("openai/gpt-4.1", Image.from_file_id("f"), "image file_id"),
        ("openai/gpt-4.1", Image.from_bytes(b"x", "image/png", detail="low"), "image detail"),
        ("openai/gpt-4.1", Audio.from_bytes(b"x", "audio/wav"), "audio content"),
        ("openai/gpt-4.1", Document.from_bytes(b"x", "text/plain"), "document content"),
        ("openai/gpt-4.1", Text("long", cache="1h"), "cache"),
    ],
)
def test_a_part_without_an_input_is_refused(model: str, part: Any, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Replicate does not support {field}"):
        asked(model=model, messages=Message.user("see", part))


def test_an_effort_goes_to_models_that_have_it() -> None:
    assert input_of(model="openai/o4-mini", reasoning="low")["reasoning_effort"] == "low"
    for model, effort in (("openai/gpt-4.1", "low"), ("openai/o4-mini", 2000)):
        with pytest.raises(UnsupportedFeatureError, match="does not support reasoning"):
            asked(model=model, reasoning=effort)


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(0, 500),
    "max_tokens": st.integers(1, 10**6),
    "stop": st.just(["END"]),
    "seed": st.integers(-(2**31), 2**31),
    "n": st.integers(1, 8),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "logit_bias": st.just({"1": 2}),
    "logprobs": st.just(True),
    "top_logprobs": st.integers(1, 20),
    "tools": st.just(TOOLS),
    "tool_choice": st.sampled_from(["required", "auto", "none"]),
    "parallel_tool_calls": st.just(True),
    "response_format": st.sampled_from([CITY, ResponseFormat(kind="json_object")]),
    "reasoning": st.sampled_from(["none", "low", 500]),
    "user": st.just("u"),
    "metadata": st.just({"a": "b"}),
}


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) | {"messages", "model", "extensions"} == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=8))
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    if "tool_choice" in chosen:
        fields["tools"] = TOOLS

    _, body, left_out = asked("drop", **fields)

    assert [name for name in fields if name not in body["input"] and name not in left_out] == []


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("tools", {"tools": [ADD]}),
        ("tools", {"messages": [Message.user("hi"), Message.assistant(tool_calls=[ToolCall("c", "add")])]}),
        ("tools", {"messages": [Message.user("hi"), Message.tool("c", "3")]}),
        ("response_format", {"response_format": CITY}),
        ("name", {"messages": Message.user("hi", name="ada")}),
        ("refusal", {"messages": [Message.user("hi"), attrs.evolve(Message.assistant(), refusal="no")]}),
    ],
)
def test_what_a_prompt_cannot_say_is_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Replicate does not support {field}"):
        asked(**fields)


def test_a_models_own_inputs_are_joined_with_the_prompt() -> None:
    assert input_of(extensions={"input": {"min_tokens": 3}}) == {"prompt": "hi", "min_tokens": 3}
    with pytest.raises(InvalidRequestError, match="stream"):
        asked(extensions={"stream": True})


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["models", "results"])
def test_models_are_listed_with_their_owner(field: str) -> None:
    entries = [{"owner": "meta", "name": "llama"}, {"owner": "meta"}]

    (model,) = adapter_for("replicate").decode_models(
        HttpResponse(status=200, body=json.dumps({field: entries}).encode())
    )

    assert (model.id, model.owned_by, model.name, model.raw) == ("meta/llama", "meta", "llama", entries[0])


def test_what_is_no_prediction_is_an_invalid_response() -> None:
    for body in (b"[]", b"{}"):
        with pytest.raises(InvalidResponseError):
            adapter_for("replicate").decode(HttpResponse(status=200, body=body))
