"""A conversation as system blocks and turns.

Sources: https://platform.claude.com/docs/en/build-with-claude/working-with-messages,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls,
https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.anthropic.blocks import Block, blocks_of, marked, text_blocks
from ai_lib.providers.reading import for_model, own
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.tool import ToolCall
from ai_lib.utils import json

__all__ = ["THINKING", "conversation"]

THINKING = frozenset({"thinking", "redacted_thinking"})
"""The blocks that hold what the model thought, and must come back unchanged."""


@attrs.define
class _Turns:
    """Gathers turns; neighbours of one role are one turn."""

    turns: list[dict[str, Any]] = attrs.field(factory=list)

    def add(self, role: str, blocks: list[Block], extra: Mapping[str, Any]) -> None:
        if not blocks:
            return
        if not self.turns or self.turns[-1]["role"] != role:
            self.turns.append({"role": role, "content": []})
        self.turns[-1]["content"] += blocks
        self.turns[-1].update(extra)

    def finished(self) -> list[dict[str, Any]]:
        """Return the turns, the results of tools in front of what else the user says."""
        for turn in self.turns:
            if turn["role"] == "user":
                turn["content"].sort(key=lambda block: block["type"] != "tool_result")
        return self.turns


def conversation(
    messages: tuple[Message, ...], model: str | None, context: Context, refuse: Refuse
) -> tuple[list[Block], list[dict[str, Any]]]:
    """Return the blocks of `system`, and the turns.

    Args:
        messages: The conversation.
        model: The model, on which it depends what is allowed.
        context: The provider.
        refuse: Called for each part that cannot be sent.

    Raises:
        InvalidRequestError: There are only system messages.
    """
    messages = _without_prefill(messages, model, context, refuse)
    system: list[Block] = []
    turns = _Turns()
    for place, message in enumerate(messages):
        role = message.role
        if message.name is not None and role is not Role.TOOL:
            refuse("name", "messages have no names of speakers")
        extra = _extra(message, context)
        if role is Role.USER:
            turns.add("user", blocks_of(message.content, context.quirks, refuse), extra)
        elif role is Role.TOOL:
            turns.add("user", [{**_result(message, context, refuse), **extra}], {})
        elif role is Role.ASSISTANT:
            turns.add("assistant", _assistant(message, context, refuse), extra)
        else:
            blocks = text_blocks(message.content, "a system message", context.quirks, refuse)
            if not turns.turns or not _may_stand(messages, place, model, context, refuse):
                system += blocks
            else:
                turns.add("system", blocks, extra)
    if not turns.turns:
        raise InvalidRequestError("messages must hold something beside system messages, such as Message.user(...)")
    return system, turns.finished()


def _extra(message: Message, context: Context) -> dict[str, Any]:
    return {key: value for key, value in own(message.provider_data, context.owner).items() if key != "content"}


# --- system messages in the middle, answers begun by the caller ------------------------------------------------------


def _may_stand(messages: tuple[Message, ...], place: int, model: str | None, context: Context, refuse: Refuse) -> bool:
    """Return whether a system message can stay where it is: behind a user's turn, before an answer or at the end."""
    before = next(message.role for message in reversed(messages[:place]) if message.role is not Role.SYSTEM)
    after = next((message.role for message in messages[place:] if message.role is not Role.SYSTEM), Role.ASSISTANT)
    if not for_model(context.quirks.system_turns, model):
        why = "the model takes instructions only before the conversation"
    elif before is Role.ASSISTANT or after is not Role.ASSISTANT:
        why = "it can stand only between what the user says and the answer"
    else:
        return True
    refuse("system message in the middle", f"{why}; with on_unsupported='warn' or 'drop' it is moved to the front")
    return False


def _without_prefill(
    messages: tuple[Message, ...], model: str | None, context: Context, refuse: Refuse
) -> tuple[Message, ...]:
    last = messages[-1]
    begun = last.role is Role.ASSISTANT and not last.tool_calls and not own(last.provider_data, context.owner)
    if not begun or for_model(context.quirks.prefill, model):
        return messages
    refuse("assistant message at the end", "the model does not go on with an answer that the caller began")
    return messages[:-1]


