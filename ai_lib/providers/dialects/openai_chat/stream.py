"""The events of a streamed chat completion as chunks.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_chat.decode import (
    decode_call,
    decode_citations,
    decode_content,
    decode_finish,
    decode_logprobs,
    decode_provider_data,
    is_error,
    list_calls,
)
from ai_lib.providers.dialects.openai_chat.reasoning import decode_reasoning, split_think_tags_in_stream
from ai_lib.providers.dialects.openai_chat.usage import decode_usage
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.utils import json

__all__ = ["decode_stream"]

_ROLE_AND_TEXT = {"role", "content"}


def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from its events, whose end is `[DONE]` or the finish reason of every choice."""
    chunks = _decode_events(events, context)
    return split_think_tags_in_stream(chunks) if context.quirks.think_tags else chunks


def _decode_events(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    finished: dict[int, bool] = {}
    for data in events:
        if data.startswith("[DONE]"):
            return
        # Not the wrapper of `reading` that the other dialects use: a second generator costs a tenth of a text chunk.
        try:
            payload = json.loads(data)
            choices = payload.get("choices")
            if choices and len(choices) == 1 and (chunk := _decode_text(choices[0], payload)) is not None:
                if chunk.index not in finished:
                    finished[_check_index(chunk.index)] = False
                yield chunk
                continue
            for chunk in _decode_event(payload, choices, context):
                if choices:
                    finished[chunk.index] = finished.get(chunk.index, False) or bool(chunk.raw_finish_reason)
                yield chunk
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as exc:
            # Not JSON, or a value of another kind than the dialect promises, such as a number for an object.
            raise InvalidResponseError(
                f"malformed event in the stream: {type(exc).__name__}: {exc}", code="malformed_event"
            ) from exc
    if not finished or not all(finished.values()):
        raise StreamInterruptedError("the stream ended without [DONE] and without a finish reason")


def _decode_text(choice: Any, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
    """Return the chunk of an event that adds text and nothing else, as nearly all do; None for any other event."""
    try:
        delta = choice["delta"]
        text = delta["content"]
    except (KeyError, TypeError):
        return None
    if (
        text.__class__ is not str
        or (len(delta) > 1 and delta.keys() != _ROLE_AND_TEXT)
        or choice.get("finish_reason")
        or choice.get("logprobs")
        or payload.get("usage")
        or payload.get("x_groq")
        or payload.get("citations")
        or payload.get("error")
    ):
        return None
    # By position, in the order of the class: keywords would cost as much again as the object itself.
    return ChatCompletionChunk(
        text, "", (), None, None, choice.get("index") or 0, None, "", (), None, None,
        payload.get("id"), payload.get("model"), payload,
    )  # fmt: skip


def _decode_event(payload: Mapping[str, Any], choices: Any, context: Context) -> Iterator[ChatCompletionChunk]:
    if is_error(payload):
        raise context.fail(payload)
    usage = decode_usage(payload.get("usage") or (payload.get("x_groq") or {}).get("usage"))
    citations = decode_citations(payload.get("citations"))
    common: dict[str, Any] = {"id": payload.get("id"), "model": payload.get("model"), "raw": payload}
    if not choices:
        # Azure's first event (prompt_filter_results) and the usage event: no choice, but nothing may be lost.
        yield ChatCompletionChunk(usage=usage, citations=tuple(citations), **common)
        return
    for choice in choices:
        if choice.get("error"):
            raise context.fail(choice)
        # A choice without a delta: legacy completions (`text`), a whole message, or Azure's filter results.
        delta = choice.get("delta")
        if delta is None:
            delta = choice.get("message") or {"content": choice.get("text")}
        text, thinking, references = decode_content(delta.get("content"))
        finish, raw_finish = decode_finish(choice.get("finish_reason"))
        refusal = delta.get("refusal")
        yield ChatCompletionChunk(
            text=text,
            reasoning=decode_reasoning(delta, thinking),
            tool_calls=tuple([_decode_tool_call(call, context) for call in list_calls(delta)]),
            finish_reason=finish,
            raw_finish_reason=raw_finish,
            index=_check_index(choice.get("index") or 0),
            usage=usage or decode_usage(choice.get("usage")),
            refusal=refusal if isinstance(refusal, str) else "",
            citations=(*decode_citations(delta.get("annotations")), *citations, *references),
            logprobs=decode_logprobs(choice),
            provider_data=decode_provider_data(delta, context),
            **common,
        )


def _decode_tool_call(call: Mapping[str, Any], context: Context) -> ToolCallDelta:
    call_id, name, arguments, data = decode_call(call, context)
    if arguments is not None and not isinstance(arguments, str):
        arguments = json.dumps(arguments).decode()
    index = None if call.get("index") is None else _check_index(call["index"])
    return ToolCallDelta(index, call_id, name or None, arguments or "", data)


def _check_index(index: Any) -> int:
    if not isinstance(index, int):
        raise TypeError(f"an index must be an integer, not {index!r}")
    return index
