"""Messages of Cohere's chat API: plans, documents and tool results."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.tool import ToolCall
from tests.support.scenarios import PDF, PNG, WAV
from tests.support.wire_cases import adapter_for, body_of, cases_of, encode_request, fold, replay

ADAPTER = adapter_for("cohere")
NOTES = Document.from_bytes("Grüße".encode(), "text/plain; charset=utf-8", name="notes.txt")


def sent(*messages: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(ADAPTER, messages=messages)["messages"]
    return found


def test_text_next_to_calls_is_the_plan() -> None:
    call = ToolCall("c1", "add", '{"a":1}')
    wire = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}

    assert sent(Message.assistant("I will ", "add.", tool_calls=[call]), Message.assistant(tool_calls=[call])) == [
        {"role": "assistant", "tool_plan": "I will add.", "tool_calls": [wire]},
        {"role": "assistant", "tool_calls": [wire]},
    ]


def test_a_plan_goes_back_as_the_plan() -> None:
    case = next(case for case in cases_of("cohere_v2", "stream") if case.name == "cohere-tool-call-stream")

    message = fold(replay(ADAPTER, [case.body])[0]).message

    assert message.text == ""
    assert sent(message)[0]["tool_plan"] == case.expected["provider_data"]["cohere"]["tool_plan"]
    assert sent(message)[0]["tool_calls"][1]["id"] == "cityAttractions_pyxssbwnq9fq"


def test_reasoning_does_not_go_back() -> None:
    case = next(case for case in cases_of("cohere_v2", "whole") if case.name == "cohere-reasoning")

    assert sent(ADAPTER.decode(case.http).message) == [{"role": "assistant", "content": "2 + 2 = 4"}]


def test_a_refusal_is_sent_as_text() -> None:
    assert sent(attrs.evolve(Message.assistant(), refusal="No.")) == [{"role": "assistant", "content": "No."}]


def test_text_documents_are_sent_next_to_the_messages_with_their_names_as_titles() -> None:
    nameless = Document.from_bytes(b"{}", "application/json")

    body = body_of(ADAPTER, messages=[Message.user("What?", NOTES), Message.user(nameless, "And?")])

    assert body["documents"] == [{"data": {"text": "Grüße", "title": "notes.txt"}}, {"data": {"text": "{}"}}]
    assert [message["content"] for message in body["messages"]] == ["What?", "And?"]


def test_a_tool_result_is_a_string_or_blocks() -> None:
    found = sent(
        Message.tool("c1", "12:00"), Message.tool("c1", Json({"a": 1})), Message.tool("c1"),
        Message.tool("c1", "see", NOTES, is_error=True, name="find"), Message.tool("c1", NOTES),
    )  # fmt: skip

    document = {"type": "document", "document": {"data": {"text": "Grüße", "title": "notes.txt"}}}
    assert [message["content"] for message in found] == [
        "12:00", '{"a":1}', "", [{"type": "text", "text": "see"}, document], [document],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (Message.user("x", WAV), "audio content"),
        (Message.user("x", PDF), "document content"),
        (Message.user("x", Document.from_bytes(b"\xff", "text/plain")), "document content"),
        (Message.user("x", Document.from_url("https://example.com/a.txt")), "document url"),
        (Message.user("x", Document.from_file_id("f")), "document file_id"),
        (Message.user("x", Image.from_file_id("f")), "image file_id"),
        (Message.user(Text("x", cache="5m")), "cache"),
        (Message.tool("c1", Text("x", cache="5m")), "cache"),
        (Message.user("x", name="Ada"), "name"),
        (Message.system(PNG), "image content"),
        (Message.assistant(Audio.from_url("https://example.com/a.wav")), "audio content"),
        (Message.tool("c1", PNG), "media in a tool's result"),
        (Message.tool("c1", PDF), "document content"),
    ],
)
def test_content_that_a_message_cannot_hold_is_refused(message: Message, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"support {field}:"):
        sent(Message.user("x"), message)


def test_a_tool_result_without_any_part_that_can_be_sent_is_empty() -> None:
    body, dropped = encode_request(ADAPTER, "drop", messages=[Message.user("x"), Message.tool("c1", PDF, PNG)])

    assert dropped == ["document content", "media in a tool's result"]
    assert body["messages"][1] == {"role": "tool", "tool_call_id": "c1", "content": ""}
