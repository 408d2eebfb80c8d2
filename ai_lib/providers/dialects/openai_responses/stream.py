"""The events of a streamed response as chunks.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_responses.calls import CUSTOM, FUNCTION, WRAPPERS, input_text, unpacked
from ai_lib.providers.dialects.openai_responses.decode import (
    citation_of,
    finish_of,
    kept,
    kept_of_call,
    thoughts_of,
)
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.providers.dialects.openai_responses.usage import usage_of
from ai_lib.providers.reading import checked_stream, parse_events, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta

__all__ = ["decode_stream"]


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream.

    Args:
        events: The data of each event, in order.
        context: The provider.

    Raises:
        AiLibError: An event is an error object, or says that the answer failed.
        InvalidResponseError: An event is not formed as promised, or is one of another API.
        StreamInterruptedError: The events end before the response is complete.
    """
    response = _Response(context)
    for payload in parse_events(events):
        read = _EVENTS.get(payload.get("type"))  # type: ignore[arg-type]
        if read is not None:
            yield from read(response, payload)
            if response.over:
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
    """An item in the making: what of it has come in pieces, and so need not come again at its end."""

    __slots__ = ("call", "pieces", "text", "thoughts", "whole")

    def __init__(self) -> None:
        self.call = False
        self.whole = False  # it waits for its end: it is not the caller's, or the calls are inside
        self.thoughts: str | None = None  # the event that brings the reasoning; some services bring it twice
        self.text: list[str] = []
        self.pieces: set[str] = set()