# --- what the model said ---------------------------------------------------------------------------------------------


def _assistant(message: Message, context: Context, refuse: Refuse) -> list[Block]:
    said = text_blocks(message.content, "an assistant's message", context.quirks, refuse)
    fresh = [*said, *(_tool_use(call, context.owner) for call in message.tool_calls)]
    kept = _kept(message, context)
    if kept is not None and _still_fits(kept, message, context):
        fresh = _with_mark(kept, message, context, refuse)
    elif kept is not None:
        # The text or the calls are no longer the model's own: only its thinking still is.
        fresh = [*(block for block in kept if block.get("type") in THINKING), *fresh]
    if message.refusal:
        fresh.append({"type": "text", "text": message.refusal})
    return fresh


def _kept(message: Message, context: Context) -> list[Block] | None:
    """Return the model's own blocks; thinking that was cut off has no signature, and would be refused."""
    blocks = own(message.provider_data, context.owner).get("content")
    if not isinstance(blocks, list | tuple):
        return None
    unsigned = context.quirks.signed_thinking
    return [
        block for block in blocks if not (unsigned and block.get("type") == "thinking" and not block.get("signature"))
    ]


def _still_fits(blocks: Iterable[Block], message: Message, context: Context) -> bool:
    """Return whether the blocks say what the message says; what the user put in by hand is taken as it is."""
    if "content" in (message.provider_data or {}).get("*", {}) and context.owner not in (message.provider_data or {}):
        return True
    text = "".join([part.text for part in message.content if isinstance(part, Text | Json)])
    calls = [(call.id, call.name, _input(call)) for call in message.tool_calls]
    return (
        text == "".join([block.get("text") or "" for block in blocks if block.get("type") == "text"])
    ) and calls == [
        (block.get("id"), block.get("name"), block.get("input") or {})
        for block in blocks
        if block.get("type") == "tool_use"
    ]


def _with_mark(blocks: list[Block], message: Message, context: Context, refuse: Refuse) -> list[Block]:
    """Return the model's own blocks with the mark for the cache that the user put on the message's text."""
    cache = next((part.cache for part in reversed(message.content) if part.cache is not None), None)
    last = max((place for place, block in enumerate(blocks) if block.get("type") == "text"), default=None)
    if cache is None or last is None:
        return blocks
    return [*blocks[:last], marked(blocks[last], cache, context.quirks, refuse), *blocks[last + 1 :]]


def _tool_use(call: ToolCall, owner: str) -> Block:
    return {
        "type": "tool_use",
        "id": _id(call.id),
        "name": call.name,
        "input": _input(call),
        **own(call.provider_data, owner),
    }


def _input(call: ToolCall) -> dict[str, Any]:
    """Return a call's arguments as the object that the API wants; a text that is none goes as the vendor advises.

    Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    try:
        value = json.loads(call.arguments_json or "{}")
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"INVALID_JSON": call.arguments_json}


def _id(call_id: str | None) -> str:
    """Return a call's id in the letters that the API takes; other providers put dots and colons into theirs."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call_id or "")


# --- what a tool said ------------------------------------------------------------------------------------------------


def _result(message: Message, context: Context, refuse: Refuse) -> Block:
    wire: Block = {"type": "tool_result", "tool_use_id": _id(message.tool_call_id)}
    blocks = blocks_of(message.content, context.quirks, refuse)
    if blocks and "cache_control" in blocks[-1]:
        # Up to the end of its last part is up to the end of the result.
        wire["cache_control"] = blocks[-1]["cache_control"]
        blocks[-1] = {key: value for key, value in blocks[-1].items() if key != "cache_control"}
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        wire["content"] = blocks[0]["text"]
    elif blocks:
        wire["content"] = blocks
    if message.is_error:
        wire["is_error"] = True
    return wire
