"""Messages as `contents`: turns of the user and of the model, each with its parts.

A signature goes back at the part it came with: that of a call is kept with the call, the others with the message, which
then holds all its parts. Where the message has been changed since, its own fields win, and only what still fits goes
back.

Sources: https://ai.google.dev/api/caching#Content, https://ai.google.dev/gemini-api/docs/thought-signatures,
https://ai.google.dev/gemini-api/docs/function-calling#multimodal
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.gemini.parts import encode_content
from ai_lib.providers.dialects.gemini.quirks import Quirks
from ai_lib.providers.dialects.gemini.reasoning import add_missing_signature
from ai_lib.providers.reading import encode_arguments, match_model, owned_data, tool_names_by_id
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import ToolCall

__all__ = ["encode_messages"]

_Wire = dict[str, Any]


def encode_messages(
    request: ChatCompletionRequest, context: Context, refuse: Refuse
) -> tuple[list[_Wire], list[_Wire]]:
    """Return the parts of the system instruction, and the turns; neighbours of one role become one turn."""
    quirks, names = context.quirks, tool_names_by_id(request.messages)
    system: list[_Wire] = []
    turns: list[_Wire] = []
    for message in request.messages:
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no names")
        role = "user"
        if message.role is Role.ASSISTANT:
            role, parts = "model", _encode_answer(message, request.model, context, refuse)
        elif message.role is Role.TOOL:
            name = message.name or names.get(message.tool_call_id or "")
            parts = _encode_result(message, name, request.model, quirks, refuse)
        else:
            parts = encode_content(message.content, request.model, quirks, refuse)
        if message.role is Role.SYSTEM:
            system += parts
        elif turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            turns.append({"role": role, "parts": parts})
    if not system or match_model(quirks.system, request.model):
        return system, turns
    # The model has no system instructions: they precede what the user says first.
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "parts": []})
    turns[0]["parts"] = [*system, *turns[0]["parts"]]
    return [], turns


def _encode_answer(message: Message, model: str | None, context: Context, refuse: Refuse) -> list[_Wire]:
    """Return the parts of an assistant message: those it came with, as long as they say what the message says."""
    quirks: Quirks = context.quirks
    kept = owned_data(message.provider_data, context.owner).get("parts") or []
    if kept and _is_unchanged(kept, message):
        calls = iter(message.tool_calls)
        parts = [
            {**part, **_encode_call(next(calls), context)} if "functionCall" in part else {**part} for part in kept
        ]
    else:
        opaque = [{**part} for part in kept if part.get("thought") or not part.keys() & {"text", "functionCall"}]
        refusal = [] if message.refusal is None else [Text(message.refusal)]
        said = encode_content([*message.content, *refusal], model, quirks, refuse)
        parts = [*opaque, *said, *[_encode_call(call, context) for call in message.tool_calls]]
    add_missing_signature(parts, model, quirks)
    return parts


def _is_unchanged(kept: Iterable[Mapping[str, Any]], message: Message) -> bool:
    """Return whether a message still says what the parts kept with it say."""
    if not all(isinstance(part, Text) for part in message.content) or message.refusal is not None:
        return False
    text = "".join([part.get("text") or "" for part in kept if not part.get("thought")])
    calls = [(call.get("name"), call.get("args") or {}) for part in kept if (call := part.get("functionCall"))]
    return text == message.text and calls == [(call.name, encode_arguments(call)) for call in message.tool_calls]


def _encode_call(call: ToolCall, context: Context) -> _Wire:
    wire: _Wire = {"id": call.id} if context.quirks.call_ids else {}
    wire |= {"name": call.name, "args": encode_arguments(call)}
    return {"functionCall": wire, **owned_data(call.provider_data, context.owner)}


def _encode_result(
    message: Message, name: str | None, model: str | None, quirks: Quirks, refuse: Refuse
) -> list[_Wire]:
    """Return a tool result, and after it the media that the model cannot read inside."""
    if not name:
        raise InvalidRequestError(
            f"no message has the call {message.tool_call_id!r}, whose result is given; "
            "keep the assistant message, or pass name= to Message.tool()"
        )
    media_types = match_model(quirks.result_media, model) or ()
    values = [part for part in message.content if isinstance(part, Text | Json)]
    if any(part.cache is not None for part in values):
        refuse("cache", "a tool result cannot be marked")
    inside: list[_Wire] = []
    after: list[_Wire] = []
    media = [part for part in message.content if not isinstance(part, Text | Json)]
    for wire in encode_content(media, model, quirks, refuse):
        data = wire.get("inlineData") or (wire.get("fileData") if quirks.result_files else None) or {}
        fits = data.get("mimeType") in media_types and "mediaResolution" not in wire
        (inside if fits else after).append(wire)
    if len(values) == 1 and isinstance(values[0], Json):
        value = values[0].value
    else:
        value = "".join([part.text for part in values])
    # The response must be an object; the API takes one without "output" and "error" as the output itself.
    response = {"error" if message.is_error else "output": value}
    if isinstance(value, Mapping) and not message.is_error and not value.keys() & {"output", "error"}:
        response = dict(value)
    result: _Wire = {"id": message.tool_call_id} if quirks.call_ids else {}
    result |= {"name": name, "response": response}
    if inside:
        result["parts"] = inside
    return [{"functionResponse": result}, *after]
