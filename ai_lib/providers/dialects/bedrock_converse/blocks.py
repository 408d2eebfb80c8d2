"""Our messages as turns of blocks.

Neighbours of one role become one turn, so that all results of a turn's calls stand in one message. A block without
content is left out, for the API refuses it and nothing is lost.
Source: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.bedrock_converse.media import media_block
from ai_lib.providers.reading import encode_arguments, match_model, owned_data, short_id
from ai_lib.types.content import Audio, CacheTime, Json, Part, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.tool import ToolCall

__all__ = ["Job", "cache_point", "is_opaque", "is_servers", "messages_of", "system_of", "text_in"]

Block = dict[str, Any]
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")


@attrs.frozen
class Job:
    """What the writing of one request needs everywhere.

    Args:
        model: The model.
        context: The provider.
        refuse: Called for what has no form.
        names: The names of documents so far.
    """

    model: str | None
    context: Context
    refuse: Refuse
    names: set[str] = attrs.field(factory=set)

    def call_id(self, call_id: str) -> str:
        """Return an id of a tool call as the model takes it; the same for call and result."""
        if match_model(self.context.quirks.short_ids, self.model) or not _ID.fullmatch(call_id):
            return short_id(call_id)
        return call_id


def cache_point(time: CacheTime | None) -> list[Block]:
    """Return the block that ends what is to be cached; five minutes are the default and understood by every model."""
    if time is None:
        return []
    return [{"cachePoint": {"type": "default", **({"ttl": time} if time != "5m" else {})}}]


def system_of(messages: Iterable[Message], job: Job) -> list[Block]:
    """Return the blocks of all system messages, which stand above the conversation."""
    blocks: list[Block] = []
    for message in messages:
        if message.role is Role.SYSTEM:
            _check_name(message, job)
            blocks += _texts(message, "a system message", job)
    return blocks


def messages_of(messages: Iterable[Message], job: Job) -> list[Block]:
    """Return the turns of the conversation.

    Raises:
        InvalidRequestError: There are none.
    """
    turns: list[Block] = []
    for message in messages:
        if message.role is Role.SYSTEM:
            continue
        role, blocks_of = _ROLES[message.role]
        blocks = blocks_of(message, job)
        if blocks and turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns:
        raise InvalidRequestError("messages must hold something beside system messages, such as Message.user(...)")
    return turns


def _user(message: Message, job: Job) -> list[Block]:
    _check_name(message, job)
    return [block for part in message.content for block in _part(part, job)]


def _assistant(message: Message, job: Job) -> list[Block]:
    _check_name(message, job)
    ours = _texts(message, "an assistant message", job)
    if message.refusal:
        ours.append({"text": message.refusal})
    ours += [_tool_use(call, job) for call in message.tool_calls]
    kept = [
        block for block in owned_data(message.provider_data, job.context.owner).get("content", ()) if _may_return(block)
    ]
    if not kept:
        return ours
    if _said(kept) == _said(ours):
        return [*kept, *[block for block in ours if "cachePoint" in block]]
    # The user changed the message: a signature covers its own block only, everything else is as it says now.
    return [*[block for block in kept if "reasoningContent" in block], *ours]


def _tool(message: Message, job: Job) -> list[Block]:
    content: list[Block] = []
    for part in message.content:
        if isinstance(part, Json) and isinstance(part.value, Mapping):
            content.append({"json": part.value})
        elif isinstance(part, Audio):
            job.refuse("media in a tool's result", "it may hold images and documents, but no sound")
        else:
            content += _part(attrs.evolve(part, cache=None), job)
    result: Block = {"toolUseId": job.call_id(message.tool_call_id or ""), "content": content}
    if message.is_error and match_model(job.context.quirks.tool_status, job.model):
        result["status"] = "error"
    marks = [part.cache for part in message.content if part.cache is not None]
    return [{"toolResult": result}, *cache_point(marks[-1] if marks else None)]


_ROLES: dict[Role, tuple[str, Callable[[Message, Job], list[Block]]]] = {
    Role.USER: ("user", _user),
    Role.ASSISTANT: ("assistant", _assistant),
    Role.TOOL: ("user", _tool),
}


def _check_name(message: Message, job: Job) -> None:
    if message.name is not None:
        job.refuse("name", "messages have no name")


def _texts(message: Message, where: str, job: Job) -> list[Block]:
    blocks: list[Block] = []
    for part in message.content:
        if isinstance(part, Text | Json):
            blocks += _part(part, job)
        else:
            job.refuse(f"{type(part).__name__.lower()} content", f"{where} is text")
    return blocks


def _part(part: Part, job: Job) -> list[Block]:
    block: Block | None
    if isinstance(part, Text | Json):
        block = {"text": part.text} if part.text else None
    else:
        block = media_block(part, job.names, job.refuse)
    return [block, *cache_point(part.cache)] if block is not None else []


def _tool_use(call: ToolCall, job: Job) -> Block:
    return {"toolUse": {"toolUseId": job.call_id(call.id), "name": call.name, "input": encode_arguments(call)}}


# --- what came from the provider and goes back ------------------------------------------------------------------


def is_opaque(block: Mapping[str, Any]) -> bool:
    """Return whether a block must come back as it is: signed or hidden reasoning, and what server tools did."""
    if "reasoningContent" in block:
        return not _unsigned(block["reasoningContent"])
    return is_servers(block) or "toolResult" in block


def is_servers(block: Mapping[str, Any]) -> bool:
    """Return whether a block is a call that the provider runs itself."""
    return "toolUse" in block and (block["toolUse"] or {}).get("type") == "server_tool_use"


def _unsigned(reasoning: Any) -> bool:
    return not reasoning or ("reasoningText" in reasoning and not (reasoning["reasoningText"] or {}).get("signature"))


def _may_return(block: Mapping[str, Any]) -> bool:
    if "reasoningContent" in block:
        return not _unsigned(block["reasoningContent"])
    return block.get("text") != ""


def text_in(block: Mapping[str, Any]) -> str:
    """Return the answer's text in a block."""
    cited = block.get("citationsContent")
    if cited is not None:
        return "".join([item.get("text") or "" for item in cited.get("content") or ()])
    return block.get("text") or ""


def _said(blocks: Iterable[Mapping[str, Any]]) -> tuple[str, list[tuple[Any, Any, Any]]]:
    """Return the text and the calls of blocks, to see whether a message is still what the provider sent."""
    calls = [block["toolUse"] for block in blocks if "toolUse" in block and not is_servers(block)]
    return (
        "".join([text_in(block) for block in blocks]),
        [(call.get("toolUseId"), call.get("name"), call.get("input")) for call in calls],
    )
