"""The events of a streamed response as chunks.

OpenAI sends each item's start, its pieces, its end with the whole item, and the whole response at the end. Other
services leave out any of these, so whatever comes whole adds only what has not come in pieces.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_responses.decode import (
    CUSTOM,
    FUNCTION,
    WRAPPERS,
    decode_arguments,
    decode_call_data,
    decode_citation,
    decode_finish,
    decode_provider_data,
    unwrap_calls,
)
from ai_lib.providers.dialects.openai_responses.reasoning import decode_reasoning
from ai_lib.providers.dialects.openai_responses.usage import decode_usage
from ai_lib.providers.reading import checked_stream, parse_events, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta

__all__ = ["decode_stream"]

# Numbers of calls whose place in the response is unknown start here, above those of calls that have one.
_UNPLACED = 1000


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from the data of its events; those of another API raise."""
    response = _Response(context)
    for payload in parse_events(events):
        decode = _EVENTS.get(payload.get("type"))  # type: ignore[arg-type]
        if decode is not None:
            yield from decode(response, payload)
            if response.ended:
                return
        elif payload.get("error"):
            raise context.fail(payload)
        elif "choices" in payload:
            raise InvalidResponseError(
                "the stream is one of chat completions, not of the Responses API",
                code="other_api",
                hint="The server behind base_url answers every path alike; leave out api='responses'",
            )
    raise StreamInterruptedError("the stream ended before the response was complete")


class _Item:
    """An item in the making."""

    __slots__ = ("call", "done", "key", "number", "pieces", "text", "thoughts", "whole")

    def __init__(self, key: Any, number: int) -> None:
        self.key = key
        self.number = number  # that of its call, by which the pieces of one call belong together
        self.call = False  # its call was yielded
        self.whole = False  # it waits for its end: it runs at the service, or wraps calls
        self.done: list[Mapping[str, Any]] = []  # what it is, once complete; several where it wrapped calls
        self.thoughts: str | None = None  # the event that brings the reasoning; some services bring it in two
        self.text: list[str] = []
        self.pieces: set[str] = set()  # what else came in pieces


