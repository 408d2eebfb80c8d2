"""Our messages as the items of `input`.

What the model produced beside text and calls (encrypted reasoning, the items of tools that run at the provider) is kept
with its message and goes back unchanged and in order, as long as the message still says what those items say.

Source: https://platform.openai.com/docs/guides/conversation-state
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_responses.calls import CARRIED, CUSTOM, FUNCTION, input_text
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.providers.reading import owned_data, tool_names_by_id
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.tool import ToolCall

__all__ = ["input_of", "said"]

Item = dict[str, Any]

# How a document without a name is called; the service tells from the name how to read it.
_NAMES = {
    "text/plain": "document.txt",
    "text/markdown": "document.md",
    "text/html": "document.html",
    "text/csv": "document.csv",
    "application/json": "document.json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "document.docx",
}


@attrs.frozen
class _Encoder:
    """What the items of one request need to know."""

    context: Context
    refuse: Refuse
    names: Mapping[str, str]
    beside: Mapping[str, Mapping[str, Any]]
    sealed_only: bool

    @property
    def quirks(self) -> Quirks:
        quirks: Quirks = self.context.quirks
        return quirks


def input_of(
    messages: tuple[Message, ...], context: Context, refuse: Refuse, *, sealed_only: bool = False
) -> tuple[str, list[Item]]:
    """Return the instructions, where they do not stand among the items, and the items.

    Args:
        messages: The conversation.
        context: The provider.
        refuse: Called for each part that cannot be sent.
        sealed_only: Whether only encrypted reasoning can go back, since the service keeps nothing.
    """
    calls = [call for message in messages for call in message.tool_calls]
    beside = {call.id: owned_data(call.provider_data, context.owner) for call in calls}
    encoder = _Encoder(context, refuse, tool_names_by_id(messages), beside, sealed_only)
    instructions: list[str] = []
    items: list[Item] = []
    for message in messages:
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no names of speakers")
        if message.role is Role.SYSTEM and encoder.quirks.system == "instructions":
            instructions.append(_texts(message.content, "a system message", encoder))
        else:
            items += _ITEMS[message.role](message, encoder)
    return "\n\n".join(instructions), items


def _system(message: Message, encoder: _Encoder) -> list[Item]:
    return [_message(encoder.quirks.system, _texts(message.content, "a system message", encoder), message, encoder)]


def _user(message: Message, encoder: _Encoder) -> list[Item]:
    content = _content(message.content, encoder)
    return [_message("user", content, message, encoder)] if content else []


def _message(role: str, content: str | list[Item], message: Message, encoder: _Encoder) -> Item:
    # An answer always says that it is a message: some servers guess at items with this role otherwise.
    kind = {"type": "message"} if encoder.quirks.typed_messages or role == "assistant" else {}
    by_hand = owned_data({"*": (message.provider_data or {}).get("*", {})}, "*")
    return {**kind, "role": role, "content": content, **by_hand}


def _tool(message: Message, encoder: _Encoder) -> list[Item]:
    call_id = message.tool_call_id or ""
    beside = encoder.beside.get(call_id, {})
    kind = "custom_tool_call_output" if beside.get("type") == CUSTOM else "function_call_output"
    item = {"type": kind, "call_id": call_id, "output": _output(message.content, encoder)}
    if encoder.quirks.result_names and (name := message.name or encoder.names.get(call_id)):
        item["name"] = name
    return [item | {key: beside[key] for key in CARRIED if key in beside}]


def _assistant(message: Message, encoder: _Encoder) -> list[Item]:
    kept = owned_data(message.provider_data, encoder.context.owner).get("output") or []
    if kept and _fits(kept, message, encoder):
        return [dict(item) for item in kept]
    # The text or the calls are no longer the model's own, and its reasoning belongs to what it said then.
    content = _spoken(message, encoder)
    spoken = [_message("assistant", content, message, encoder)] if content else []
    return [*spoken, *(_call(call, encoder) for call in message.tool_calls)]


def _fits(kept: list[Mapping[str, Any]], message: Message, encoder: _Encoder) -> bool:
    """Return whether a message still says what its items say, and the service can read them."""
    thoughts = [item for item in kept if item.get("type") == "reasoning"]
    if encoder.sealed_only and not all(item.get("encrypted_content") for item in thoughts):
        return False
    calls = [(call.id, call.name, call.arguments_json) for call in message.tool_calls]
    return said(kept, encoder.quirks.hosted) == (message.text, calls, message.refusal)


def _spoken(message: Message, encoder: _Encoder) -> str | list[Item]:
    text = _texts(message.content, "an assistant's message", encoder)
    if not encoder.quirks.answer_parts:
        if message.refusal is not None:
            encoder.refuse("refusal", "an answer's content is text")
        return text
    if message.refusal is None and not encoder.quirks.typed_messages:
        return text
    refusal = [] if message.refusal is None else [{"type": "refusal", "refusal": message.refusal}]
    return [*([{"type": "output_text", "text": text}] if text else []), *refusal]


_ITEMS: dict[Role, Callable[[Message, _Encoder], list[Item]]] = {
    Role.SYSTEM: _system,
    Role.USER: _user,
    Role.TOOL: _tool,
    Role.ASSISTANT: _assistant,
}


def said(
    items: Iterable[Mapping[str, Any]], hosted: frozenset[str]
) -> tuple[str, list[tuple[str, str, str]], str | None]:
    """Return what a model's items say in the fields of a message: its text, its calls, its refusal."""
    parts: list[Mapping[str, Any]] = []
    calls = []
    for item in items:
        kind = item.get("type")
        if kind == "message":
            parts += item.get("content") or ()
        elif kind in (FUNCTION, CUSTOM) and kind not in hosted:
            calls.append((item.get("call_id") or "", item.get("name") or "", input_text(item)))
    text = "".join([part.get("text") or "" for part in parts if part.get("type") == "output_text"])
    refusal = "".join([part.get("refusal") or "" for part in parts if part.get("type") == "refusal"])
    return text, calls, refusal or None


