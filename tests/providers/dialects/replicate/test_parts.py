"""Images as inputs."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Text
from ai_lib.types.message import Message
from tests.providers.dialects.replicate.bodies import encode_request, input_of


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4.1", {"image_input": ["https://a.example/i.png", "data:image/png;base64,eA=="]}),
        ("google/gemini-3-pro", {"images": ["https://a.example/i.png", "data:image/png;base64,eA=="]}),
    ],
)
def test_images_go_into_the_models_input_for_them(model: str, expected: dict[str, Any]) -> None:
    message = Message.user("see", Image.from_url("https://a.example/i.png"), Image.from_bytes(b"x", "image/png"))

    assert input_of(model=model, messages=message) == {"prompt": "see", **expected}


def test_a_model_that_accepts_one_image_gets_one() -> None:
    one, two = Image.from_url("https://a.example/1.png"), Image.from_url("https://a.example/2.png")

    assert input_of(model="anthropic/claude-4.5-sonnet", messages=Message.user("see", one))["image"] == one.url
    with pytest.raises(UnsupportedFeatureError, match=r"anthropic/claude-4\.5-sonnet accepts one image"):
        encode_request(model="anthropic/claude-4.5-sonnet", messages=Message.user("see", one, two))


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
        encode_request(model=model, messages=Message.user("see", part))


def test_an_image_without_an_input_is_left_out_on_request() -> None:
    message = Message.user("see", Image.from_bytes(b"x", "image/png"))

    _, body, omissions = encode_request("drop", model="openai/gpt-oss-120b", messages=message)

    assert (body["input"], omissions) == ({"prompt": "see"}, ["image content"])
