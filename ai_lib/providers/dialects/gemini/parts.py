"""Parts, both ways: content as parts of a turn, and the parts of an answer as text, reasoning and calls.

Sources: https://ai.google.dev/api/caching#Part, https://ai.google.dev/gemini-api/docs/thought-signatures,
https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.gemini.quirks import Quirks
from ai_lib.providers.dialects.gemini.reasoning import decode_call_data
from ai_lib.providers.reading import match_model, read_text
from ai_lib.types.chunk import ToolCallDelta
from ai_lib.types.content import Image, Json, Part, Text
from ai_lib.types.fold import arguments_text

__all__ = ["NewContent", "ReceivedParts", "encode_content", "encode_part"]

# Vertex AI requires a media type alongside a URL, whose file name extension is all there is to tell it by.
_MEDIA_TYPES = {
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
_RESOLUTIONS = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}
# A step of a normalized path (RFC 9535, section 2.7) or of its shorter form: $['a'][0]['b'], $.a[0].b
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<quoted>(?:[^\\]|\\.)*?)(?P=quote)\]"""
)


def encode_content(parts: Iterable[Part], model: str | None, quirks: Quirks, refuse: Refuse) -> list[dict[str, Any]]:
    """Return the parts of a message as parts of a turn."""
    return [wire for part in parts if (wire := encode_part(part, model, quirks, refuse)) is not None]


