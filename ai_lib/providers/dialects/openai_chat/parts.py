"""The parts of a message, and its content as a whole: a string, or a list of parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text

__all__ = ["PARTS", "content_of", "text_parts"]

PartMaker: TypeAlias = Callable[[Any, Quirks, Refuse], dict[str, Any] | None]


def text_parts(parts: tuple[Part, ...], refuse: Refuse) -> tuple[Part, ...]:
    """Return the parts that a tool's result may have here: the API takes text only."""
    texts = tuple(part for part in parts if isinstance(part, Text | Json))
    if len(texts) < len(parts):
        refuse("media in a tool's result", "it must be text; put images and files into a user message after it")
    return texts


def content_of(parts: tuple[Part, ...], quirks: Quirks, refuse: Refuse) -> str | list[dict[str, Any]]:
    """Return the content of a message.

    Args:
        parts: Its parts.
        quirks: The service's switches.
        refuse: Called for each part that cannot be sent.
    """
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].cache is None:
        return parts[0].text
    if not parts:
        return ""
    makers = PARTS[quirks.parts]
    wire = [item for part in parts if (item := _part(part, makers, quirks, refuse)) is not None]
    if not wire:  # every part was refused and is to be left out
        return ""
    if any("cache_control" in item for item in wire):
        return wire
    texts = [item["text"] for item in wire if item["type"] == "text"]
    if len(texts) == len(wire) and (len(texts) == 1 or quirks.text_only_as_string):
        return "".join(texts)
    return wire


def _part(part: Part, makers: Mapping[type[Any], PartMaker], quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    kind = _MEDIA.get(type(part))
    if kind is not None and kind not in quirks.media:
        refuse(f"{kind} content", "the provider does not take such parts")
        return None
    wire = makers[type(part)](part, quirks, refuse)
    if wire is not None and part.cache is not None:
        _mark(wire, part.cache, quirks, refuse)
    return wire


def _mark(wire: dict[str, Any], time: str, quirks: Quirks, refuse: Refuse) -> None:
    """Ask to have the prompt cached up to this part, in Anthropic's form; five minutes are what no ttl means there.

    Sources: https://openrouter.ai/docs/features/prompt-caching,
    https://www.alibabacloud.com/help/en/model-studio/context-cache
    """
    if time in quirks.cache_marks:
        wire["cache_control"] = {"type": "ephemeral"} if time == "5m" else {"type": "ephemeral", "ttl": time}
    elif quirks.cache_marks:
        refuse("cache", f"the provider keeps what is marked for {', '.join(sorted(quirks.cache_marks))}, not {time}")
    else:
        refuse("cache", "the provider caches by itself, or not at all")


_MEDIA: dict[type[Any], str] = {Image: "image", Audio: "audio", Document: "document"}


def _text(part: Text | Json, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


# --- each medium in an object of its own, as OpenAI has it


def _image(part: Image, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    address = _image_address(part, quirks, refuse)
    if address is None:
        return None
    image = {"url": address}
    if part.detail is not None:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


def _image_address(part: Image, quirks: Quirks, refuse: Refuse) -> str | None:
    if part.file_id is not None and quirks.image_file_prefix is not None:
        return quirks.image_file_prefix + part.file_id.removeprefix(quirks.image_file_prefix)
    if part.file_id is not None:
        refuse("image file_id", "images go by address or as bytes")
        return None
    if part.url is not None and not quirks.image_urls:
        refuse("image url", "the provider does not fetch images; send the bytes with Image.from_file()")
        return None
    return part.data_url


_AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/vnd.wave": "wav"}


def _audio(part: Audio, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if part.data is None or part.media_type is None:
        refuse("audio url", "audio goes as bytes; use Audio.from_file() or Audio.from_bytes()")
        return None
    kind = _AUDIO_FORMATS.get(part.media_type) or part.media_type.partition("/")[2]
    data = part.data_url if quirks.audio_data_url else part.base64
    return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}


def _document(part: Document, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    if part.url is not None:
        refuse("document url", "documents go as bytes; use Document.from_file() or .from_bytes()")
        return None
    return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": part.data_url}}


# --- each medium as a string. Source: https://docs.mistral.ai/api/endpoint/chat (ContentChunk)


def _image_string(part: Image, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if part.detail is not None:
        return _image(part, quirks, refuse)  # the object is taken as well, and only it has a detail
    address = _image_address(part, quirks, refuse)
    return None if address is None else {"type": "image_url", "image_url": address}


def _audio_string(part: Audio, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if part.file_id is not None:
        refuse("audio file_id", "audio goes by address or as bytes")
        return None
    return {"type": "input_audio", "input_audio": part.url if part.url is not None else part.base64}


def _document_string(part: Document, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    name = {} if part.name is None else {"document_name": part.name}
    return {"type": "document_url", "document_url": part.data_url, **name}


PARTS: dict[str, dict[type[Any], PartMaker]] = {
    "objects": {Text: _text, Json: _text, Image: _image, Audio: _audio, Document: _document},
    "strings": {Text: _text, Json: _text, Image: _image_string, Audio: _audio_string, Document: _document_string},
}
"""How parts are written, by the name that `Quirks.parts` gives."""