class _Response:
    """The response that a stream builds; one method for each kind of event."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.hosted: frozenset[str] = context.quirks.hosted
        self.id: str | None = None
        self.model: str | None = None
        self.ended = False
        self.items: dict[Any, _Item] = {}
        self.finished: list[_Item] = []
        self.indexes: dict[str, Any] = {}
        self.thought: tuple[_Item, Any] | None = None

    def start(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        wire = payload.get("response") or {}
        self.id, self.model = wire.get("id") or self.id, wire.get("model") or self.model
        return (self._chunk(payload),)

    def start_item(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        wire = payload["item"]
        item = self._item(payload, wire.get("id"))
        if wire.get("type") not in (FUNCTION, CUSTOM):
            return ()
        item.whole = wire["type"] in self.hosted or wire.get("name") in WRAPPERS
        item.call = not item.whole
        return (self._chunk(payload, tool_calls=(self._call(item.number, wire),)),) if item.call else ()

    def add_text(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        text = read_text(payload["delta"])
        self._item(payload).text.append(text)
        logprobs = payload.get("logprobs")
        # By position, as in most events of a stream: keywords would cost as much again as the object itself.
        return (ChatCompletionChunk(
            text, "", (), None, None, 0, None, "", (), {"content": logprobs} if logprobs else None,
            None, self.id, self.model, payload,
        ),)  # fmt: skip

    def add_refusal(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        self._item(payload).pieces.add("refusal")
        return (self._chunk(payload, refusal=read_text(payload["delta"])),)

    def add_annotation(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        self._item(payload).pieces.add("annotations")
        return (self._chunk(payload, citations=(decode_citation(payload["annotation"]),)),)

    def add_reasoning(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        item = self._item(payload)
        item.thoughts = item.thoughts or payload["type"]
        text = read_text(payload["delta"])
        if not text or item.thoughts != payload["type"]:
            return ()
        part = payload.get("summary_index", payload.get("content_index"))
        return (self._chunk(payload, reasoning=self._separator(item, part) + text),)

    def add_arguments(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        item = self._item(payload)
        return () if item.whole else self._arguments(payload, item, read_text(payload["delta"]))

    def end_arguments(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        item = self._item(payload)
        arguments = read_text(payload.get("arguments")) or read_text(payload.get("input"))
        known = not item.call or not arguments or "arguments" in item.pieces
        return () if known else self._arguments(payload, item, arguments)

    def end_item(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        return self._finish(self._item(payload, payload["item"].get("id")), payload["item"], payload)

    def end(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        wire = payload["response"]
        if wire.get("error") or wire.get("status") == "failed":
            raise self.context.fail(wire)
        self.id, self.model = wire.get("id") or self.id, wire.get("model") or self.model
        received = [part for item in self.finished for part in item.done]
        ids = {part.get("id") for part in received}
        places = {item.key: item.done[0] for item in self.finished}
        output = unwrap_calls(wire.get("output") or ())
        for index, part in enumerate(output):
            part_id = part.get("id")
            # Some services change the ids, and some send no index.
            if part_id in ids or places.get(index, places.get(None, {})).get("type") == part.get("type"):
                continue
            key = part_id if part_id in self.items else self.indexes.get(part_id, index)  # type: ignore[arg-type]
            item = self.items.get(key)
            yield from self._finish(item if item and not item.done else self._at((index, part_id)), part, payload)
        self.ended = True
        if len(output) < len(received):
            output = received  # some services repeat nothing at the end
        finish, raw_finish = decode_finish(wire, output, self.hosted)
        yield self._chunk(
            payload,
            finish_reason=finish,
            raw_finish_reason=raw_finish,
            usage=decode_usage(wire.get("usage")),
            provider_data=decode_provider_data(output, self.context),
        )

    def fail(self, payload: Mapping[str, Any]) -> Iterable[ChatCompletionChunk]:
        wire = payload.get("response")
        if not isinstance(wire, Mapping):
            # The event's own type says nothing about the kind of the error.
            wire = {key: value for key, value in payload.items() if key != "type"}
        raise self.context.fail(wire)

    # --- items that came whole: what of them has not come in pieces

    def complete_message(self, chunk: ChatCompletionChunk, item: _Item, wire: Mapping[str, Any]) -> None:
        parts = wire.get("content") or ()
        whole = "".join([read_text(part.get("text")) for part in parts if part.get("type") == "output_text"])
        received = "".join(item.text)
        if whole.startswith(received):
            chunk.text = whole[len(received) :]  # all of it where no pieces came, the rest where some were lost
        for part in parts:
            if not item.text and part.get("logprobs"):
                chunk.logprobs = {"content": [*(chunk.logprobs or {"content": ()})["content"], *part["logprobs"]]}
            if "refusal" not in item.pieces:
                chunk.refusal += read_text(part.get("refusal"))
            if "annotations" not in item.pieces:
                chunk.citations += tuple([decode_citation(annotation) for annotation in part.get("annotations") or ()])

    def complete_reasoning(self, chunk: ChatCompletionChunk, item: _Item, wire: Mapping[str, Any]) -> None:
        if item.thoughts is None:
            for number, text in enumerate(decode_reasoning(wire)):
                chunk.reasoning += self._separator(item, number) + text

    def complete_call(self, chunk: ChatCompletionChunk, item: _Item, wire: Mapping[str, Any]) -> None:
        if item.call:
            # Without arguments there is nothing to add; the fold knows that none are "{}".
            arguments = decode_arguments(wire) if wire.get("input") or wire.get("arguments") else ""
            if arguments and "arguments" not in item.pieces:
                chunk.tool_calls = (ToolCallDelta(item.number, None, None, arguments),)
        elif "arguments" in item.pieces:  # its start was never sent
            chunk.tool_calls = (self._call(item.number, wire),)
        else:
            # Calls from one wrapper get numbers that no other item has.
            first = item.number if len(item.done) == 1 else _UNPLACED * (item.number + _UNPLACED)
            calls = [self._call(first + at, call, decode_arguments(call)) for at, call in enumerate(item.done)]
            chunk.tool_calls = tuple(calls)

    # --- used by several events

    def _arguments(self, payload: Any, item: _Item, arguments: str) -> Iterable[ChatCompletionChunk]:
        item.pieces.add("arguments")
        return (self._chunk(payload, tool_calls=(ToolCallDelta(item.number, None, None, arguments),)),)

    def _chunk(self, payload: Any, **fields: Any) -> ChatCompletionChunk:
        return ChatCompletionChunk(id=self.id, model=self.model, raw=payload, **fields)

    def _item(self, payload: Mapping[str, Any], item_id: Any = None) -> _Item:
        """Return the item of an event: by its index, since some services change the ids, else by its id."""
        index = payload.get("output_index")
        item_id = item_id or payload.get("item_id")
        if index is None:
            return self._at(self.indexes.get(item_id, item_id))
        if isinstance(item_id, str):
            self.indexes[item_id] = index
        return self._at(index)

    def _at(self, key: Any) -> _Item:
        item = self.items.get(key)
        if item is None:
            number = key if isinstance(key, int) else _UNPLACED + len(self.items)
            item = self.items[key] = _Item(key, number)
        return item

    def _call(self, number: int, wire: Mapping[str, Any], arguments: str = "") -> ToolCallDelta:
        call_id, name = read_text(wire.get("call_id")) or None, read_text(wire.get("name")) or None
        return ToolCallDelta(number, call_id, name, arguments, decode_call_data(wire, self.context.owner))

    def _separator(self, item: _Item, part: Any) -> str:
        """Return what separates a piece of the reasoning from the piece before: a blank line between two parts."""
        before, self.thought = self.thought, (item, part)
        return "" if before is None or before == self.thought else "\n\n"

    def _finish(self, item: _Item, wire: Mapping[str, Any], payload: Any) -> Iterable[ChatCompletionChunk]:
        if not item.done:  # items without id and index share one place, which ends several times
            self.finished.append(item)
        item.done = unwrap_calls([wire])
        complete = _COMPLETE.get(wire.get("type"))  # type: ignore[arg-type]
        if complete is None or wire["type"] in self.hosted:
            return ()
        chunk = self._chunk(payload)
        complete(self, chunk, item, wire)
        return (chunk,)


_EVENTS: dict[str, Callable[[_Response, Mapping[str, Any]], Iterable[ChatCompletionChunk]]] = {
    "response.created": _Response.start,
    "response.output_item.added": _Response.start_item,
    "response.output_text.delta": _Response.add_text,
    "response.output_text.annotation.added": _Response.add_annotation,
    "response.refusal.delta": _Response.add_refusal,
    "response.reasoning_summary_text.delta": _Response.add_reasoning,
    "response.reasoning_text.delta": _Response.add_reasoning,
    "response.function_call_arguments.delta": _Response.add_arguments,
    "response.function_call_arguments.done": _Response.end_arguments,
    "response.custom_tool_call_input.delta": _Response.add_arguments,
    "response.custom_tool_call_input.done": _Response.end_arguments,
    "response.output_item.done": _Response.end_item,
    "response.completed": _Response.end,
    "response.incomplete": _Response.end,
    "response.done": _Response.end,
    "response.failed": _Response.fail,
    "error": _Response.fail,
}
_COMPLETE: dict[str, Callable[[_Response, ChatCompletionChunk, _Item, Mapping[str, Any]], None]] = {
    "message": _Response.complete_message,
    "reasoning": _Response.complete_reasoning,
    FUNCTION: _Response.complete_call,
    CUSTOM: _Response.complete_call,
}
