"""The answer of POST /v1/messages, and of GET /v1/models, as our values.

Sources: https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons,
https://platform.claude.com/docs/en/build-with-claude/citations, https://platform.claude.com/docs/en/api/models/list

Blocks of kinds that are not known here, such as those of tools that run on the provider's side, are no part of the
text; they are kept on the message and go back with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.anthropic.usage import usage_of
from ai_lib.providers.reading import check_object, count, first_count, listed, usage_facts
from ai_lib.types.fold import arguments_text, made_up_id
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall

__all__ = [
    "FINISH",
    "PLAIN",
    "citation_of",
    "decode",
    "decode_models",
    "id_of",
    "is_error",
    "kept",
    "kept_of_call",
    "next_page",
    "refusal_of",
]

FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Our words for why an answer ended."""

PLAIN = frozenset({"text", "tool_use"})
"""Blocks that our fields hold whole; a message with any other must bring all its blocks back unchanged."""
# Fields of a call that our fields hold, and the one that says the model itself asks, which needs no saying.
_OF_CALL = frozenset({"type", "id", "name", "input", "cache_control"})
_DIRECT = {"type": "direct"}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: It is not a message.
    """
    check_object(payload)
    if is_error(payload):
        raise context.fail(payload)
    content = payload.get("content")
    if content is None and payload.get("type") == "message":
        content = []
    if not isinstance(content, list):
        raise InvalidResponseError(
            f"the answer has no content; its keys are: {', '.join(map(str, payload)) or 'none'}",
            code="no_content",
            hint="Check that base_url is that of a Messages API",
        )
    response_id = payload.get("id") or None
    reason = payload.get("stop_reason") or None
    usage = usage_of(payload.get("usage"))
    choice = Choice(
        message=_message(content, refusal_of(payload), response_id, context),
        finish_reason=FINISH.get(reason) if reason else None,
        raw_finish_reason=reason,
    )
    return ChatCompletionResponse(
        id=response_id,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(choice,),
        **usage_facts(usage),
        raw=payload,
        **facts,
    )


def is_error(payload: Mapping[str, Any]) -> bool:
    """Return whether a 200 body, or an event, is an error object: this API's own, or one of MiniMax."""
    base = payload.get("base_resp")
    return bool(
        payload.get("type") == "error"
        or payload.get("error") is not None
        or (isinstance(base, Mapping) and base.get("status_code"))
    )


def refusal_of(wire: Mapping[str, Any]) -> str | None:
    """Return why the model would not answer, where the provider explains it."""
    details = wire.get("stop_details")
    told = details.get("explanation") if isinstance(details, Mapping) and wire.get("stop_reason") == "refusal" else None
    return told if isinstance(told, str) else None


@attrs.define
class _Reading:
    """What the blocks of an answer say."""

    response_id: str | None
    owner: str
    text: list[str] = attrs.field(factory=list)
    reasoning: list[str] = attrs.field(factory=list)
    calls: list[ToolCall] = attrs.field(factory=list)
    citations: list[Citation] = attrs.field(factory=list)

    def add_text(self, block: Mapping[str, Any]) -> None:
        self.text.append(block.get("text") or "")
        for wire in block.get("citations") or ():
            citation = citation_of(wire)
            if citation not in self.citations:
                self.citations.append(citation)

    def add_thinking(self, block: Mapping[str, Any]) -> None:
        self.reasoning.append(block.get("thinking") or "")

    def add_call(self, block: Mapping[str, Any]) -> None:
        if not isinstance(block.get("name"), str) or not block["name"]:
            raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
        self.calls.append(
            ToolCall(
                id_of(block) or made_up_id(self.response_id, len(self.calls)),
                block["name"],
                arguments_text(block.get("input")),
                provider_data=kept_of_call(block, self.owner),
            )
        )


_READERS: dict[str, Callable[[_Reading, Mapping[str, Any]], None]] = {
    "text": _Reading.add_text,
    "thinking": _Reading.add_thinking,
    "tool_use": _Reading.add_call,
}


def _message(content: list[Any], refusal: str | None, response_id: str | None, context: Context) -> Message:
    found = _Reading(response_id, context.owner)
    for block in content:
        read = _READERS.get(block.get("type"))
        if read is not None:
            read(found, block)
    return Message(
        role=Role.ASSISTANT,
        content="".join(found.text) or None,
        tool_calls=found.calls,
        reasoning="".join(found.reasoning) or None,
        refusal=refusal or None,
        citations=found.citations,
        provider_data=kept(content, context.owner),
    )


def kept(blocks: Iterable[Mapping[str, Any]], owner: str) -> dict[str, Any] | None:
    """Return the blocks to send back unchanged, under their owner, where there are others than text and calls."""
    content = list(blocks)
    opaque = any(block.get("type") not in PLAIN for block in content)
    return {owner: {"content": content}} if opaque else None


def kept_of_call(block: Mapping[str, Any], owner: str) -> dict[str, Any] | None:
    """Return what a call must bring back beside its own fields, such as the code that made it."""
    own = {key: value for key, value in block.items() if key not in _OF_CALL and value is not None and value != _DIRECT}
    return {owner: own} if own else None


def id_of(block: Mapping[str, Any]) -> str | None:
    """Return a call's id; "" and null are none, and a number is as good as its text."""
    found = block.get("id")
    return str(found) if found else None


def citation_of(wire: Any) -> Citation:
    """Return a citation of any kind: a place in a document, a page found on the web, a result of a search."""
    url, source = wire.get("url"), wire.get("source")
    if not url and isinstance(source, str) and source.startswith(("https://", "http://")):
        url = source
    return Citation(url, wire.get("title") or wire.get("document_title"), data=wire, cited_text=wire.get("cited_text"))


# --- models -----------------------------------------------------------------------------------------------------------


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of one page.

    Raises:
        AiLibError: The payload is an error object, or not a list of models.
    """
    return [_model(entry, context.provider) for entry in listed(payload, context, "data") if entry.get("id")]


def next_page(payload: Any) -> Mapping[str, str] | None:
    """Return what to ask for the next page of models, or None at the end."""
    last = payload.get("last_id") if isinstance(payload, Mapping) and payload.get("has_more") is True else None
    return {"after_id": last} if last and isinstance(last, str) else None


def _model(entry: Mapping[str, Any], provider: str) -> ModelInfo:
    return ModelInfo(
        entry["id"],
        provider,
        _seconds(entry.get("created_at")) or count(entry.get("created")),
        entry.get("owned_by"),
        name=entry.get("display_name"),
        context_window=first_count(entry.get("max_input_tokens")),
        max_output_tokens=first_count(entry.get("max_tokens")),
        raw=entry,
    )


def _seconds(moment: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(moment).timestamp()) if isinstance(moment, str) else None
    except (ValueError, OverflowError):
        return None
