"""The content of a message: a string, or a list of parts.

Media have two forms: each in an object of its own, as at OpenAI, or as a string.
Source of the latter: https://docs.mistral.ai/api/endpoint/chat (ContentChunk)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text

__all__ = ["encode_content", "encode_part"]

_AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/vnd.wave": "wav"}


def encode_content(parts: tuple[Part, ...], quirks: Quirks, refuse: Refuse) -> str | list[dict[str, Any]]:
    """Return the content of a message."""
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].cache is None:
        return parts[0].text
    wire = [item for part in parts if (item := encode_part(part, quirks, refuse)) is not None]
    if not wire:  # no part, or each one was refused and is left out
        return ""
    if any("cache_control" in item for item in wire):
        return wire
    texts = [item["text"] for item in wire if item["type"] == "text"]
    if len(texts) == len(wire) and (len(texts) == 1 or quirks.text_only_as_string):
        return "".join(texts)
    return wire


def encode_part(part: Part, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    """Return one part, or None where it cannot be sent.

    A mark for the prompt cache has Anthropic's form; without a ttl it means five minutes. Sources:
    https://openrouter.ai/docs/features/prompt-caching, https://www.alibabacloud.com/help/en/model-studio/context-cache
    """
    wire: dict[str, Any] | None
    if isinstance(part, Text | Json):
        wire = {"type": "text", "text": part.text}
    else:
        kind, encode = _MEDIA[type(part)]
        if kind not in quirks.media:
            refuse(f"{kind} content", "the provider does not accept such parts")
            return None
        wire = encode(part, quirks, refuse)
    if wire is None or part.cache is None:
        return wire
    if part.cache in quirks.cache_marks:
        wire["cache_control"] = {"type": "ephemeral", **({} if part.cache == "5m" else {"ttl": part.cache})}
    elif quirks.cache_marks:
        refuse("cache", f"the provider caches for {', '.join(sorted(quirks.cache_marks))}, not {part.cache}")
    else:
        refuse("cache", "the provider caches automatically, or not at all")
    return wire


def _encode_image(part: Image, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    prefix = quirks.image_file_prefix
    if part.file_id is not None and prefix is None:
        refuse("image file_id", "images must be URLs or bytes")
        return None
    if part.url is not None and not quirks.image_urls:
        refuse("image url", "the provider does not fetch images; send the bytes with Image.from_file()")
        return None
    url = part.data_url if part.file_id is None else f"{prefix}{part.file_id.removeprefix(prefix or '')}"
    if part.detail is not None:  # only the object has a detail; services that take strings take it as well
        return {"type": "image_url", "image_url": {"url": url, "detail": part.detail}}
    return {"type": "image_url", "image_url": url if quirks.parts == "strings" else {"url": url}}


def _encode_audio(part: Audio, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if quirks.parts == "strings":
        if part.file_id is not None:
            refuse("audio file_id", "audio must be a URL or bytes")
            return None
        return {"type": "input_audio", "input_audio": part.url if part.url is not None else part.base64}
    if part.data is None or part.media_type is None:
        refuse("audio url", "audio must be bytes; use Audio.from_file() or Audio.from_bytes()")
        return None
    form = _AUDIO_FORMATS.get(part.media_type) or part.media_type.partition("/")[2]
    data = part.data_url if quirks.audio_data_url else part.base64
    return {"type": "input_audio", "input_audio": {"data": data, "format": form}}


def _encode_document(part: Document, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if quirks.parts == "strings":
        if part.file_id is not None:
            return {"type": "file", "file_id": part.file_id}
        name = {} if part.name is None else {"document_name": part.name}
        return {"type": "document_url", "document_url": part.data_url, **name}
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    if part.url is not None:
        refuse("document url", "documents must be bytes; use Document.from_file() or Document.from_bytes()")
        return None
    return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": part.data_url}}


_MEDIA: dict[type[Any], tuple[str, Callable[[Any, Quirks, Refuse], dict[str, Any] | None]]] = {
    Image: ("image", _encode_image),
    Audio: ("audio", _encode_audio),
    Document: ("document", _encode_document),
}
