"""The events of a streamed chat completion as chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_chat.decode import (
    call_parts,
    citations_of,
    detailed_reasoning,
    finish_of,
    id_of,
    kept,
    kept_of_call,
    logprobs_of,
    looks_like_error,
    split_content,
)
from ai_lib.providers.dialects.openai_chat.quirks import REASONING_TEXT
from ai_lib.providers.dialects.openai_chat.usage import usage_of
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.utils import json

__all__ = ["decode_stream"]

_ROLE_AND_TEXT = {"role", "content"}
_OPEN, _CLOSE = "<think>", "</think>"


def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream.

    Args:
        events: The data of each event, in order.
        context: The provider.

    Raises:
        AiLibError: An event is an error object.
        InvalidResponseError: An event is not JSON.
        StreamInterruptedError: The events end without `[DONE]` and without a finish reason for every choice.
    """
    chunks = _decoded(events, context)
    return _without_think_tags(chunks) if context.quirks.think_tags else chunks


def _decoded(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    finished: dict[int, bool] = {}
    for data in events:
        if data.startswith("[DONE]"):
            return
        try:
            payload = json.loads(data)
            choices = payload.get("choices")
            if choices and len(choices) == 1 and (chunk := _plain_text(choices[0], payload)) is not None:
                if chunk.index not in finished:
                    finished[_index(chunk.index)] = False
                yield chunk
                continue
            for chunk in _chunks(payload, choices, context):
                if choices:
                    finished[chunk.index] = finished.get(chunk.index, False) or bool(chunk.raw_finish_reason)
                yield chunk
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as exc:
            # Not JSON, or a value of another kind than the dialect promises, such as a number for an object.
            raise InvalidResponseError(
                f"an event of the stream is not formed as promised: {type(exc).__name__}: {exc}", code="malformed_event"
            ) from exc
    if not finished or not all(finished.values()):
        raise StreamInterruptedError("the stream ended without [DONE] and without a finish reason")


def _plain_text(choice: Any, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
    """Return the chunk of an event that adds text and nothing else, or None when it has more to say."""
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


def _chunks(payload: Mapping[str, Any], choices: Any, context: Context) -> Iterator[ChatCompletionChunk]:
    if looks_like_error(payload):
        raise context.fail(payload)
    usage = usage_of(payload.get("usage") or (payload.get("x_groq") or {}).get("usage"))
    citations = tuple(citations_of(payload.get("citations")))
    common: dict[str, Any] = {"id": payload.get("id"), "model": payload.get("model"), "raw": payload}
    if not choices:
        # Azure's first event (prompt_filter_results) and the usage event: no choice, but nothing may be lost.
        yield ChatCompletionChunk(usage=usage, citations=citations, **common)
        return
    for choice in choices:
        if choice.get("error"):
            raise context.fail(choice)
        yield _chunk(choice, usage or usage_of(choice.get("usage")), citations, common, context)


def _chunk(
    choice: Mapping[str, Any], usage: Any, citations: tuple[Any, ...], common: dict[str, Any], context: Context
) -> ChatCompletionChunk:
    # A choice without a delta: legacy completions (`text`), a whole message, or Azure's filter results.
    delta = choice.get("delta")
    if delta is None:
        delta = choice.get("message") or {"content": choice.get("text")}
    text, thought, references = split_content(delta.get("content"))
    reasoning = next((value for field in REASONING_TEXT if isinstance(value := delta.get(field), str)), "") + thought
    finish, raw_finish = finish_of(choice.get("finish_reason"))
    calls = delta.get("tool_calls") or ()
    if isinstance(delta.get("function_call"), Mapping) and not calls:
        calls = [{"index": 0, "function": delta["function_call"]}]
    return ChatCompletionChunk(
        text=text,
        reasoning=reasoning or detailed_reasoning(delta.get("reasoning_details")),
        tool_calls=tuple([_tool_call(call, context) for call in calls]),
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        index=_index(choice.get("index") or 0),
        usage=usage,
        refusal=refusal if isinstance(refusal := delta.get("refusal"), str) else "",
        citations=(*citations_of(delta.get("annotations")), *citations, *references),
        logprobs=logprobs_of(choice),
        provider_data=kept(delta, context),
        **common,
    )


def _tool_call(call: Mapping[str, Any], context: Context) -> ToolCallDelta:
    name, arguments = call_parts(call)
    if arguments is not None and not isinstance(arguments, str):
        arguments = json.dumps(arguments).decode()
    index = call.get("index")
    return ToolCallDelta(
        None if index is None else _index(index),
        id_of(call),
        name or None,
        arguments or "",
        kept_of_call(call, context),
    )


def _index(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(f"an index is a whole number, not {value!r}")
    return value


def _without_think_tags(chunks: Iterable[ChatCompletionChunk]) -> Iterator[ChatCompletionChunk]:
    tags: dict[int, _ThinkTags] = {}
    for chunk in chunks:
        yield tags.setdefault(chunk.index, _ThinkTags()).split(chunk)
    for index, of_choice in tags.items():
        reasoning, text = of_choice.rest()
        if reasoning or text:
            yield ChatCompletionChunk(text=text, reasoning=reasoning, index=index)


@attrs.define
class _ThinkTags:
    """Moves text between <think> and </think> at the start of an answer to `reasoning`, whatever the cuts."""

    state: str = "start"
    held: str = ""

    def split(self, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
        if self.state == "text" or not chunk.text:
            return chunk
        reasoning, text = self._take(chunk.text)
        return attrs.evolve(chunk, text=text, reasoning=chunk.reasoning + reasoning)

    def _take(self, piece: str) -> tuple[str, str]:
        held = self.held + piece
        self.held = ""
        if self.state == "start":
            body = held.lstrip()
            if body != _OPEN and _OPEN.startswith(body):
                self.held = held
                return "", ""
            if not body.startswith(_OPEN):
                self.state = "text"
                return "", held
            self.state, held = "thinking", body.removeprefix(_OPEN)
        if self.state == "gap":
            text = held.lstrip()
            self.state = "text" if text else "gap"
            return "", text
        thought, closed, text = held.partition(_CLOSE)
        if closed:
            self.state = "text" if text.lstrip() else "gap"
            return thought, text.lstrip()
        keep = next((size for size in range(min(len(_CLOSE), len(held)), 0, -1) if _CLOSE.startswith(held[-size:])), 0)
        self.held = held[len(held) - keep :]
        return held[: len(held) - keep], ""

    def rest(self) -> tuple[str, str]:
        """Return the thinking and the text still held back when the stream ends."""
        return (self.held, "") if self.state == "thinking" else ("", self.held)
