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
    kept,
    kept_of_call,
    looks_like_error,
    split_content,
    usage_of,
)
from ai_lib.providers.dialects.openai_chat.quirks import REASONING_TEXT
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.utils import json

__all__ = ["decode_stream"]

# The keys of a delta that only adds text; by far the most events have these alone.
_TEXT_ONLY = ({"content"}, {"role", "content"})
# Keys beside `choices` that make an event more than that.
_NEWS = ("usage", "x_groq", "citations", "error")


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
    tags = _ThinkTags() if context.quirks.think_tags else None
    finished: dict[int, bool] = {}
    for data in events:
        if data.startswith("[DONE]"):
            if tags is not None and (rest := tags.flush()) is not None:
                yield rest
            return
        try:
            payload = json.loads(data)
            choices = payload["choices"]
        except ValueError as exc:
            raise InvalidResponseError(f"an event of the stream is not JSON: {exc}", code="malformed_event") from exc
        except (KeyError, TypeError):
            choices = None
        if choices and len(choices) == 1:
            chunk = _plain_text(choices[0], payload)
            if chunk is not None:
                yield chunk if tags is None else tags.split(chunk)
                finished.setdefault(chunk.index, False)
                continue
        for chunk in _chunks(payload, choices, context):
            if choices:
                finished[chunk.index] = finished.get(chunk.index, False) or bool(chunk.raw_finish_reason)
            yield chunk if tags is None else tags.split(chunk)
    if tags is not None and (rest := tags.flush()) is not None:
        yield rest
    if not finished or not all(finished.values()):
        raise StreamInterruptedError("the stream ended without [DONE] and without a finish reason")


def _plain_text(choice: Any, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
    """Return the chunk of an event that adds text and nothing else, or None when it has more to say."""
    try:
        delta = choice["delta"]
        if delta.keys() not in _TEXT_ONLY or choice.get("finish_reason") or choice.get("logprobs"):
            return None
        text = delta["content"]
    except (KeyError, AttributeError, TypeError):
        return None
    if text.__class__ is not str or any([payload.get(key) for key in _NEWS]):
        return None
    return ChatCompletionChunk(
        text, index=choice.get("index") or 0, id=payload.get("id"), model=payload.get("model"), raw=payload
    )


def _chunks(payload: Any, choices: Any, context: Context) -> Iterator[ChatCompletionChunk]:
    if not isinstance(payload, Mapping):
        raise InvalidResponseError("an event of the stream is not a JSON object", code="malformed_event")
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
        index=choice.get("index") or 0,
        usage=usage,
        refusal=delta.get("refusal") or "",
        citations=(*citations_of(delta.get("annotations")), *citations, *references),
        logprobs=choice.get("logprobs") or None,
        provider_data=kept(delta, context),
        **common,
    )


def _tool_call(call: Mapping[str, Any], context: Context) -> ToolCallDelta:
    name, arguments = call_parts(call)
    if arguments is not None and not isinstance(arguments, str):
        arguments = json.dumps(arguments).decode()
    return ToolCallDelta(call.get("index"), call.get("id") or None, name or None, arguments or "", kept_of_call(call, context))


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
            if "<think>".startswith(body[:7]) and len(body) < 7:
                self.held = held
                return "", ""
            if not body.startswith("<think>"):
                self.state = "text"
                return "", held
            self.state, held = "thinking", body.removeprefix("<think>")
        if self.state == "gap":
            text = held.lstrip()
            self.state = "text" if text else "gap"
            return "", text
        thought, closed, text = held.partition("</think>")
        if closed:
            self.state = "text" if text.lstrip() else "gap"
            return thought, text.lstrip()
        keep = next((size for size in range(min(8, len(held)), 0, -1) if "</think>".startswith(held[-size:])), 0)
        self.held = held[len(held) - keep :]
        return held[: len(held) - keep], ""

    def flush(self) -> ChatCompletionChunk | None:
        """Return what is still held back when the stream ends."""
        held, self.held = self.held, ""
        if not held:
            return None
        return ChatCompletionChunk(reasoning=held) if self.state == "thinking" else ChatCompletionChunk(text=held)
