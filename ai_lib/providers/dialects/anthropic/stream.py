"""The events of a streamed message as chunks.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.anthropic.decode import (
    FINISH,
    PLAIN,
    citation_of,
    id_of,
    is_error,
    kept,
    kept_of_call,
    refusal_of,
)
from ai_lib.providers.dialects.anthropic.usage import usage_of
from ai_lib.providers.reading import json_events, typed
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation
from ai_lib.utils import json

__all__ = ["decode_stream"]

# What the pieces of a block add up to.
_GROWING = {"text": "text", "thinking": "thinking", "compaction": "content"}
_WITH_INPUT = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


@typed
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream.

    Args:
        events: The data of each event, in order.
        context: The provider.

    Raises:
        AiLibError: An event is an error object.
        InvalidResponseError: An event is not formed as promised, or a second message begins inside the first.
        StreamInterruptedError: The events end without message_stop and without a reason for the end.
    """
    message = _Message(context)
    for payload in json_events(events):
        read = _EVENTS.get(payload.get("type"))  # type: ignore[arg-type]
        if read is None:
            if is_error(payload):
                raise context.fail(payload)
            continue  # ping, and what may come in future
        chunk = read(message, payload)
        if chunk is not None:
            yield chunk
        if message.over:
            return
    if not message.ended:
        raise StreamInterruptedError("the stream ended without message_stop")
    chunk = message.stop({})  # some fronts leave the last event out
    if chunk is not None:
        yield chunk


class _Block:
    """A block in the making: its pieces take as much memory as their text."""

    __slots__ = ("citations", "kind", "pending", "pieces", "wire")

    def __init__(self, wire: dict[str, Any]) -> None:
        self.wire = wire
        self.kind = wire.get("type")
        self.pieces = StringIO()
        self.citations = list(wire.get("citations") or ())
        self.pending = self.kind == "tool_use" and bool(wire.get("input"))
        field = _GROWING.get(self.kind)  # type: ignore[arg-type]
        if field is not None:
            self.pieces.write(wire.get(field) or "")

    def finished(self) -> dict[str, Any]:
        """Return the block as a whole answer would hold it."""
        text = self.pieces.getvalue()
        if self.kind in _GROWING:
            self.wire[_GROWING[self.kind]] = text
        elif self.kind in _WITH_INPUT and text:
            self.wire["input"] = _object(text)
        if self.citations:
            self.wire["citations"] = self.citations
        return self.wire


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # cut off; a call has its text anyway
        return {}


