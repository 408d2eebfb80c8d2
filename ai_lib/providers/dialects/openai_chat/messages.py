"""Messages as `messages`: one object each, tool calls inside the assistant's, each tool result on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_chat.parts import encode_content
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.providers.dialects.openai_chat.reasoning import REASONING_FIELDS, encode_thinking
from ai_lib.providers.reading import owned_data, short_id
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message, Role

__all__ = ["encode_messages"]


def encode_messages(messages: tuple[Message, ...], context: Context, refuse: Refuse) -> list[dict[str, Any]]:
    """Return the messages of a request."""
    quirks: Quirks = context.quirks
    names: dict[str, str] = {}  # ids may repeat, as Ollama's do: the last call before a result is the one it answers
    wire = []
    for message in messages:
        if message.role is Role.TOOL:
            wire.append(_encode_tool_result(message, names, context, refuse))
        else:
            wire.append(_encode_message(message, context, refuse))
        names.update((call.id, call.name) for call in message.tool_calls)
    last = messages[-1]
    if quirks.prefill is not None and last.role is Role.ASSISTANT and not last.tool_calls:
        wire[-1][quirks.prefill] = True
    return wire


def _encode_message(message: Message, context: Context, refuse: Refuse) -> dict[str, Any]:
    quirks: Quirks = context.quirks
    content = encode_content(message.content, quirks, refuse)
    data = owned_data(message.provider_data, context.owner)
    if quirks.thinking_parts and message.role is Role.ASSISTANT:
        content = encode_thinking(content, message, data)
        data = {field: value for field, value in data.items() if field != "signature"}
    wire: dict[str, Any] = {"role": message.role.value, "content": content}
    if message.name is not None and quirks.accept("name", refuse):
        wire["name"] = message.name
    wire.update(data)
    if message.tool_calls:
        if not wire["content"]:
            wire["content"] = quirks.empty_content
        wire["tool_calls"] = [
            {
                "id": short_id(call.id) if quirks.short_ids else call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments_json},
                **owned_data(call.provider_data, context.owner),
            }
            for call in message.tool_calls
        ]
        if message.reasoning is not None:
            wire.update({field: message.reasoning for field in quirks.echo if field in REASONING_FIELDS})
    if message.refusal is not None and quirks.accept("refusal", refuse):
        wire["refusal"] = message.refusal
    return wire


def _encode_tool_result(message: Message, names: Mapping[str, str], context: Context, refuse: Refuse) -> dict[str, Any]:
    quirks: Quirks = context.quirks
    call_id = message.tool_call_id or ""
    texts = tuple(part for part in message.content if isinstance(part, Text | Json))
    if len(texts) < len(message.content):
        refuse("media in a tool's result", "it must be text; put images and files into a user message after it")
    wire: dict[str, Any] = {"role": "tool", "content": encode_content(texts, quirks, refuse)}
    name = message.name or names.get(call_id)
    if quirks.tool_result_name and name is not None:
        wire["name"] = name
    wire.update(owned_data(message.provider_data, context.owner))
    wire["tool_call_id"] = short_id(call_id) if quirks.short_ids else call_id
    return wire
