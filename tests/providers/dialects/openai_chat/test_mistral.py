"""Mistral's differences: ids of nine characters, media as strings, thinking that goes back, unknown fields refused."""

from __future__ import annotations

import json
import re
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.errors import QuotaExceededError, RateLimitError, UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for, fold, replay

ADD = Tool("add")


def body_of(**fields: Any) -> dict[str, Any]:
    request = ChatCompletionRequest(**{"model": "mistral-small-latest", "messages": "hi", **fields})
    body: dict[str, Any] = json.loads(adapter_for("mistral").chat_request(request, stream=False)[0].body or b"")
    return body


def answer_of(message: dict[str, Any]) -> Message:
    payload = {"id": "r1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return adapter_for("mistral").decode(HttpResponse(status=200, body=json.dumps(payload).encode())).message


# --- tool calls ------------------------------------------------------------------------------------------------------


def a_call(call_id: str) -> list[Message]:
    return [Message.user("1+1?"), Message.assistant(tool_calls=[ToolCall(call_id, "add")]), Message.tool(call_id, "2")]


@given(call_id=st.text(min_size=1))
def test_a_call_and_its_result_have_the_same_id_of_nine_letters_and_digits(call_id: str) -> None:
    _, call, result = body_of(messages=a_call(call_id), tools=[ADD])["messages"]

    assert re.fullmatch(r"[a-zA-Z0-9]{9}", result["tool_call_id"])
    assert call["tool_calls"][0]["id"] == result["tool_call_id"]


def test_an_id_that_fits_is_unchanged() -> None:
    _, call, result = body_of(messages=a_call("gSIMJiOkT"), tools=[ADD])["messages"]

    assert (call["tool_calls"][0]["id"], result["tool_call_id"]) == ("gSIMJiOkT", "gSIMJiOkT")


def test_calls_with_different_ids_keep_different_ids() -> None:
    calls = [ToolCall(f"call_{number}_chatcmpl-abc", "add") for number in range(50)]

    messages = body_of(messages=[Message.user("hi"), Message.assistant(tool_calls=calls)], tools=[ADD])["messages"]

    assert len({call["id"] for call in messages[1]["tool_calls"]}) == 50


def test_a_result_carries_the_tools_name_and_a_turn_of_calls_has_empty_content() -> None:
    _, call, result = body_of(messages=a_call("c1"), tools=[ADD])["messages"]

    assert call["content"] == ""
    assert result["name"] == "add"


def test_a_name_given_with_the_result_comes_first_and_an_unknown_one_is_left_out() -> None:
    messages = [Message.user("hi"), Message.tool("lost", "2", name="sum"), Message.tool("unknown", "3")]

    _, named, nameless = body_of(messages=messages)["messages"]

    assert named["name"] == "sum"
    assert "name" not in nameless


def test_required_is_any() -> None:
    assert body_of(tools=[ADD], tool_choice="required")["tool_choice"] == "any"
    assert body_of(tools=[ADD], tool_choice="none")["tool_choice"] == "none"


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_last_message_of_the_assistant_is_a_prefix() -> None:
    messages = [Message.user("hi"), Message.assistant("Hello"), Message.user("go on"), Message.assistant("So")]

    _, earlier, _, last = body_of(messages=messages)["messages"]

    assert "prefix" not in earlier
    assert last == {"role": "assistant", "content": "So", "prefix": True}


def test_a_last_message_that_calls_tools_is_not_a_prefix() -> None:
    assert "prefix" not in body_of(messages=a_call("c1")[:2], tools=[ADD])["messages"][1]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image.from_url("https://a.example/i.png"), {"type": "image_url", "image_url": "https://a.example/i.png"}),
        (Image.from_bytes(b"x", "image/png"), {"type": "image_url", "image_url": "data:image/png;base64,eA=="}),
        (Image.from_url("https://a.example/i.png", detail="low"),
         {"type": "image_url", "image_url": {"url": "https://a.example/i.png", "detail": "low"}}),
        (Document.from_url("https://a.example/d.pdf"),
         {"type": "document_url", "document_url": "https://a.example/d.pdf"}),
        (Document.from_bytes(b"x", "application/pdf", name="d.pdf"),
         {"type": "document_url", "document_url": "data:application/pdf;base64,eA==", "document_name": "d.pdf"}),
        (Document.from_file_id("f1"), {"type": "file", "file_id": "f1"}),
        (Audio.from_url("https://a.example/a.mp3"), {"type": "input_audio", "input_audio": "https://a.example/a.mp3"}),
        (Audio.from_bytes(b"x", "audio/mpeg"), {"type": "input_audio", "input_audio": "eA=="}),
    ],
)  # fmt: skip
def test_a_part_is_a_string(part: Any, expected: dict[str, Any]) -> None:
    content = body_of(messages=Message.user("see", part))["messages"][0]["content"]

    assert content == [{"type": "text", "text": "see"}, expected]