class _Message:
    """The message that a stream builds."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.id: str | None = None
        self.model: str | None = None
        self.begun = False
        self.ended = False
        self.over = False
        self.usage: dict[str, Any] = {}
        self.blocks: list[_Block] = []
        self.at: dict[Any, _Block] = {}
        self.last: Any = None

    # --- events

    def start(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        wire = payload["message"]
        if self.begun:
            if (wire.get("id") or None) == self.id:
                return None  # repeated by a proxy
            raise InvalidResponseError("a second message begins inside the first", code="malformed_event")
        self.begun = True
        self.id, self.model = wire.get("id") or None, wire.get("model") or None
        chunk = self._chunk(payload)
        self._end(chunk, wire, wire.get("usage"))
        for number, block in enumerate(wire.get("content") or ()):
            # Whole already, where code that runs at the provider's calls a tool; it comes before the numbered blocks.
            self._begin(chunk, -1 - number, block)
            self._complete(chunk, -1 - number)
        return chunk

    def block_start(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        chunk = self._chunk(payload)
        self._begin(chunk, payload.get("index"), payload["content_block"])
        return chunk

    def block_delta(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        delta = payload["delta"]
        kind = delta["type"]
        if kind == "text_delta":  # nearly all events are
            text = delta["text"] or ""
            block = self.at.get(payload["index"])
            (block or self._added(payload["index"], {"type": "text"})).pieces.write(text)
            return ChatCompletionChunk(
                text, "", (), None, None, 0, None, "", (), None, None, self.id, self.model, payload
            )  # fmt: skip
        read = _DELTAS.get(kind)
        return read(self, payload, delta) if read is not None else None

    def block_stop(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        block = self.at.get(payload.get("index"))
        if block is None or not block.pending:
            return None
        chunk = self._chunk(payload)
        self._complete(chunk, payload.get("index"))
        return chunk

    def message_delta(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        chunk = self._chunk(payload)
        self._end(chunk, payload.get("delta") or {}, payload.get("usage"))
        return chunk

    def stop(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        self.over = True
        chunk = self._chunk(self.last or payload)
        for place in [place for place, block in self.at.items() if block.pending]:
            self._complete(chunk, place)
        if not all(block.kind in PLAIN for block in self.blocks):
            chunk.provider_data = kept([block.finished() for block in self.blocks], self.context.owner)
        return chunk if chunk.provider_data or chunk.tool_calls else None

    # --- deltas of blocks

    def thinking(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> ChatCompletionChunk:
        text = delta.get("thinking") or ""
        self._grown(payload, "thinking").pieces.write(text)
        chunk = self._chunk(payload)
        chunk.reasoning = text
        return chunk

    def signature(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> None:
        self._grown(payload, "thinking").wire["signature"] = delta.get("signature")

    def input_json(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> ChatCompletionChunk | None:
        piece = delta.get("partial_json") or ""
        block = self._grown(payload, "tool_use")
        block.pieces.write(piece)
        if not piece or block.kind != "tool_use":
            return None
        block.pending = False
        chunk = self._chunk(payload)
        chunk.tool_calls = (ToolCallDelta(payload["index"], None, None, piece),)
        return chunk

    def citation(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> ChatCompletionChunk:
        block = self._grown(payload, "text")
        block.citations.append(delta["citation"])
        chunk = self._chunk(payload)
        chunk.citations = (citation_of(delta["citation"]),)
        return chunk

    def compaction(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> None:
        self._grown(payload, "compaction").pieces.write(delta.get("content") or "")

    # --- what several of these need

    def _chunk(self, payload: Any) -> ChatCompletionChunk:
        self.last = payload
        return ChatCompletionChunk(id=self.id, model=self.model, raw=payload)

    def _added(self, index: Any, wire: Mapping[str, Any]) -> _Block:
        block = self.at[index] = _Block(dict(wire))
        self.blocks.append(block)
        return block

    def _grown(self, payload: Mapping[str, Any], kind: str) -> _Block:
        """Return the block that a delta adds to; one without a beginning is of the delta's kind."""
        return self.at.get(payload["index"]) or self._added(payload["index"], {"type": kind})

    def _begin(self, chunk: ChatCompletionChunk, index: Any, wire: Mapping[str, Any]) -> None:
        block = self._added(index, wire)
        if block.kind == "text":
            chunk.text += block.pieces.getvalue()
            cited: tuple[Citation, ...] = tuple(citation_of(citation) for citation in block.citations)
            chunk.citations += cited
        elif block.kind == "thinking":
            chunk.reasoning += block.pieces.getvalue()
        elif block.kind == "tool_use":
            call = ToolCallDelta(
                index, id_of(wire), wire.get("name") or None, "", kept_of_call(wire, self.context.owner)
            )
            chunk.tool_calls += (call,)

    def _complete(self, chunk: ChatCompletionChunk, index: Any) -> None:
        """Give out the arguments of a call that came whole with its beginning."""
        block = self.at[index]
        if block.pending:
            block.pending = False
            chunk.tool_calls += (ToolCallDelta(index, None, None, arguments_text(block.wire["input"])),)

    def _end(self, chunk: ChatCompletionChunk, wire: Mapping[str, Any], usage: Any) -> None:
        """Put into the chunk why the answer ended, where it did, and the tokens so far; later numbers count."""
        reason = wire.get("stop_reason")
        if reason:
            self.ended = True
            chunk.raw_finish_reason, chunk.finish_reason = reason, FINISH.get(reason)
            chunk.refusal = refusal_of(wire) or ""
        if isinstance(usage, Mapping):
            self.usage.update({key: value for key, value in usage.items() if value is not None})
            chunk.usage = usage_of(self.usage)


_EVENTS: dict[str, Callable[[_Message, Mapping[str, Any]], ChatCompletionChunk | None]] = {
    "message_start": _Message.start,
    "content_block_start": _Message.block_start,
    "content_block_delta": _Message.block_delta,
    "content_block_stop": _Message.block_stop,
    "message_delta": _Message.message_delta,
    "message_stop": _Message.stop,
}
_DELTAS: dict[str, Callable[[_Message, Mapping[str, Any], Mapping[str, Any]], ChatCompletionChunk | None]] = {
    "thinking_delta": _Message.thinking,
    "signature_delta": _Message.signature,
    "input_json_delta": _Message.input_json,
    "citations_delta": _Message.citation,
    "compaction_delta": _Message.compaction,
}
