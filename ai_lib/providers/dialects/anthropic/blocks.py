"""The parts of a message as content blocks.

Sources: https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/build-with-claude/pdf-support,
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.anthropic.quirks import Quirks
from ai_lib.types.content import Audio, CacheTime, Document, Image, Json, Media, Part, Text

__all__ = ["Block", "blocks_of", "marked", "text_blocks"]

Block = dict[str, Any]


def blocks_of(parts: Iterable[Part], quirks: Quirks, refuse: Refuse) -> list[Block]:
    """Return the blocks of a user's message or of a tool's result; empty texts, which the API refuses, are none."""
    return [
        marked(block, part.cache, quirks, refuse)
        for part in parts
        if (block := _BLOCKS[type(part)](part, quirks, refuse)) is not None
    ]


def text_blocks(parts: Iterable[Part], where: str, quirks: Quirks, refuse: Refuse) -> list[Block]:
    """Return the blocks of a message that can only be text.

    Args:
        parts: The parts.
        where: What to call the message when something else is in it.
        quirks: The switches.
        refuse: Called for what is no text.
    """
    given = list(parts)
    texts = [part for part in given if isinstance(part, Text | Json)]
    if len(texts) < len(given):
        refuse(f"media in {where}", "it must be text; put images and files into a user message")
    return blocks_of(texts, quirks, refuse)


def marked(block: Block, cache: CacheTime | None, quirks: Quirks, refuse: Refuse) -> Block:
    """Return the block or tool with a mark up to which the prompt is to be cached, where one is wanted."""
    if cache is None:
        return block
    if "cache" in quirks.rejects:
        refuse("cache", "the provider caches by itself, or not at all")
        return block
    # Five minutes are the default.
    return {**block, "cache_control": {"type": "ephemeral", **({"ttl": cache} if cache != "5m" else {})}}


def _text(part: Text | Json, quirks: Quirks, refuse: Refuse) -> Block | None:
    return {"type": "text", "text": part.text} if part.text else None


def _image(part: Image, quirks: Quirks, refuse: Refuse) -> Block | None:
    if not _takes("image", quirks, refuse):
        return None
    if part.detail not in (None, "auto"):
        refuse("image detail", "the API has no such setting; scale the image instead")
    return {"type": "image", "source": _source(part)}


def _document(part: Document, quirks: Quirks, refuse: Refuse) -> Block | None:
    if not _takes("document", quirks, refuse):
        return None
    kind = part.media_type or "application/pdf"
    source = _source(part)
    if kind.startswith("text/") and part.data is not None:
        source = {"type": "text", "media_type": "text/plain", "data": _decoded(part.data)}
    elif kind != "application/pdf" and part.file_id is None:
        refuse("document content", f"it must be a PDF or plain text, not {kind}")
        return None
    return {"type": "document", "source": source, **({"title": part.name} if part.name else {})}


def _audio(part: Audio, quirks: Quirks, refuse: Refuse) -> Block | None:
    _takes("audio", quirks, refuse)
    return None


def _takes(kind: str, quirks: Quirks, refuse: Refuse) -> bool:
    if kind in quirks.media:
        return True
    refuse(f"{kind} content", "the provider does not take such parts")
    return False


def _source(part: Media) -> Block:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    if part.url is not None:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": part.base64}


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidRequestError(f"a text document must be UTF-8: {exc.reason} at byte {exc.start}") from exc


_BLOCKS: dict[type[Any], Callable[[Any, Quirks, Refuse], Block | None]] = {
    Text: _text,
    Json: _text,
    Image: _image,
    Audio: _audio,
    Document: _document,
}
