"""Messages as the items of `input`.

What the model produced in addition to text and calls (encrypted reasoning, the items of tools that run at the provider)
is kept with its message and goes back unchanged and in order, as long as the message still says what those items say.

Source: https://platform.openai.com/docs/guides/conversation-state
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_responses.decode import CARRIED, CUSTOM, FUNCTION, decode_arguments
from ai_lib.providers.dialects.openai_responses.parts import encode_content, encode_result, encode_text
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.providers.reading import owned_data
from ai_lib.types.message import Message, Role
from ai_lib.types.tool import ToolCall

__all__ = ["encode_messages"]

Item = dict[str, Any]


def encode_messages(
    messages: tuple[Message, ...], context: Context, refuse: Refuse, *, encrypted_only: bool = False
) -> tuple[str, list[Item]]:
    """Return the instructions, where the service has a field for them, and the items.

    With `encrypted_only` no reasoning but encrypted goes back, since the service keeps nothing.
    """
    quirks: Quirks = context.quirks
    calls = {call.id: call for message in messages for call in message.tool_calls}
    instructions: list[str] = []
    items: list[Item] = []
    for message in messages:
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no names")
        if message.role is Role.TOOL:
            items.append(_encode_result(message, calls.get(message.tool_call_id or ""), context, refuse))
        elif message.role is Role.ASSISTANT:
            items += _encode_answer(message, context, refuse, encrypted_only)
        elif message.role is Role.USER:
            if content := encode_content(message.content, quirks, refuse):
                items.append(_message_item("user", content, message, quirks))
        else:
            text = encode_text(message.content, "a system message", quirks, refuse)
            if quirks.system == "instructions":
                instructions.append(text)
            else:
                items.append(_message_item(quirks.system, text, message, quirks))
    return "\n\n".join(instructions), items


def _message_item(role: str, content: str | list[Item], message: Message, quirks: Quirks) -> Item:
    # An answer always has its type: some servers misread items with this role otherwise.
    kind = {"type": "message"} if quirks.typed_messages or role == "assistant" else {}
    return {**kind, "role": role, "content": content, **(message.provider_data or {}).get("*", {})}


def _encode_result(message: Message, call: ToolCall | None, context: Context, refuse: Refuse) -> Item:
    quirks: Quirks = context.quirks
    data = owned_data(call.provider_data, context.owner) if call is not None else {}
    item: Item = {
        "type": "custom_tool_call_output" if data.get("type") == CUSTOM else "function_call_output",
        "call_id": message.tool_call_id or "",
        "output": encode_result(message.content, quirks, refuse),
    }
    if quirks.result_names and (name := message.name or (call and call.name)):
        item["name"] = name
    return item | {key: data[key] for key in CARRIED if key in data}


def _encode_answer(message: Message, context: Context, refuse: Refuse, encrypted_only: bool) -> list[Item]:
    quirks: Quirks = context.quirks
    kept = owned_data(message.provider_data, context.owner).get("output") or []
    lost = encrypted_only and any(i.get("type") == "reasoning" and not i.get("encrypted_content") for i in kept)
    # Reasoning belongs to what the model said then: where the text or a call was changed since, it stays behind.
    if kept and not lost and _is_unchanged(message, kept, quirks.hosted):
        return [dict(item) for item in kept]
    content: str | list[Item] = encode_text(message.content, "an assistant's message", quirks, refuse)
    if message.refusal is not None and not quirks.answer_parts:
        refuse("refusal", "the content of an answer must be text")
    elif message.refusal is not None or (quirks.answer_parts and quirks.typed_messages):
        content = [{"type": "output_text", "text": content}] if content else []
        if message.refusal is not None:
            content.append({"type": "refusal", "refusal": message.refusal})
    items = [_message_item("assistant", content, message, quirks)] if content else []
    for call in message.tool_calls:
        data = owned_data(call.provider_data, context.owner)
        field = "input" if data.get("type") == CUSTOM else "arguments"
        items.append({"type": FUNCTION, "call_id": call.id, "name": call.name, field: call.arguments_json, **data})
    return items


def _is_unchanged(message: Message, items: Iterable[Mapping[str, Any]], hosted: frozenset[str]) -> bool:
    """Return whether the text, the calls and the refusal of a message are still those of the items it came in."""
    parts: list[Mapping[str, Any]] = []
    calls = []
    for item in items:
        kind = item.get("type")
        if kind == "message":
            parts += item.get("content") or ()
        elif kind in (FUNCTION, CUSTOM) and kind not in hosted:
            calls.append((item.get("call_id") or "", item.get("name") or "", decode_arguments(item)))
    return (
        message.text == "".join([part.get("text") or "" for part in parts if part.get("type") == "output_text"])
        and [(call.id, call.name, call.arguments_json) for call in message.tool_calls] == calls
        and (message.refusal or "") == "".join([p.get("refusal") or "" for p in parts if p.get("type") == "refusal"])
    )
