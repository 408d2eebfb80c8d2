"""Content parts as blocks."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from ai_lib.errors import InvalidRequestError
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.tool import ToolCall
from tests.providers.dialects.anthropic.bodies import adapter_with, body_of, refusal_of, request_of, turns_of
from tests.support.scenarios import ADD, PDF, PNG, WAV


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Image.from_url("https://e.com/a.png"), {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}),
        (PNG, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}),
        (Image.from_file_id("f1"), {"type": "image", "source": {"type": "file", "file_id": "f1"}}),
        (Image.from_url("https://e.com/a.png", detail="auto"),
         {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}),
        (Document.from_url("https://e.com/a.pdf", name="a.pdf"),
         {"type": "document", "source": {"type": "url", "url": "https://e.com/a.pdf"}, "title": "a.pdf"}),
        (PDF, {"type": "document", "title": "doc.pdf",
               "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}}),
        (Document.from_file_id("f2"), {"type": "document", "source": {"type": "file", "file_id": "f2"}}),
        (Document.from_bytes("Grüße\n".encode(), "text/plain", name="n.txt"),
         {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße\n"}, "title": "n.txt"}),
        (Document.from_bytes(b"a;b\n", "text/csv"),
         {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a;b\n"}}),
        (Json({"a": [1, None]}), {"type": "text", "text": '{"a":[1,null]}'}),
    ],
)  # fmt: skip
def test_a_part_becomes_its_block(part: Any, block: dict[str, Any]) -> None:
    assert turns_of(Message.user("?", part))[0]["content"][1] == block


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (WAV, "audio content"),
        (Audio.from_url("https://e.com/a.wav"), "audio content"),
        (Image.from_url("https://e.com/a.png", detail="high"), "image detail"),
        (Document.from_bytes(b"PK\3\4", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
         "document content"),
    ],
)  # fmt: skip
def test_an_unsupported_part_is_refused(part: Any, field: str) -> None:
    assert f"does not support {field}" in refusal_of(messages=[Message.user("?", part)])


def test_a_text_document_must_be_utf_8() -> None:
    with pytest.raises(InvalidRequestError, match="a text document must be UTF-8: invalid start byte at byte 0"):
        body_of(messages=[Message.user("?", Document.from_bytes(b"\xff\xfe", "text/plain"))])


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_media_outside_user_messages_are_refused(role: str) -> None:
    message = Message(role=role, content=["see", PNG])

    assert "does not support media in a" in refusal_of(messages=[Message.user("?"), message, Message.user("?")])


def test_a_cache_mark_goes_to_the_block_and_names_only_the_longer_time() -> None:
    turns = turns_of(
        Message.user(Text("a", cache="5m"), attrs.evolve(PDF, cache="1h")),
        Message.assistant(Text("b", cache="5m"), tool_calls=[ToolCall("c1", "add")]),
        Message.tool("c1", Text("5", cache="1h")),
    )
    short, long = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}

    assert [block.get("cache_control") for block in turns[0]["content"]] == [short, long]
    assert [block.get("cache_control") for block in turns[1]["content"]] == [short, None]
    assert turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": "5", "cache_control": long},
    ]
    assert body_of(tools=[attrs.evolve(ADD, cache="5m")])["tools"][0]["cache_control"] == short


def test_a_cache_mark_is_refused_where_the_provider_ignores_it() -> None:
    marked = Message.user(Text("a", cache="5m"))

    assert "does not support cache" in refusal_of(adapter_with(rejects=["cache"]), messages=[marked])
    request, left_out = request_of(adapter_with(rejects=["cache"]), messages=[marked])
    assert (left_out, "cache_control" in str(request.body)) == (["cache"], False)


@pytest.mark.parametrize("part", [WAV, Document.from_bytes(b"PK\3\4", "application/zip")])
def test_an_unsupported_part_is_left_out_on_request(part: Any) -> None:
    request, left_out = request_of(messages=[Message.user("?", part)])

    assert left_out == [f"{type(part).__name__.lower()} content"]
    assert json.loads(request.body or b"")["messages"][0]["content"] == [{"type": "text", "text": "?"}]