@pytest.mark.parametrize("part", [Image.from_file_id("f"), Audio.from_file_id("f")])
def test_an_uploaded_image_or_sound_is_refused(part: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="file_id"):
        body_of(messages=Message.user("see", part))


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"messages": Message.user("hi", name="ada")}),
        ("refusal", {"messages": [Message.user("hi"), attrs.evolve(Message.assistant(), refusal="no")]}),
        ("user", {"user": "u1"}),
        ("logit_bias", {"logit_bias": {"1": 1}}),
        ("cache", {"messages": Message.user(Text("hi", cache="5m"))}),
    ],
)
def test_unsupported_fields_are_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Mistral AI does not support {field}"):
        body_of(**fields)


def test_fields_of_the_service_are_sent_as_extensions() -> None:
    assert body_of(extensions={"safe_prompt": True}, seed=7)["safe_prompt"] is True
    assert body_of(seed=7)["random_seed"] == 7


# --- thinking --------------------------------------------------------------------------------------------------------

THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Let me see."}], "signature": "sig-1"}
CALLS = [{"id": "abcdefghi", "function": {"name": "add", "arguments": "{}"}}]


def test_thinking_goes_back_closed_and_signed_in_front_of_the_text() -> None:
    answer = answer_of({"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Yes."}]})

    back = body_of(messages=[Message.user("hi"), answer, Message.user("and?")])["messages"][1]

    assert answer.reasoning == "Let me see."
    assert back == {"role": "assistant", "content": [{**THOUGHT, "closed": True}, {"type": "text", "text": "Yes."}]}


def test_thinking_goes_back_along_with_calls() -> None:
    answer = answer_of({"role": "assistant", "content": [THOUGHT], "tool_calls": CALLS})

    back = body_of(messages=[Message.user("hi"), answer, Message.tool("abcdefghi", "2")], tools=[ADD])["messages"][1]

    assert back["content"] == [{**THOUGHT, "closed": True}]
    assert back["tool_calls"][0]["id"] == "abcdefghi"


def test_a_stream_of_thinking_keeps_its_signature() -> None:
    pieces = [
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Let me"}]}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": " see."}], "signature": "sig-1"}]},
        {"content": [{"type": "text", "text": "Yes."}]},
    ]
    events = [{"id": "r1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in pieces]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"

    chunks, error = replay(adapter_for("mistral"), [body.encode()])

    whole = answer_of({"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Yes."}]})
    assert error is None
    assert fold(chunks).message == whole


def test_a_signature_goes_to_no_other_provider() -> None:
    answer = answer_of({"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Yes."}]})
    request = ChatCompletionRequest(model="m", messages=[Message.user("hi"), answer, Message.user("and?")])

    prepared, left_out = adapter_for("groq").chat_request(request, stream=False)

    assert b"sig-1" not in (prepared.body or b"")
    assert "data of mistral on the messages" in left_out[0]


@pytest.mark.parametrize(
    ("model", "effort"),
    [("mistral-small-latest", "high"), ("mistral-medium-latest", "none"), ("mistral-large-4-0", "medium")],
)
def test_a_supported_effort_is_sent(model: str, effort: str) -> None:
    assert body_of(model=model, reasoning=effort)["reasoning_effort"] == effort


def test_an_unsupported_effort_is_refused_with_the_supported_ones() -> None:
    with pytest.raises(UnsupportedFeatureError, match="mistral-small-latest supports only none, high, not 'low'"):
        body_of(reasoning="low")


# --- limits and errors -----------------------------------------------------------------------------------------------

RATE_LIMITED = {
    "object": "error",
    "message": "Rate limit exceeded",
    "type": "rate_limited",
    "param": None,
    "code": "1300",
}


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "0"}, RateLimitError),
        ({"x-ratelimit-limit-req-minute": "0"}, QuotaExceededError),
    ],
)
def test_a_limit_of_zero_is_a_plan_without_the_model(headers: dict[str, str], kind: type[Exception]) -> None:
    response = HttpResponse(status=429, headers=headers, body=json.dumps(RATE_LIMITED).encode())

    with pytest.raises(kind, match="Rate limit exceeded") as caught:
        adapter_for("mistral").decode(response)

    assert type(caught.value) is kind


def test_the_limits_are_read_from_the_headers() -> None:
    payload = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    headers = {
        "x-ratelimit-limit-req-minute": "60",
        "x-ratelimit-remaining-req-minute": "59",
        "x-ratelimit-limit-tokens-minute": "50000",
        "x-ratelimit-remaining-tokens-minute": "49990",
        "mistral-correlation-id": "corr-1",
    }

    answer = adapter_for("mistral").decode(HttpResponse(status=200, headers=headers, body=json.dumps(payload).encode()))

    assert (answer.rate_limits["requests"].remaining, answer.rate_limits["tokens"].limit) == (59, 50000)
    assert answer.request_id == "corr-1"
