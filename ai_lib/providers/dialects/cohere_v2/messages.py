"""Messages as `messages`, and the documents that users attach as `documents`.

Source: https://docs.cohere.com/docs/tool-use-overview
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.cohere_v2.parts import encode_content, encode_document, select_texts
from ai_lib.providers.reading import owned_data
from ai_lib.types.content import Document, Json, Text
from ai_lib.types.message import Message, Role

__all__ = ["encode_messages"]


def encode_messages(
    messages: Iterable[Message], context: Context, refuse: Refuse
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the messages of a request, and its documents."""
    wires: list[dict[str, Any]] = []
    documents: list[dict[str, Any]] = []
    for message in messages:
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no names")
        if any(part.cache is not None for part in message.content):
            refuse("cache", "the provider caches automatically")
        wire: dict[str, Any] = {"role": message.role.value}
        if message.role is Role.TOOL:
            wire |= {"tool_call_id": message.tool_call_id, "content": _encode_result(message, refuse)}
        elif message.role is Role.ASSISTANT:
            wire |= _encode_answer(message, refuse)
        elif message.role is Role.SYSTEM:
            wire["content"] = encode_content(select_texts(message.content, "a system message", refuse), refuse)
        else:
            attached = [encode_document(part, refuse) for part in message.content if isinstance(part, Document)]
            documents += [document for document in attached if document is not None]
            rest = [part for part in message.content if not isinstance(part, Document)]
            wire["content"] = encode_content(rest, refuse)
        # The plan that the model made; text that the caller puts next to the calls replaces it.
        wires.append({**owned_data(message.provider_data, context.owner), **wire})
    return wires, documents


def _encode_answer(message: Message, refuse: Refuse) -> dict[str, Any]:
    parts = select_texts(message.content, "an assistant message", refuse)
    if message.refusal is not None:
        parts.append(Text(message.refusal))
    if not message.tool_calls:
        return {"content": encode_content(parts, refuse)}
    # Text next to calls has a field of its own.
    plan = "".join([part.text for part in parts])
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_json}}
        for call in message.tool_calls
    ]
    return {**({"tool_plan": plan} if plan else {}), "tool_calls": calls}


def _encode_result(message: Message, refuse: Refuse) -> str | list[dict[str, Any]]:
    wire: list[dict[str, Any]] = []
    for part in message.content:
        if isinstance(part, Text | Json):
            wire.append({"type": "text", "text": part.text})
        elif not isinstance(part, Document):
            refuse("media in a tool's result", "it must be text or text documents")
        elif (document := encode_document(part, refuse)) is not None:
            wire.append({"type": "document", "document": document})
    if len(wire) > 1 or (wire and not wire[0].get("text")):
        return wire
    return "".join([item["text"] for item in wire])
