"""Messages as system blocks and turns.

Sources: https://platform.claude.com/docs/en/build-with-claude/working-with-messages,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls,
https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.anthropic.parts import Block, encode_content, encode_text, with_cache_control
from ai_lib.providers.reading import encode_arguments, match_model, owned_data
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode_messages"]

# Blocks with the model's thinking, which is signed and must come back unchanged.
_THINKING = frozenset({"thinking", "redacted_thinking"})


def encode_messages(
    request: ChatCompletionRequest, context: Context, refuse: Refuse
) -> tuple[list[Block], list[dict[str, Any]]]:
    """Return the blocks of `system`, and the turns; neighbours of one role become one turn."""
    messages, model = request.messages, request.model
    last = messages[-1]
    prefill = last.role is Role.ASSISTANT and not last.tool_calls and not owned_data(last.provider_data, context.owner)
    if prefill and not match_model(context.quirks.prefill, model):
        refuse("assistant message at the end", "the model does not continue an answer that the caller started")
        messages = messages[:-1]
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    for place, message in enumerate(messages):
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no names")
        role, blocks, extra = _encode_message(message, context, refuse)
        if role == "system" and not (turns and _may_stay(messages, place, model, context, refuse)):
            system += blocks
            continue
        if not blocks:
            continue
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        turns[-1]["content"] += blocks
        turns[-1].update(extra)
    if not turns:
        raise InvalidRequestError("messages must not consist of system messages only; add one, such as Message.user()")
    for turn in turns:
        if turn["role"] == "user":  # tool results must precede everything else in a turn
            turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    return system, turns


def _may_stay(messages: tuple[Message, ...], place: int, model: str | None, context: Context, refuse: Refuse) -> bool:
    """Return whether a system message can stay in its place: after a user turn, before an answer or at the end."""
    before = next(message.role for message in reversed(messages[:place]) if message.role is not Role.SYSTEM)
    after = next((message.role for message in messages[place:] if message.role is not Role.SYSTEM), Role.ASSISTANT)
    if not match_model(context.quirks.system_turns, model):
        reason = "the model accepts instructions only before the conversation"
    elif before is Role.ASSISTANT or after is not Role.ASSISTANT:
        reason = "it can stand only between a user message and the answer"
    else:
        return True
    refuse("system message in the middle", f"{reason}; with on_unsupported='warn' or 'drop' it is moved to the front")
    return False


def _encode_message(message: Message, context: Context, refuse: Refuse) -> tuple[str, list[Block], dict[str, Any]]:
    """Return the role of the turn, its blocks, and further fields of the turn that the user set."""
    quirks = context.quirks
    extra = {key: value for key, value in owned_data(message.provider_data, context.owner).items() if key != "content"}
    if message.role is Role.USER:
        return "user", encode_content(message.content, quirks, refuse), extra
    if message.role is Role.SYSTEM:
        return "system", encode_text(message.content, "a system message", quirks, refuse), extra
    if message.role is Role.ASSISTANT:
        return "assistant", _encode_answer(message, context, refuse), extra
    result: Block = {"type": "tool_result", "tool_use_id": _encode_id(message.tool_call_id)}
    blocks = encode_content(message.content, quirks, refuse)
    if blocks and "cache_control" in blocks[-1]:
        # After the last block of a result means the same as after the result.
        result["cache_control"] = blocks[-1]["cache_control"]
        blocks[-1] = {key: value for key, value in blocks[-1].items() if key != "cache_control"}
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        result["content"] = blocks[0]["text"]
    elif blocks:
        result["content"] = blocks
    if message.is_error:
        result["is_error"] = True
    return "user", [{**result, **extra}], {}


def _encode_answer(message: Message, context: Context, refuse: Refuse) -> list[Block]:
    """Return the blocks of an assistant message: those it came with, as long as they say what the message says."""
    quirks, owner = context.quirks, context.owner
    blocks = encode_text(message.content, "an assistant message", quirks, refuse)
    for call in message.tool_calls:
        wire = {"type": "tool_use", "id": _encode_id(call.id), "name": call.name, "input": encode_arguments(call)}
        blocks.append({**wire, **owned_data(call.provider_data, owner)})
    original = owned_data(message.provider_data, owner).get("content")
    if isinstance(original, list | tuple):
        # Thinking that was cut off has no signature, and would be rejected.
        kept = [
            block
            for block in original
            if not (quirks.signed_thinking and block.get("type") == "thinking" and not block.get("signature"))
        ]
        if _is_unchanged(kept, message, context):
            blocks = kept
            # The user may have set a cache breakpoint on the text of the message.
            cache = next((part.cache for part in reversed(message.content) if part.cache is not None), None)
            last = max((place for place, block in enumerate(blocks) if block.get("type") == "text"), default=None)
            if last is not None:
                blocks[last] = with_cache_control(blocks[last], cache, quirks, refuse)
        else:
            # The text or the calls are no longer the model's own: only its thinking still is.
            blocks = [*(block for block in kept if block.get("type") in _THINKING), *blocks]
    if message.refusal:
        blocks.append({"type": "text", "text": message.refusal})
    return blocks


def _is_unchanged(blocks: Iterable[Block], message: Message, context: Context) -> bool:
    """Return whether the blocks say what the message says; blocks that the user set ("*") are taken as they are."""
    data = message.provider_data or {}
    if "content" in data.get("*", {}) and context.owner not in data:
        return True
    text = "".join([part.text for part in message.content if isinstance(part, Text | Json)])
    calls = [(call.id, call.name, encode_arguments(call)) for call in message.tool_calls]
    return text == "".join([block.get("text") or "" for block in blocks if block.get("type") == "text"]) and calls == [
        (block.get("id"), block.get("name"), block.get("input") or {})
        for block in blocks
        if block.get("type") == "tool_use"
    ]


def _encode_id(call_id: str | None) -> str:
    # Ids of other providers can hold dots and colons, which the API rejects.
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call_id or "")
