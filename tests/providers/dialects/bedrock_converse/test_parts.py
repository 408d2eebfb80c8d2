"""Content parts as blocks."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image
from ai_lib.types.message import Message
from tests.providers.dialects.bedrock_converse.bodies import blocks_of, turns_of
from tests.support.scenarios import PDF, PNG, WAV


def test_botocore_knows_every_format_that_is_sent() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    service = session.get_service_model("bedrock-runtime")
    from ai_lib.providers.dialects.bedrock_converse.parts import FORMATS

    for kind, known in FORMATS.items():
        assert set(known.values()) <= set(service.shape_for(f"{kind.title()}Format").enum)


def test_media_are_sent_as_bytes_with_their_format() -> None:
    notes = Document.from_bytes(b"hi", "text/markdown", name="My notes (v1).final.md")

    assert blocks_of(PNG, WAV, PDF, notes) == [
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
        {"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}},
        {"document": {"format": "pdf", "name": "doc", "source": {"bytes": "JVBERi0xLjQK"}}},
        {"document": {"format": "md", "name": "My notes (v1) final", "source": {"bytes": "aGk="}}},
    ]


def test_objects_in_s3_are_sent_by_uri_with_the_format_of_their_extension_or_media_type() -> None:
    found = blocks_of(
        Image.from_file_id("s3://bucket/cat.JPG"), Image.from_file_id("s3://bucket/x", media_type="image/webp"),
        Document.from_file_id("s3://bucket/a.b/report.pdf"),
    )  # fmt: skip

    assert found == [
        {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/cat.JPG"}}}},
        {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/x"}}}},
        {"document": {"format": "pdf", "name": "document", "source": {"s3Location": {"uri": "s3://bucket/a.b/report.pdf"}}}},
    ]  # fmt: skip


NAMES = st.text(max_size=300)


@settings(deadline=None, max_examples=80)
@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_names_of_documents_have_only_allowed_characters_and_differ(names: list[str]) -> None:
    parts = [Document.from_bytes(b"x", "text/plain", name=name) for name in [*names, *names]]

    sent = [block["document"]["name"] for block in blocks_of(*parts)]

    assert len(set(sent)) == len(sent)
    assert all(0 < len(name) <= 200 and "  " not in name for name in sent)
    assert all(char.isascii() and (char.isalnum() or char in " -()[]") for name in sent for char in name)


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (Image.from_url("https://example.com/cat.png"), "image url"),
        (Document.from_url("https://example.com/a.pdf"), "document url"),
        (Audio.from_url("https://example.com/a.wav"), "audio url"),
        (Image.from_file_id("file-1"), "image file_id"),
        (Image.from_bytes(b"x", "image/tiff"), "image content"),
        (Image.from_file_id("s3://bucket/cat"), "image content"),
        (Document.from_bytes(b"x", "application/zip"), "document content"),
        (Audio.from_bytes(b"x", "audio/midi"), "audio content"),
        (attrs.evolve(PNG, detail="low"), "image detail"),
    ],
)
def test_unsupported_media_are_refused(part: Any, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"support {field}:"):
        blocks_of(part)


@pytest.mark.parametrize("message", [Message.system(PNG), Message.assistant(PNG)])
def test_media_outside_user_messages_are_refused(message: Message) -> None:
    with pytest.raises(UnsupportedFeatureError, match=r"image content: .* is text"):
        turns_of(Message.user("a"), message)
