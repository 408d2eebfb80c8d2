"""Our messages as `contents`: turns of the user and of the model, each with its parts.

A signature goes back at the part it came with: that of a call is kept with the call, the others with the message, which
then holds all its parts. Where the message was changed since, its own fields win and only what still fits goes along.

Sources: https://ai.google.dev/api/caching#Content, https://ai.google.dev/gemini-api/docs/thought-signatures,
https://ai.google.dev/gemini-api/docs/function-calling#multimodal
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.gemini.quirks import Quirks
from ai_lib.providers.reading import arguments_object, for_model, own, tool_names
from ai_lib.types.content import Audio, Document, Image, Json, Media, Part, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import ToolCall

__all__ = ["contents_of"]

_Wire = dict[str, Any]

# Vertex AI demands a media type beside an address, which tells it only by its ending.
_BY_SUFFIX = {
    **{suffix: f"image/{suffix}" for suffix in ("png", "jpeg", "webp", "gif", "heic", "heif")},
    **{suffix: f"audio/{suffix}" for suffix in ("wav", "aac", "ogg", "flac", "aiff")},
    **{suffix: f"text/{suffix}" for suffix in ("csv", "html", "xml")},
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4a": "audio/mp4",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "pdf": "application/pdf",
    "txt": "text/plain",
}
_DETAIL = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}


@attrs.frozen
class _Encoder:
    """What the parts of one request need to know."""

    model: str | None
    context: Context
    refuse: Refuse
    names: Mapping[str, str]

    @property
    def quirks(self) -> Quirks:
        quirks: Quirks = self.context.quirks
        return quirks


def contents_of(request: ChatCompletionRequest, context: Context, refuse: Refuse) -> tuple[list[_Wire], list[_Wire]]:
    """Return the parts of the system instruction, and the turns; neighbours that one side says are one turn.

    Args:
        request: What is asked.
        context: The provider.
        refuse: Called for each part that cannot be sent.
    """
    encoder = _Encoder(request.model, context, refuse, tool_names(request.messages))
    system: list[_Wire] = []
    turns: list[_Wire] = []
    for message in request.messages:
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no name")
        if message.role is Role.SYSTEM:
            system += _parts(message.content, encoder)
            continue
        role, parts = _TURNS[message.role](message, encoder)
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            turns.append({"role": role, "parts": parts})
    if system and not for_model(encoder.quirks.system, request.model):
        return [], _with_system_in_front(system, turns)
    return system, turns


def _with_system_in_front(system: list[_Wire], turns: list[_Wire]) -> list[_Wire]:
    """Return the turns for a model without system instructions: they stand before what the user says first."""
    if turns and turns[0]["role"] == "user":
        return [{"role": "user", "parts": system + turns[0]["parts"]}, *turns[1:]]
    return [{"role": "user", "parts": system}, *turns]


def _user(message: Message, encoder: _Encoder) -> tuple[str, list[_Wire]]:
    return "user", _parts(message.content, encoder)


def _parts(parts: Iterable[Part], encoder: _Encoder) -> list[_Wire]:
    return [wire for part in parts if (wire := _part(part, encoder)) is not None]


def _part(part: Part, encoder: _Encoder) -> _Wire | None:
    if part.cache is not None:
        encoder.refuse("cache", "the provider caches by itself, or what cachedContent in extensions names")
    return _PARTS[type(part)](part, encoder)


def _text(part: Text | Json, encoder: _Encoder) -> _Wire | None:
    return {"text": part.text} if part.text else None  # an empty part is refused


def _media(part: Media, encoder: _Encoder) -> _Wire:
    if part.data is not None:
        return {"inlineData": {"mimeType": part.media_type, "data": part.base64}}
    address = part.url or part.file_id or ""
    if part.file_id is not None and "://" not in address:
        address = encoder.quirks.file_base + address
    kind = part.media_type or _BY_SUFFIX.get(urlsplit(address).path.rpartition(".")[2].lower())
    return {"fileData": {**({"mimeType": kind} if kind else {}), "fileUri": address}}


def _image(part: Image, encoder: _Encoder) -> _Wire:
    wire = _media(part, encoder)
    if part.detail in _DETAIL:
        if for_model(encoder.quirks.detail, encoder.model):
            wire["mediaResolution"] = {"level": _DETAIL[part.detail]}
        else:
            encoder.refuse("image detail", "the model takes one for the whole request: mediaResolution in extensions")
    return wire


_PARTS: dict[type[Any], Callable[[Any, _Encoder], _Wire | None]] = {
    Text: _text,
    Json: _text,
    Image: _image,
    Audio: _media,
    Document: _media,
}


# --- what the model said ----------------------------------------------------------------------------------------


def _assistant(message: Message, encoder: _Encoder) -> tuple[str, list[_Wire]]:
    kept = own(message.provider_data, encoder.context.owner).get("parts") or []
    if kept and _fits(kept, message):
        calls = iter(message.tool_calls)
        parts = [{**part, **_call(next(calls), encoder)} if "functionCall" in part else dict(part) for part in kept]
    else:
        refusal = [] if message.refusal is None else [Text(message.refusal)]
        said = _parts([*message.content, *refusal], encoder)
        opaque = [dict(part) for part in kept if part.get("thought") or not part.keys() & {"text", "functionCall"}]
        parts = [*opaque, *said, *[_call(call, encoder) for call in message.tool_calls]]
    _sign(parts, encoder)
    return "model", parts


def _fits(kept: Iterable[Mapping[str, Any]], message: Message) -> bool:
    """Return whether a message still says what the parts kept with it say."""
    if not all(isinstance(part, Text) for part in message.content) or message.refusal is not None:
        return False
    text = "".join([part.get("text") or "" for part in kept if not part.get("thought")])
    calls = [(call.get("name"), call.get("args") or {}) for part in kept if (call := part.get("functionCall"))]
    return text == message.text and calls == [(call.name, arguments_object(call)) for call in message.tool_calls]


def _call(call: ToolCall, encoder: _Encoder) -> _Wire:
    wire: _Wire = {"id": call.id} if encoder.quirks.call_ids else {}
    wire |= {"name": call.name, "args": arguments_object(call)}
    return {"functionCall": wire, **own(call.provider_data, encoder.context.owner)}


def _sign(parts: list[_Wire], encoder: _Encoder) -> None:
    """Give the first call a stand-in where no call has a signature: newer models refuse calls without any."""
    calls = [part for part in parts if "functionCall" in part]
    stand_in = for_model(encoder.quirks.signature, encoder.model)
    if calls and stand_in and not any("thoughtSignature" in part for part in calls):
        calls[0]["thoughtSignature"] = stand_in


# --- what tools answered ----------------------------------------------------------------------------------------


def _tool(message: Message, encoder: _Encoder) -> tuple[str, list[_Wire]]:
    name = message.name or encoder.names.get(message.tool_call_id or "")
    if not name:
        raise InvalidRequestError(
            f"no message has the call {message.tool_call_id!r}, whose result is given; "
            "keep the assistant's message, or pass name= to Message.tool()"
        )
    values = [part for part in message.content if isinstance(part, Text | Json)]
    wire: _Wire = {"id": message.tool_call_id} if encoder.quirks.call_ids else {}
    wire |= {"name": name, "response": _response(values, message.is_error)}
    for part in values:
        if part.cache is not None:
            encoder.refuse("cache", "a tool's result has no mark")
    inside: list[_Wire] = []
    beside: list[_Wire] = []
    types = for_model(encoder.quirks.result_media, encoder.model) or ()
    for media in _parts([part for part in message.content if not isinstance(part, Text | Json)], encoder):
        (inside if _goes_inside(media, types, encoder.quirks) else beside).append(media)
    if inside:
        wire["parts"] = inside
    return "user", [{"functionResponse": wire}, *beside]


def _response(values: list[Text | Json], is_error: bool) -> dict[str, Any]:
    """Return a result as the object that it must be; one without "output" and "error" counts as output itself."""
    if len(values) == 1 and isinstance(values[0], Json):
        value = values[0].value
        if isinstance(value, Mapping) and not is_error and not value.keys() & {"output", "error"}:
            return dict(value)
    else:
        value = "".join([part.text for part in values])
    return {"error" if is_error else "output": value}


def _goes_inside(media: _Wire, types: Iterable[str], quirks: Quirks) -> bool:
    data = media.get("inlineData") or (media.get("fileData") if quirks.result_files else None)
    return data is not None and data.get("mimeType") in types and "mediaResolution" not in media


_TURNS: dict[Role, Callable[[Message, _Encoder], tuple[str, list[_Wire]]]] = {
    Role.USER: _user,
    Role.ASSISTANT: _assistant,
    Role.TOOL: _tool,
}