def encode_part(part: Part, model: str | None, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    """Return one part; None for an empty string, which the API rejects."""
    if part.cache is not None:
        refuse("cache", "the provider caches automatically, or what cachedContent in extensions names")
    if isinstance(part, Text | Json):
        return {"text": part.text} if part.text else None
    if part.data is not None:
        wire: dict[str, Any] = {"inlineData": {"mimeType": part.media_type, "data": part.base64}}
    else:
        uri = part.url or part.file_id or ""
        if part.file_id is not None and "://" not in uri:
            uri = quirks.file_base + uri
        media_type = part.media_type or _MEDIA_TYPES.get(urlsplit(uri).path.rpartition(".")[2].lower())
        wire = {"fileData": {**({"mimeType": media_type} if media_type else {}), "fileUri": uri}}
    if isinstance(part, Image) and part.detail in _RESOLUTIONS:
        if match_model(quirks.detail, model):
            wire["mediaResolution"] = {"level": _RESOLUTIONS[part.detail]}
        else:
            refuse("image detail", "the model takes it only for the whole request: mediaResolution in extensions")
    return wire


@attrs.define
class NewContent:
    """What one event adds to a candidate."""

    text: list[str] = attrs.field(factory=list)
    reasoning: list[str] = attrs.field(factory=list)
    calls: list[ToolCallDelta] = attrs.field(factory=list)


@attrs.define
class ReceivedParts:
    """The parts of one candidate so far, in the form in which they must go back."""

    owner: str
    # A run of plain text is a list of its pieces, so that it takes no more memory than its text.
    parts: list[Any] = attrs.field(factory=list)
    opaque: bool = False  # whether they hold more than the fields of a message can
    calls: int = 0
    open_call: _OpenCall | None = None  # the call whose arguments are still arriving

    def add(self, part: Mapping[str, Any], news: NewContent) -> None:
        """Add a part, and its content to `news`."""
        if "functionCall" in part:
            self._add_call(part, part["functionCall"], news)
        elif "text" in part:
            text, thought = read_text(part["text"]), part.get("thought")
            if text:
                (news.reasoning if thought else news.text).append(text)
            if part.get("thoughtSignature"):
                self.opaque = True
                self.parts.append(part)
            elif text and not thought:  # thoughts without a signature are of no use to the model
                # Text after a call has a place among the parts that a message cannot express.
                self.opaque = self.opaque or bool(self.calls)
                if not self.parts or not isinstance(self.parts[-1], list):
                    self.parts.append([])
                self.parts[-1].append(text)
        elif part:
            self.opaque = True
            self.parts.append(part)

    def _add_call(self, part: Mapping[str, Any], call: Mapping[str, Any], news: NewContent) -> None:
        name, pieces = read_text(call.get("name")), call.get("partialArgs") or ()
        if name:
            self.close_call(news)
            call_id, data = read_text(call.get("id")) or None, decode_call_data(part, self.owner)
            partial = pieces or call.get("willContinue")
            arguments = "" if partial else arguments_text(call.get("args"))
            news.calls.append(ToolCallDelta(self.calls, call_id, name, arguments, data))
            if partial:
                self.open_call = _OpenCall(self.calls, {**part}, dict(call.get("args") or {}))
            else:
                self.parts.append(part)
            self.calls += 1
        elif self.open_call is None and (call.get("args") or pieces):
            raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
        if self.open_call is None:
            return  # a complete call, or the end of one that has already ended
        for piece in pieces:
            self.open_call.add(piece)
        if not name and part.get("thoughtSignature"):
            self.open_call.part["thoughtSignature"] = part["thoughtSignature"]
        if not call.get("willContinue"):
            self.close_call(news)

    def close_call(self, news: NewContent) -> None:
        """End the call whose arguments arrive in pieces; the event that says so can be missing."""
        if self.open_call is None:
            return
        number, part, arguments = self.open_call.number, self.open_call.part, self.open_call.complete()
        call = {key: value for key, value in part["functionCall"].items() if key not in ("partialArgs", "willContinue")}
        self.parts.append({**part, "functionCall": {**call, "args": arguments}})
        data = decode_call_data(part, self.owner)
        news.calls.append(ToolCallDelta(number, None, None, arguments_text(arguments), data))
        self.open_call = None

    def provider_data(self) -> dict[str, Any] | None:
        """Return the parts to keep on the message, under their owner; None where its fields hold everything."""
        if not self.opaque:
            return None
        parts = [{"text": "".join(part)} if isinstance(part, list) else part for part in self.parts]
        return {self.owner: {"parts": parts}}


@attrs.define
class _OpenCall:
    """A call whose arguments arrive in pieces, each with its path. A string takes several pieces under one path."""

    number: int
    part: dict[str, Any]
    arguments: dict[str, Any]
    path: str = ""
    text: list[str] = attrs.field(factory=list)

    def add(self, piece: Mapping[str, Any]) -> None:
        """Add a piece of the arguments; a path that is malformed, or does not fit the arguments so far, raises."""
        path = piece["jsonPath"]
        if path != self.path:
            self.complete()
            self.path = path
        if "stringValue" in piece:
            self.text.append(piece["stringValue"] or "")
        for kind in ("numberValue", "boolValue", "nullValue"):
            if kind in piece:
                _set_at(self.arguments, _steps_of(path), None if kind == "nullValue" else piece[kind])

    def complete(self) -> dict[str, Any]:
        """Return the arguments with the string that was still arriving."""
        if self.text:
            _set_at(self.arguments, _steps_of(self.path), "".join(self.text))
            self.text.clear()
        return self.arguments


def _steps_of(path: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 1
    while match := _STEP.match(path, at):
        quoted = match["quoted"]
        name = match["name"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        steps.append(name if match["index"] is None else int(match["index"]))
        at = match.end()
    if not path.startswith("$") or at < len(path) or not steps or isinstance(steps[0], int):
        raise ValueError(f"malformed path of an argument: {path!r}")
    return steps


def _set_at(value: Any, steps: list[str | int], leaf: Any) -> None:
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        empty = leaf if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not isinstance(value, list) or step > len(value):
                raise ValueError("the place of an argument in a list is not the next one")
            if step == len(value):
                value.append(empty)
        elif not isinstance(value, dict):
            raise ValueError("an argument belongs into a value that is not an object")  # noqa: TRY004 - see `checked_stream`
        if following is None:
            value[step] = leaf
        elif isinstance(step, str) and step not in value:
            value[step] = empty
        value = value[step]