def _call(call: ToolCall, encoder: _Encoder) -> Item:
    beside = owned_data(call.provider_data, encoder.context.owner)
    field = "input" if beside.get("type") == CUSTOM else "arguments"
    return {"type": FUNCTION, "call_id": call.id, "name": call.name, field: call.arguments_json, **beside}


# --- parts --------------------------------------------------------------------------------------------------------


def _texts(parts: Iterable[Part], where: str, encoder: _Encoder) -> str:
    given = list(parts)
    texts = [part for part in given if isinstance(part, Text | Json)]
    if len(texts) < len(given):
        encoder.refuse(f"media in {where}", "it must be text; put images and files into a user message")
    return "".join([item["text"] for part in texts if (item := _part(part, encoder)) is not None])


def _content(parts: Iterable[Part], encoder: _Encoder) -> list[Item]:
    return [item for part in parts if (item := _part(part, encoder)) is not None]


def _output(parts: Iterable[Part], encoder: _Encoder) -> str | list[Item]:
    """Return a result's content: text alone as a string, which all services take."""
    given = list(parts)
    if not encoder.quirks.result_parts and not all(isinstance(part, Text | Json) for part in given):
        encoder.refuse("media in a tool's result", "the provider takes only text there")
        given = [part for part in given if isinstance(part, Text | Json)]
    wire = _content(given, encoder)
    return wire if any(item["type"] != "input_text" for item in wire) else "".join([item["text"] for item in wire])


def _part(part: Part, encoder: _Encoder) -> Item | None:
    if part.cache is not None:
        encoder.refuse("cache", "the provider caches by itself")
    return _PARTS[type(part)](part, encoder)


def _text(part: Text | Json, encoder: _Encoder) -> Item:
    return {"type": "input_text", "text": part.text}


def _image(part: Image, encoder: _Encoder) -> Item | None:
    if not _takes("image", encoder):
        return None
    wanted = part.detail or ("auto" if encoder.quirks.explicit_defaults else None)
    detail = {"detail": wanted} if wanted is not None else {}
    if part.file_id is not None and not encoder.quirks.image_ids:
        encoder.refuse("image file_id", "images go by address or as bytes")
        return None
    if part.file_id is not None:
        return {"type": "input_image", "file_id": part.file_id, **detail}
    return {"type": "input_image", "image_url": part.data_url, **detail}


def _document(part: Document, encoder: _Encoder) -> Item | None:
    if not _takes("document", encoder):
        return None
    if part.file_id is not None:
        return {"type": "input_file", "file_id": part.file_id}
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    if not encoder.quirks.file_data:
        encoder.refuse("document content", "documents go by address or file id here")
        return None
    return {
        "type": "input_file",
        "filename": part.name or _NAMES.get(part.media_type or "", "document.pdf"),
        "file_data": part.data_url,
    }


def _audio(part: Audio, encoder: _Encoder) -> Item | None:
    _takes("audio", encoder)
    return None


def _takes(kind: str, encoder: _Encoder) -> bool:
    if kind in encoder.quirks.media:
        return True
    encoder.refuse(f"{kind} content", "the provider does not take such parts")
    return False


_PARTS: dict[type[Any], Callable[[Any, _Encoder], Item | None]] = {
    Text: _text,
    Json: _text,
    Image: _image,
    Document: _document,
    Audio: _audio,
}