class _Response:
    """The response that a stream builds."""

    def __init__(self, context: Context) -> None:
        quirks: Quirks = context.quirks
        self.context = context
        self.hosted = quirks.hosted
        self.id: str | None = None
        self.model: str | None = None
        self.over = False
        self.items: dict[Any, _Item] = {}
        self.done: dict[Any, list[Mapping[str, Any]]] = {}
        self.places: dict[str, Any] = {}
        self.thought: tuple[Any, Any] | None = None

    # --- events

    def begun(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        wire = payload.get("response") or {}
        self.id, self.model = wire.get("id") or self.id, wire.get("model") or self.model
        yield self._chunk(payload)

    def item_added(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        wire = payload["item"]
        place = self._place(payload, wire)
        if wire.get("type") in (FUNCTION, CUSTOM):
            item = self._at(place)
            item.whole = wire["type"] in self.hosted or wire.get("name") in WRAPPERS
            if not item.whole:
                item.call = True
                yield self._chunk(payload, tool_calls=(self._call(self._number(place), wire),))

    def text(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        text = read_text(payload["delta"])
        self._item(payload).text.append(text)
        logprobs = payload.get("logprobs")
        yield ChatCompletionChunk(
            text, "", (), None, None, 0, None, "", (), {"content": logprobs} if logprobs else None,
            None, self.id, self.model, payload,
        )  # fmt: skip

    def refusal(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        self._item(payload).pieces.add("refusal")
        yield self._chunk(payload, refusal=read_text(payload["delta"]))

    def annotation(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        self._item(payload).pieces.add("annotations")
        yield self._chunk(payload, citations=(citation_of(payload["annotation"]),))

    def thinking(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        item = self._item(payload)
        item.thoughts = item.thoughts or payload["type"]
        part = payload.get("summary_index", payload.get("content_index"))
        text = read_text(payload["delta"])
        if text and item.thoughts == payload["type"]:
            yield self._chunk(payload, reasoning=self._apart((self._place(payload), part)) + text)

    def arguments(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        item = self._item(payload)
        if not item.whole:
            item.pieces.add("arguments")
            yield self._chunk(payload, tool_calls=(self._piece(payload, read_text(payload["delta"])),))

    def arguments_done(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        item = self._item(payload)
        whole = read_text(payload.get("arguments")) or read_text(payload.get("input"))
        if item.call and whole and "arguments" not in item.pieces:
            item.pieces.add("arguments")
            yield self._chunk(payload, tool_calls=(self._piece(payload, whole),))

    def item_done(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        yield from self._finished(self._place(payload, payload["item"]), payload["item"], payload)

    def ended(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        wire = payload["response"]
        if wire.get("error") or wire.get("status") == "failed":
            raise self.context.fail(wire)
        self.id, self.model = wire.get("id") or self.id, wire.get("model") or self.model
        come = [item for items in self.done.values() for item in items]
        told = unpacked(wire.get("output") or ())
        yield from self._only_told_at_end(told, payload)
        self.over = True
        output = told if len(told) >= len(come) else come  # some services repeat nothing at the end
        finish, raw_finish = finish_of(wire, output, self.hosted)
        yield self._chunk(
            payload,
            finish_reason=finish,
            raw_finish_reason=raw_finish,
            usage=usage_of(wire.get("usage")),
            provider_data=kept(output, self.context),
        )

    def _only_told_at_end(self, told: list[Mapping[str, Any]], payload: Any) -> Iterator[ChatCompletionChunk]:
        come = {place: items[0] for place, items in self.done.items()}
        ids = {item.get("id") for items in self.done.values() for item in items}
        for place, item in enumerate(told):
            there = come.get(place, come.get(None, {}))  # some services change the ids, and some tell no place
            if item.get("id") not in ids and there.get("type") != item.get("type"):
                yield from self._finished(self._place_at_end(place, item.get("id")), item, payload)

    def _place_at_end(self, index: int, item_id: Any) -> Any:
        place = item_id if item_id in self.items else self.places.get(item_id, index)
        return place if place in self.items and place not in self.done else (index, item_id)

    def failed(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        wire = payload.get("response")
        # The event's own type says nothing about the kind of the error.
        own = {key: value for key, value in payload.items() if key != "type"}
        raise self.context.fail(wire if isinstance(wire, Mapping) else own)

    # --- what several of these need

    def _chunk(self, payload: Any, **fields: Any) -> ChatCompletionChunk:
        return ChatCompletionChunk(id=self.id, model=self.model, raw=payload, **fields)

    def _place(self, payload: Mapping[str, Any], item: Mapping[str, Any] | None = None) -> Any:
        """Return what tells the items apart: their place, since some services change the ids, else the id."""
        index = payload.get("output_index")
        item_id = item.get("id") if item is not None else payload.get("item_id")
        if index is None:
            return self.places.get(item_id, item_id)  # type: ignore[arg-type]
        if isinstance(item_id, str):
            self.places[item_id] = index
        return index

    def _item(self, payload: Mapping[str, Any]) -> _Item:
        return self._at(self._place(payload))

    def _at(self, place: Any) -> _Item:
        item = self.items.get(place)
        if item is None:
            item = self.items[place] = _Item()
        return item

    def _call(self, number: int, wire: Mapping[str, Any], arguments: str = "") -> ToolCallDelta:
        return ToolCallDelta(
            number,
            read_text(wire.get("call_id")) or None,
            read_text(wire.get("name")) or None,
            arguments,
            kept_of_call(wire, self.context.owner),
        )

    def _piece(self, payload: Mapping[str, Any], text: str) -> ToolCallDelta:
        return ToolCallDelta(self._number(self._place(payload)), None, None, text)

    def _number(self, place: Any) -> int:
        """Return the number of an item, in the order of coming where the service tells none."""
        return place if isinstance(place, int) else 1000 + list(self.items).index(place)

    def _apart(self, part: tuple[Any, Any]) -> str:
        """Return what stands between two parts of the reasoning."""
        before, self.thought = self.thought, part
        return "" if before is None or before == part else "\n\n"

    def _finished(self, place: Any, wire: Mapping[str, Any], payload: Any) -> Iterator[ChatCompletionChunk]:
        """Give out what of a whole item has not come in pieces."""
        self.done[place] = unpacked([wire])
        read = _WHOLE.get(wire.get("type"))  # type: ignore[arg-type]
        if read is not None and wire["type"] not in self.hosted:
            chunk = self._chunk(payload)
            read(self, chunk, place, wire)
            yield chunk

    def _whole_message(self, chunk: ChatCompletionChunk, place: Any, wire: Mapping[str, Any]) -> None:
        item = self._at(place)
        parts = wire.get("content") or ()
        whole = "".join([read_text(part.get("text")) for part in parts if part.get("type") == "output_text"])
        come = "".join(item.text)
        if whole.startswith(come):
            chunk.text = whole[len(come) :]  # all of it where no pieces came, the rest where some were lost
        for part in parts:
            if not item.text and part.get("logprobs"):
                chunk.logprobs = {"content": [*(chunk.logprobs or {"content": ()})["content"], *part["logprobs"]]}
            if "refusal" not in item.pieces:
                chunk.refusal += read_text(part.get("refusal"))
            if "annotations" not in item.pieces:
                chunk.citations += tuple([citation_of(annotation) for annotation in part.get("annotations") or ()])

    def _whole_reasoning(self, chunk: ChatCompletionChunk, place: Any, wire: Mapping[str, Any]) -> None:
        if self._at(place).thoughts is None:
            for number, text in enumerate(thoughts_of(wire)):
                chunk.reasoning += self._apart((place, number)) + text

    def _whole_call(self, chunk: ChatCompletionChunk, place: Any, wire: Mapping[str, Any]) -> None:
        item = self._at(place)
        number = self._number(place)
        if item.call:
            # Without arguments there is nothing to add; the fold knows that none are "{}".
            whole = input_text(wire) if wire.get("input") or wire.get("arguments") else ""
            if whole and "arguments" not in item.pieces:
                chunk.tool_calls = (ToolCallDelta(number, None, None, whole),)
        elif "arguments" in item.pieces:  # its beginning was not told
            chunk.tool_calls = (self._call(number, wire),)
        else:
            calls = self.done[place]
            first = number if len(calls) == 1 else 1000 * (number + 1000)
            chunk.tool_calls = tuple([self._call(first + at, call, input_text(call)) for at, call in enumerate(calls)])


_EVENTS: dict[str, Callable[[_Response, Mapping[str, Any]], Iterator[ChatCompletionChunk]]] = {
    "response.created": _Response.begun,
    "response.output_item.added": _Response.item_added,
    "response.output_text.delta": _Response.text,
    "response.output_text.annotation.added": _Response.annotation,
    "response.refusal.delta": _Response.refusal,
    "response.reasoning_summary_text.delta": _Response.thinking,
    "response.reasoning_text.delta": _Response.thinking,
    "response.function_call_arguments.delta": _Response.arguments,
    "response.function_call_arguments.done": _Response.arguments_done,
    "response.custom_tool_call_input.delta": _Response.arguments,
    "response.custom_tool_call_input.done": _Response.arguments_done,
    "response.output_item.done": _Response.item_done,
    "response.completed": _Response.ended,
    "response.incomplete": _Response.ended,
    "response.done": _Response.ended,
    "response.failed": _Response.failed,
    "error": _Response.failed,
}
_WHOLE: dict[str, Callable[[_Response, ChatCompletionChunk, Any, Mapping[str, Any]], None]] = {
    "message": _Response._whole_message,  # noqa: SLF001 - tables of the class's own methods
    "reasoning": _Response._whole_reasoning,  # noqa: SLF001
    FUNCTION: _Response._whole_call,  # noqa: SLF001
    CUSTOM: _Response._whole_call,  # noqa: SLF001
}
