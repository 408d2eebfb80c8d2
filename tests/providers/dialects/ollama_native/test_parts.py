"""Parts of a message of Ollama's own API."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from tests.support.wire_cases import adapter_for, body_of, encode_request

ADAPTER = adapter_for("ollama")


def test_images_are_sent_next_to_the_text_as_bare_base64() -> None:
    message = Message.user("see ", Image.from_bytes(b"x", "image/png"), Json({"a": 1}))

    assert body_of(ADAPTER, messages=message)["messages"] == [
        {"role": "user", "content": 'see {"a":1}', "images": ["eA=="]}
    ]


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
def test_a_part_that_cannot_be_sent_is_refused(part: Any, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Ollama does not support {field}"):
        body_of(ADAPTER, messages=Message.user("see", part))


@pytest.mark.parametrize("part", [Image.from_file_id("f"), Document.from_bytes(b"x", "text/plain")])
def test_a_part_that_is_left_out_leaves_no_trace(part: Any) -> None:
    body, left_out = encode_request(ADAPTER, "drop", messages=Message.user("see", part))

    assert len(left_out) == 1
    assert body["messages"] == [{"role": "user", "content": "see"}]
