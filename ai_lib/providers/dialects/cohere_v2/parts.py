"""Parts of a message: text and images in its content, text documents next to the messages.

Sources: https://docs.cohere.com/reference/chat, https://docs.cohere.com/docs/retrieval-augmented-generation-rag
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.types.content import Document, Image, Json, Part, Text

__all__ = ["encode_content", "encode_document", "encode_part", "select_texts"]

# Media types of documents that are text, in addition to text/*.
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})


def encode_content(parts: Iterable[Part], refuse: Refuse) -> str | list[dict[str, Any]]:
    """Return the content of a message: a string for a single text, else a list."""
    wire = [item for part in parts if (item := encode_part(part, refuse)) is not None]
    if len(wire) > 1 or (wire and wire[0]["type"] != "text"):
        return wire
    return "".join([item["text"] for item in wire])


def encode_part(part: Part, refuse: Refuse) -> dict[str, Any] | None:
    """Return one part, or None where it cannot be sent."""
    if isinstance(part, Text | Json):
        return {"type": "text", "text": part.text}
    if not isinstance(part, Image):
        refuse("audio content", "the provider does not accept such parts")
        return None
    if part.file_id is not None:
        refuse("image file_id", "images must be URLs or bytes")
        return None
    detail = {"detail": part.detail} if part.detail is not None else {}
    return {"type": "image_url", "image_url": {"url": part.data_url, **detail}}


def encode_document(part: Document, refuse: Refuse) -> dict[str, Any] | None:
    """Return a document that the answer may cite, with its name as the title, or None where it cannot be sent."""
    if part.data is None:
        refuse("document url" if part.url is not None else "document file_id", "documents must be text")
        return None
    kind = (part.media_type or "").partition(";")[0].strip().lower()
    try:
        text = part.data.decode("utf-8") if kind.startswith("text/") or kind in _TEXT_TYPES else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        refuse("document content", f"documents must be text in UTF-8, not {kind}")
        return None
    return {"data": {"text": text, **({"title": part.name} if part.name else {})}}


def select_texts(parts: Iterable[Part], where: str, refuse: Refuse) -> list[Text | Json]:
    """Return the parts of a message that may hold text only, and refuse the others; `where` names the message."""
    texts: list[Text | Json] = []
    for part in parts:
        if isinstance(part, Text | Json):
            texts.append(part)
        else:
            refuse(f"{type(part).__name__.lower()} content", f"{where} must be text")
    return texts
