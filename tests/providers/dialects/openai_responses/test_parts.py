"""Parts of a message as the content of an item."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.providers.registry import get_config
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.tool import ToolCall
from tests.support.scenarios import PDF, PNG, WAV
from tests.support.wire_cases import adapter_for, adapter_with, body_of, encode_request

PLAIN = adapter_with("openai_responses")


@pytest.mark.parametrize(
    ("part", "wire"),
    [
        (Text("a"), {"type": "input_text", "text": "a"}),
        (Json([1]), {"type": "input_text", "text": "[1]"}),
        (Image.from_url("https://a/b.png", detail="high"),
         {"type": "input_image", "image_url": "https://a/b.png", "detail": "high"}),
        (Image.from_file_id("file-1"), {"type": "input_image", "file_id": "file-1"}),
        (PNG, {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}),
        (Document.from_url("https://a/b.pdf"), {"type": "input_file", "file_url": "https://a/b.pdf"}),
        (Document.from_file_id("file-1"), {"type": "input_file", "file_id": "file-1"}),
        (PDF, {"type": "input_file", "filename": "doc.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}),
        (Document.from_bytes(b"notes", "text/plain"),
         {"type": "input_file", "filename": "document.txt", "file_data": "data:text/plain;base64,bm90ZXM="}),
    ],
)  # fmt: skip
def test_a_part_has_its_form_in_a_message_and_in_a_result(part: Any, wire: dict[str, Any]) -> None:
    call = Message.assistant(tool_calls=[ToolCall("c1", "look")])

    body = body_of(PLAIN, [Message.user("x", part), call, Message.tool("c1", "y", part)])

    assert body["input"][0]["content"] == [{"type": "input_text", "text": "x"}, wire]
    text_alone = isinstance(part, Text | Json)
    assert body["input"][2]["output"] == (
        "y" + wire["text"] if text_alone else [{"type": "input_text", "text": "y"}, wire]
    )


@pytest.mark.parametrize(
    ("provider", "part", "named"),
    [
        ("openai", WAV, "audio content"),
        ("openai", Audio.from_file_id("file-1"), "audio content"),
        ("openai", attrs.evolve(PNG, cache="5m"), "cache"),
        ("xai", PDF, "document content"),
        ("perplexity", PDF, "document content"),
        ("perplexity", Image.from_file_id("file-1"), "image file_id"),
    ],
)
def test_a_part_that_cannot_be_sent_is_refused(provider: str, part: Any, named: str) -> None:
    api = None if get_config(provider).dialect == "openai_responses" else "responses"

    with pytest.raises(UnsupportedFeatureError, match=f"does not support {named}:"):
        body_of(adapter_for(provider, api), Message.user("x", part))


OPENAI = adapter_for("openai", "responses")


def test_several_parts_stay_in_order() -> None:
    body = body_of(OPENAI, Message.user("Look", PNG, Json({"a": 1}), Image.from_file_id("file-1", detail="low")))

    assert body["input"][0]["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"},
        {"type": "input_text", "text": '{"a":1}'},
        {"type": "input_image", "file_id": "file-1", "detail": "low"},
    ]


def test_a_part_that_is_left_out_leaves_no_trace() -> None:
    messages = [
        Message.user("x", Image.from_file_id("file-1")),
        Message.user(WAV),
        Message.assistant(tool_calls=[ToolCall("c1", "look")]),
        Message.tool("c1", "y", PNG),
    ]

    body, left_out = encode_request(adapter_for("perplexity"), "drop", messages=messages)

    assert left_out == ["image file_id", "audio content", "media in a tool's result"]
    assert [item.get("content") or item.get("output") for item in body["input"]] == [
        [{"type": "input_text", "text": "x"}], None, "y",
    ]  # fmt: skip
