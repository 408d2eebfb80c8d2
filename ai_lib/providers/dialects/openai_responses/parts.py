"""Parts of a message as the content of an item.

Source: https://platform.openai.com/docs/guides/pdf-files, https://platform.openai.com/docs/guides/images-vision
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text

__all__ = ["encode_content", "encode_part", "encode_result", "encode_text"]

# The names of documents without one; the service decides by the name how to read a document.
_NAMES = {
    "text/plain": "document.txt",
    "text/markdown": "document.md",
    "text/html": "document.html",
    "text/csv": "document.csv",
    "application/json": "document.json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "document.docx",
}


def encode_content(parts: Iterable[Part], quirks: Quirks, refuse: Refuse) -> list[dict[str, Any]]:
    """Return the parts that can be sent."""
    return [item for part in parts if (item := encode_part(part, quirks, refuse)) is not None]


def encode_text(parts: Iterable[Part], where: str, quirks: Quirks, refuse: Refuse) -> str:
    """Return the content of a message that may hold text only; `where` names it in the refusal of anything else."""
    parts = list(parts)
    texts = [part for part in parts if isinstance(part, Text | Json)]
    if len(texts) < len(parts):
        refuse(f"media in {where}", "it must be text; put images and files into a user message")
    return "".join([item["text"] for item in encode_content(texts, quirks, refuse)])


def encode_result(parts: Iterable[Part], quirks: Quirks, refuse: Refuse) -> str | list[dict[str, Any]]:
    """Return the content of a tool result: a string where all of it is text, since all services accept that."""
    parts = list(parts)
    if not quirks.result_parts and not all(isinstance(part, Text | Json) for part in parts):
        refuse("media in a tool's result", "the provider accepts only text there")
        parts = [part for part in parts if isinstance(part, Text | Json)]
    wire = encode_content(parts, quirks, refuse)
    return wire if any(item["type"] != "input_text" for item in wire) else "".join([item["text"] for item in wire])


def encode_part(part: Part, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    """Return one part, or None where it cannot be sent."""
    if part.cache is not None:
        refuse("cache", "the provider caches automatically")
    if isinstance(part, Text | Json):
        return {"type": "input_text", "text": part.text}
    kind = type(part).__name__.lower()
    if isinstance(part, Audio) or kind not in quirks.media:
        refuse(f"{kind} content", "the provider does not accept such parts")
        return None
    if not isinstance(part, Image):
        return _encode_document(part, quirks, refuse)
    if part.file_id is not None and not quirks.image_ids:
        refuse("image file_id", "images must be URLs or bytes")
        return None
    source = {"image_url": part.data_url} if part.file_id is None else {"file_id": part.file_id}
    detail = part.detail or ("auto" if quirks.explicit_defaults else None)
    return {"type": "input_image", **source, **({} if detail is None else {"detail": detail})}


def _encode_document(part: Document, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if part.file_id is not None:
        return {"type": "input_file", "file_id": part.file_id}
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    if not quirks.file_data:
        refuse("document content", "documents must be URLs or file ids")
        return None
    name = part.name or _NAMES.get(part.media_type or "", "document.pdf")
    return {"type": "input_file", "filename": name, "file_data": part.data_url}
