"""Parts of a message in chat completions, and their marks for the prompt cache."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from tests.support.wire_cases import adapter_for, adapter_with, body_of, encode_request


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
def test_a_part_carries_its_cache_mark(part: Any, expected: dict[str, Any], role: str) -> None:
    messages = [Message(role=role, content=part), Message.user("hi")]

    body = body_of(adapter_with(cache_marks=["5m", "1h"], text_only_as_string=True), messages=messages)

    assert body["messages"][0]["content"] == [expected]


def test_a_cache_mark_in_a_tool_result_is_sent() -> None:
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
def test_an_unsupported_cache_mark_is_refused(marks: list[str], time: Any, words: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"does not support cache: .*{words}"):
        body_of(adapter_with(cache_marks=marks), messages=Message.user(Text("long", cache=time)))


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
def test_each_kind_of_part_has_its_form(part: Any, expected: dict[str, Any]) -> None:
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
def test_a_part_that_cannot_be_sent_is_refused(part: Any, words: str) -> None:
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


def test_audio_that_is_left_out_leaves_no_trace_where_media_are_strings() -> None:
    body, left_out = encode_request(
        adapter_with(parts="strings"), "drop", messages=Message.user("hear", Audio.from_file_id("f"))
    )

    assert left_out == ["audio file_id"]
    assert body["messages"] == [{"role": "user", "content": "hear"}]
