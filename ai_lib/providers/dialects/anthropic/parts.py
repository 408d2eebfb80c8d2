"""Content parts as content blocks.

Sources: https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/build-with-claude/pdf-support,
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.anthropic.quirks import Quirks
from ai_lib.types.content import CacheTime, Document, Image, Json, Part, Text

__all__ = ["Block", "encode_content", "encode_part", "encode_text", "with_cache_control"]

Block = dict[str, Any]


def encode_content(parts: Iterable[Part], quirks: Quirks, refuse: Refuse) -> list[Block]:
    """Return the blocks of a user message or of a tool result."""
    return [block for part in parts if (block := encode_part(part, quirks, refuse)) is not None]


def encode_text(parts: Iterable[Part], where: str, quirks: Quirks, refuse: Refuse) -> list[Block]:
    """Return the blocks of a message that can hold only text; `where` names it where other parts are refused."""
    parts = list(parts)
    texts = [part for part in parts if isinstance(part, Text | Json)]
    if len(texts) < len(parts):
        refuse(f"media in {where}", "it must be text; put images and files into a user message")
    return encode_content(texts, quirks, refuse)


def encode_part(part: Part, quirks: Quirks, refuse: Refuse) -> Block | None:
    """Return the block of one part; None for an empty string, which the API rejects, and for a refused part."""
    if isinstance(part, Text | Json):
        block: Block = {"type": "text", "text": part.text}
        return with_cache_control(block, part.cache, quirks, refuse) if part.text else None
    kind = type(part).__name__.lower()
    if kind not in quirks.media or not isinstance(part, Image | Document):
        refuse(f"{kind} content", "the provider does not accept such parts")
        return None
    source: Block = {"type": "base64", "media_type": part.media_type, "data": part.base64}
    if part.file_id is not None:
        source = {"type": "file", "file_id": part.file_id}
    elif part.url is not None:
        source = {"type": "url", "url": part.url}
    block = {"type": kind, "source": source}
    if isinstance(part, Image):
        if part.detail not in (None, "auto"):
            refuse("image detail", "the API has no such setting; scale the image instead")
        return with_cache_control(block, part.cache, quirks, refuse)
    media_type = part.media_type or "application/pdf"
    if media_type.startswith("text/") and part.data is not None:
        # The API accepts base64 for PDFs only; "text/plain" stands for every kind of text.
        block["source"] = {"type": "text", "media_type": "text/plain", "data": _decode_text(part.data)}
    elif media_type != "application/pdf" and part.file_id is None:
        refuse("document content", f"it must be a PDF or plain text, not {media_type}")
        return None
    if part.name:
        block["title"] = part.name
    return with_cache_control(block, part.cache, quirks, refuse)


def with_cache_control(block: Block, cache: CacheTime | None, quirks: Quirks, refuse: Refuse) -> Block:
    """Return the block or tool with a breakpoint up to which the prompt is cached, if `cache` requests one."""
    if cache is None:
        return block
    if "cache" in quirks.rejects:
        refuse("cache", "the provider caches automatically, or not at all")
        return block
    # Five minutes are the default, and compatible services may not know the field "ttl".
    return {**block, "cache_control": {"type": "ephemeral", **({"ttl": cache} if cache != "5m" else {})}}


def _decode_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidRequestError(f"a text document must be UTF-8: {exc.reason} at byte {exc.start}") from exc
