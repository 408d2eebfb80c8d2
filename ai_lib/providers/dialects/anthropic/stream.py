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
    call_id,
    decode_call_data,
    decode_citation,
    decode_finish,
    decode_provider_data,
    decode_refusal,
    is_error,
)
from ai_lib.providers.dialects.anthropic.usage import decode_usage
from ai_lib.providers.reading import checked_stream, parse_events
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.fold import arguments_text
from ai_lib.utils import json

__all__ = ["decode_stream"]

# The field of each kind of block that its deltas add to.
_TEXT_FIELDS = {"text": "text", "thinking": "thinking", "compaction": "content"}
_WITH_INPUT = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream; its end may be without message_stop where a reason for the end has come."""
    message = _Message(context)
    for payload in parse_events(events):
        read = _EVENTS.get(payload.get("type"))  # type: ignore[arg-type]
        if read is None:
            if is_error(payload):
                raise context.fail(payload)
            continue  # ping, and future kinds
        if (chunk := read(message, payload)) is not None:
            yield chunk
        if message.stopped:
            return
    if not message.has_reason:
        raise StreamInterruptedError("the stream ended without message_stop")
    if (chunk := message.stop({})) is not None:  # some compatible services omit the last event
        yield chunk


class _Block:
    """A block under construction; its deltas take as much memory as their text."""

    __slots__ = ("citations", "deltas", "kind", "pending", "wire")

    def __init__(self, wire: dict[str, Any]) -> None:
        self.wire = wire
        self.kind = wire.get("type")
        self.deltas = StringIO()
        self.citations = list(wire.get("citations") or ())
        # Whether its input came complete with its start, and has not been yielded yet.
        self.pending = self.kind == "tool_use" and bool(wire.get("input"))
        if self.kind in _TEXT_FIELDS:
            self.deltas.write(wire.get(_TEXT_FIELDS[self.kind]) or "")

    def complete(self) -> dict[str, Any]:
        """Return the block as a whole answer would hold it."""
        text = self.deltas.getvalue()
        if self.kind in _TEXT_FIELDS:
            self.wire[_TEXT_FIELDS[self.kind]] = text
        elif self.kind in _WITH_INPUT and text:
            try:
                self.wire["input"] = json.loads(text)
            except ValueError:  # cut off; the text itself is in the call
                self.wire["input"] = {}
        if self.citations:
            self.wire["citations"] = self.citations
        return self.wire


class _Message:
    """The message that a stream builds; one method for each kind of event."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.id: str | None = None
        self.model: str | None = None
        self.started = self.has_reason = self.stopped = False
        self.usage: dict[str, Any] = {}
        self.blocks: list[_Block] = []
        self.by_index: dict[Any, _Block] = {}
        self.last_payload: Any = None

    def start(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        wire = payload["message"]
        if self.started:
            if (wire.get("id") or None) == self.id:
                return None  # repeated by a proxy
            raise InvalidResponseError("a second message starts inside the first", code="malformed_event")
        self.started = True
        self.id, self.model = wire.get("id") or None, wire.get("model") or None
        chunk = self.new_chunk(payload)
        self.add_reason_and_usage(chunk, wire, wire.get("usage"))
        for number, block in enumerate(wire.get("content") or ()):
            # Complete already: the calls that code run by the provider makes. They come before the numbered blocks.
            self.add_block(chunk, -1 - number, block)
            self.add_pending_input(chunk, -1 - number)
        return chunk

    def start_block(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        chunk = self.new_chunk(payload)
        self.add_block(chunk, payload.get("index"), payload["content_block"])
        return chunk

    def add_delta(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        delta = payload["delta"]
        kind = delta["type"]
        if kind == "text_delta":  # nearly all events are
            text = delta["text"] or ""
            (self.by_index.get(payload["index"]) or self.block_of(payload, "text")).deltas.write(text)
            return ChatCompletionChunk(
                text, "", (), None, None, 0, None, "", (), None, None, self.id, self.model, payload
            )  # fmt: skip
        read = _DELTAS.get(kind)
        return read(self, payload, delta) if read is not None else None

    def stop_block(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        block = self.by_index.get(payload.get("index"))
        if block is None or not block.pending:
            return None
        chunk = self.new_chunk(payload)
        self.add_pending_input(chunk, payload.get("index"))
        return chunk

    def update(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        chunk = self.new_chunk(payload)
        self.add_reason_and_usage(chunk, payload.get("delta") or {}, payload.get("usage"))
        return chunk

    def stop(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        self.stopped = True
        chunk = self.new_chunk(self.last_payload or payload)
        for index in self.by_index:
            self.add_pending_input(chunk, index)
        if any(block.kind not in ("text", "tool_use") for block in self.blocks):
            chunk.provider_data = decode_provider_data([block.complete() for block in self.blocks], self.context.owner)
        return chunk if chunk.provider_data or chunk.tool_calls else None

    # --- deltas of blocks

    def add_thinking(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> ChatCompletionChunk:
        text = delta.get("thinking") or ""
        self.block_of(payload, "thinking").deltas.write(text)
        chunk = self.new_chunk(payload)
        chunk.reasoning = text
        return chunk

    def add_signature(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> None:
        self.block_of(payload, "thinking").wire["signature"] = delta.get("signature")

    def add_input(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> ChatCompletionChunk | None:
        text = delta.get("partial_json") or ""
        block = self.block_of(payload, "tool_use")
        block.deltas.write(text)
        if not text or block.kind != "tool_use":
            return None
        block.pending = False
        chunk = self.new_chunk(payload)
        chunk.tool_calls = (ToolCallDelta(payload["index"], None, None, text),)
        return chunk

    def add_citation(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> ChatCompletionChunk:
        self.block_of(payload, "text").citations.append(delta["citation"])
        chunk = self.new_chunk(payload)
        chunk.citations = (decode_citation(delta["citation"]),)
        return chunk

    def add_compaction(self, payload: Mapping[str, Any], delta: Mapping[str, Any]) -> None:
        self.block_of(payload, "compaction").deltas.write(delta.get("content") or "")

    # --- what several of these need

    def new_chunk(self, payload: Any) -> ChatCompletionChunk:
        self.last_payload = payload
        return ChatCompletionChunk(id=self.id, model=self.model, raw=payload)

    def block_of(self, payload: Mapping[str, Any], kind: str) -> _Block:
        """Return the block that a delta adds to; one that was never started is of the delta's kind."""
        block = self.by_index.get(payload["index"])
        if block is None:
            block = self.by_index[payload["index"]] = _Block({"type": kind})
            self.blocks.append(block)
        return block

    def add_block(self, chunk: ChatCompletionChunk, index: Any, wire: Mapping[str, Any]) -> None:
        block = self.by_index[index] = _Block(dict(wire))
        self.blocks.append(block)
        if block.kind == "text":
            chunk.text += block.deltas.getvalue()
            chunk.citations += tuple([decode_citation(citation) for citation in block.citations])
        elif block.kind == "thinking":
            chunk.reasoning += block.deltas.getvalue()
        elif block.kind == "tool_use":
            data = decode_call_data(wire, self.context.owner)
            chunk.tool_calls += (ToolCallDelta(index, call_id(wire), wire.get("name") or None, "", data),)

    def add_pending_input(self, chunk: ChatCompletionChunk, index: Any) -> None:
        """Add the arguments of a call that came complete with its start."""
        block = self.by_index[index]
        if block.pending:
            block.pending = False
            chunk.tool_calls += (ToolCallDelta(index, None, None, arguments_text(block.wire["input"])),)

    def add_reason_and_usage(self, chunk: ChatCompletionChunk, wire: Mapping[str, Any], usage: Any) -> None:
        finish, raw_finish = decode_finish(wire)
        if raw_finish:
            self.has_reason = True
            chunk.finish_reason, chunk.raw_finish_reason = finish, raw_finish
            chunk.refusal = decode_refusal(wire) or ""
        if isinstance(usage, Mapping):
            # Each event counts from the start of the message, and may omit numbers that earlier events had.
            self.usage.update({key: value for key, value in usage.items() if value is not None})
            chunk.usage = decode_usage(self.usage)


_EVENTS: dict[str, Callable[[_Message, Mapping[str, Any]], ChatCompletionChunk | None]] = {
    "message_start": _Message.start,
    "content_block_start": _Message.start_block,
    "content_block_delta": _Message.add_delta,
    "content_block_stop": _Message.stop_block,
    "message_delta": _Message.update,
    "message_stop": _Message.stop,
}
_DELTAS: dict[str, Callable[[_Message, Mapping[str, Any], Mapping[str, Any]], ChatCompletionChunk | None]] = {
    "thinking_delta": _Message.add_thinking,
    "signature_delta": _Message.add_signature,
    "input_json_delta": _Message.add_input,
    "citations_delta": _Message.add_citation,
    "compaction_delta": _Message.add_compaction,
}
