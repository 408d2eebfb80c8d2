"""The answer of POST /v1/messages as a response, and what it shares with a stream.

Sources: https://platform.claude.com/docs/en/api/messages/create,
https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons,
https://platform.claude.com/docs/en/build-with-claude/citations

Blocks of unknown kinds, such as those of tools that the provider runs, are not part of the text; they are kept on the
message and go back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.anthropic.usage import decode_usage
from ai_lib.providers.reading import check_object, finish_table, missing_field, read_call, single_answer
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, FinishReason
from ai_lib.types.tool import ToolCall

__all__ = [
    "call_id", "decode", "decode_call_data", "decode_citation", "decode_finish", "decode_provider_data",
    "decode_refusal", "is_error",
]  # fmt: skip

_FINISH_REASONS = finish_table(
    stop="end_turn stop_sequence pause_turn",
    length="max_tokens model_context_window_exceeded",
    tool_calls="tool_use",
    content_filter="refusal",
)
# Blocks that `Message` holds completely; a message with any other must bring all its blocks back unchanged.
_PLAIN = frozenset({"text", "tool_use"})
# Fields of a call that `ToolCall` holds, or that the request sets anew.
_CALL_FIELDS = frozenset({"type", "id", "name", "input", "cache_control"})
# The caller of a call that the model itself makes, which is the default.
_DIRECT = {"type": "direct"}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, and anything else that is no message, raises."""
    check_object(payload)
    if is_error(payload):
        raise context.fail(payload)
    content = payload.get("content")
    if content is None and payload.get("type") == "message":
        content = []
    if not isinstance(content, list):
        raise missing_field(payload, "content", "a Messages API", code="no_content")
    finish, message = decode_finish(payload), _decode_message(content, payload, context)
    return single_answer(payload, context, finish, message, decode_usage(payload.get("usage")), facts)


def _decode_message(content: list[Any], payload: Mapping[str, Any], context: Context) -> Message:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    citations: list[Citation] = []
    for block in content:
        kind = block.get("type")
        if kind == "text":
            texts.append(block.get("text") or "")
            for citation in map(decode_citation, block.get("citations") or ()):
                if citation not in citations:
                    citations.append(citation)
        elif kind == "thinking":
            thoughts.append(block.get("thinking") or "")
        elif kind == "tool_use":
            name, arguments = block.get("name"), arguments_text(block.get("input"))
            data = decode_call_data(block, context.owner)
            name = name if isinstance(name, str) else ""
            calls.append(read_call(call_id(block), name, arguments, len(calls), payload.get("id") or None, data))
    return Message(
        role=Role.ASSISTANT,
        content="".join(texts) or None,
        tool_calls=calls,
        reasoning="".join(thoughts) or None,
        refusal=decode_refusal(payload) or None,
        citations=citations,
        provider_data=decode_provider_data(content, context.owner),
    )


def is_error(payload: Mapping[str, Any]) -> bool:
    """Return whether a 200 body, or an event, is an error object: that of this API, or that of MiniMax."""
    base = payload.get("base_resp")
    return bool(
        payload.get("type") == "error"
        or payload.get("error") is not None
        or (isinstance(base, Mapping) and base.get("status_code"))
    )


def decode_finish(wire: Mapping[str, Any]) -> tuple[FinishReason | None, str | None]:
    """Return the finish reason, and the provider's own word for it."""
    raw = wire.get("stop_reason") or None
    return _FINISH_REASONS.get(raw) if raw else None, raw


def decode_refusal(wire: Mapping[str, Any]) -> str | None:
    """Return why the model refused to answer, where the provider explains it."""
    details = wire.get("stop_details") if wire.get("stop_reason") == "refusal" else None
    explanation = details.get("explanation") if isinstance(details, Mapping) else None
    return explanation if isinstance(explanation, str) else None


def decode_provider_data(blocks: Iterable[Mapping[str, Any]], owner: str) -> dict[str, Any] | None:
    """Return the blocks of an answer that must come back unchanged, under their owner; None where none has to."""
    content = list(blocks)
    return {owner: {"content": content}} if any(block.get("type") not in _PLAIN for block in content) else None


def decode_call_data(block: Mapping[str, Any], owner: str) -> dict[str, Any] | None:
    """Return the other fields that a call must bring back, under their owner, such as the code that made it."""
    extra = {
        key: value for key, value in block.items() if key not in _CALL_FIELDS and value is not None and value != _DIRECT
    }
    return {owner: extra} if extra else None


def call_id(block: Mapping[str, Any]) -> str | None:
    """Return the id of a call as a string; None for "" and null."""
    value = block.get("id")
    return str(value) if value else None


def decode_citation(wire: Any) -> Citation:
    """Return a citation of any kind: a place in a document, a web page, a search result."""
    url, source = wire.get("url"), wire.get("source")
    if not url and isinstance(source, str) and source.startswith(("https://", "http://")):
        url = source
    return Citation(url, wire.get("title") or wire.get("document_title"), data=wire, cited_text=wire.get("cited_text"))
