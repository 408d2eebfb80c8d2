"""Messages as system blocks and turns.

Neighbours of one role become one turn, so that all results of the calls of a turn are in one message.
Source: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.bedrock_converse.parts import (
    Block,
    encode_cache_point,
    encode_part,
    is_server_call,
    is_unsigned,
    text_of_block,
)
from ai_lib.providers.reading import encode_arguments, match_model, owned_data, short_id
from ai_lib.types.content import Audio, Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode_messages"]


def encode_messages(
    request: ChatCompletionRequest, context: Context, refuse: Refuse
) -> tuple[list[Block], list[Block]]:
    """Return the system blocks, and the turns."""
    system: list[Block] = []
    turns: list[Block] = []
    names: set[str] = set()
    for message in request.messages:
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "messages have no names")
        role = "user"
        if message.role is Role.SYSTEM:
            system += _encode_text(message, "a system message", refuse)
            continue
        if message.role is Role.TOOL:
            blocks = _encode_result(message, names, request.model, context, refuse)
        elif message.role is Role.ASSISTANT:
            role, blocks = "assistant", _encode_answer(message, request.model, context, refuse)
        else:
            blocks = [block for part in message.content for block in encode_part(part, names, refuse)]
        if blocks and turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns:
        raise InvalidRequestError("messages must not consist of system messages only; add one, such as Message.user()")
    return system, turns


def _encode_text(message: Message, where: str, refuse: Refuse) -> list[Block]:
    blocks: list[Block] = []
    for part in message.content:
        if isinstance(part, Text | Json):
            blocks += encode_part(part, set(), refuse)
        else:
            refuse(f"{type(part).__name__.lower()} content", f"{where} is text")
    return blocks


def _encode_answer(message: Message, model: str | None, context: Context, refuse: Refuse) -> list[Block]:
    """Return the blocks of an assistant message: those it came with, as long as they say what the message says."""
    blocks = _encode_text(message, "an assistant message", refuse)
    if message.refusal:
        blocks.append({"text": message.refusal})
    for call in message.tool_calls:
        call_id = _encode_call_id(call.id, model, context)
        blocks.append({"toolUse": {"toolUseId": call_id, "name": call.name, "input": encode_arguments(call)}})
    # The API rejects blocks without text, and reasoning without a signature.
    original = owned_data(message.provider_data, context.owner).get("content", ())
    kept = [block for block in original if block.get("text") != "" and not is_unsigned(block)]
    if not kept:
        return blocks
    if _text_and_calls(kept) == _text_and_calls(blocks):
        return [*kept, *[block for block in blocks if "cachePoint" in block]]
    # The user changed the message: a signature covers its own block only, so the reasoning may still go back.
    return [*[block for block in kept if "reasoningContent" in block], *blocks]


def _text_and_calls(blocks: Iterable[Mapping[str, Any]]) -> tuple[str, list[tuple[Any, Any, Any]]]:
    calls = [block["toolUse"] for block in blocks if "toolUse" in block and not is_server_call(block)]
    return (
        "".join([text_of_block(block) for block in blocks]),
        [(call.get("toolUseId"), call.get("name"), call.get("input")) for call in calls],
    )


def _encode_result(
    message: Message, names: set[str], model: str | None, context: Context, refuse: Refuse
) -> list[Block]:
    content: list[Block] = []
    for part in message.content:
        if isinstance(part, Json) and isinstance(part.value, Mapping):
            content.append({"json": part.value})
        elif isinstance(part, Audio):
            refuse("media in a tool's result", "it may hold images and documents, but no audio")
        else:  # a cache point must follow the result, and not stand inside
            content += encode_part(attrs.evolve(part, cache=None), names, refuse)
    result: Block = {"toolUseId": _encode_call_id(message.tool_call_id or "", model, context), "content": content}
    if message.is_error and match_model(context.quirks.tool_status, model):
        result["status"] = "error"
    marks = [part.cache for part in message.content if part.cache is not None]
    return [{"toolResult": result}, *encode_cache_point(marks[-1] if marks else None)]


def _encode_call_id(call_id: str, model: str | None, context: Context) -> str:
    """Return the id of a call in the form that the model accepts; the same for call and result."""
    if match_model(context.quirks.short_ids, model) or not re.fullmatch(r"[a-zA-Z0-9_.:-]{1,64}", call_id):
        return short_id(call_id)
    return call_id
