"""The events of POST /model/{model}/converse-stream as chunks.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import AiLibError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.bedrock_converse.decode import decode_citation, decode_finish, decode_provider_data
from ai_lib.providers.dialects.bedrock_converse.parts import is_server_call
from ai_lib.providers.dialects.bedrock_converse.usage import decode_usage
from ai_lib.providers.reading import checked_stream, encode_arguments, parse_events, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.tool import ToolCall

__all__ = ["decode_stream"]


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from its events, each {type: payload}."""
    message = _Message(context)
    for event in parse_events(events):
        for kind, payload in event.items():
            read = _EVENTS.get(kind)
            if read is not None:
                if (chunk := read(message, payload)) is not None:
                    chunk.raw = event
                    yield chunk
            elif kind == "exception" or kind.endswith("Exception"):
                raise _error_of(kind, payload, context)
        if message.complete:
            return
    if not message.stopped:
        raise StreamInterruptedError("the stream ended without messageStop")


def _error_of(kind: str, payload: Any, context: Context) -> AiLibError:
    fields = {"type": kind, **payload} if isinstance(payload, Mapping) else {"type": kind, "message": str(payload)}
    # A validation error can mean that the prompt is too long, which only its message says; messages are read only of
    # errors with a status, and events have none.
    if str(fields["type"]).lower() == "validationexception":
        fields["status"] = 400
    return context.fail(fields)


@attrs.define
class _Block:
    """One block of the answer so far."""

    at: int  # where it starts in the text of the answer
    start: Mapping[str, Any] = attrs.field(factory=dict)  # a call, or the result of a call that the provider ran
    call: int | None = None  # its number among the calls
    text: list[str] = attrs.field(factory=list)
    thoughts: list[str] = attrs.field(factory=list)
    signature: list[str] = attrs.field(factory=list)
    redacted: list[str] = attrs.field(factory=list)
    arguments: list[str] = attrs.field(factory=list)
    results: list[Any] = attrs.field(factory=list)
    citations: list[Mapping[str, Any]] = attrs.field(factory=list)

    def complete(self) -> dict[str, Any]:
        """Return the block as a whole answer would hold it."""
        if "toolUse" in self.start:
            use = self.start["toolUse"]
            call = ToolCall("", read_text(use.get("name")), "".join(self.arguments) or "{}")
            return {"toolUse": {**use, "input": encode_arguments(call)}}
        if "toolResult" in self.start:
            return {"toolResult": {**self.start["toolResult"], "content": self.results}}
        if self.redacted:
            return {"reasoningContent": {"redactedContent": "".join(self.redacted)}}
        if self.thoughts or self.signature:
            signature = {"signature": "".join(self.signature)} if self.signature else {}
            return {"reasoningContent": {"reasoningText": {"text": "".join(self.thoughts), **signature}}}
        text = {"text": "".join(self.text)}
        return {"citationsContent": {"content": [text], "citations": self.citations}} if self.citations else text


@attrs.define
class _Message:
    """The message that a stream builds; one method for each kind of event."""

    context: Context
    blocks: dict[Any, _Block] = attrs.field(factory=dict)
    calls: int = 0
    length: int = 0  # of the text
    stopped: bool = False  # only the usage follows
    complete: bool = False

    def start(self, _: Mapping[str, Any]) -> ChatCompletionChunk:
        return ChatCompletionChunk()

    def start_block(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        start = payload.get("start") or {}
        block = self.blocks[payload["contentBlockIndex"]] = _Block(self.length, start)
        use = start.get("toolUse")
        if use is None or is_server_call(start):
            return None
        block.call = self.calls
        self.calls += 1
        call_id, name = read_text(use.get("toolUseId")) or None, read_text(use.get("name")) or None
        return ChatCompletionChunk(tool_calls=(ToolCallDelta(block.call, call_id, name),))

    def add_delta(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        index = payload.get("contentBlockIndex")
        block = self.blocks.get(index)
        if block is None:  # only calls have a start event
            block = self.blocks[index] = _Block(self.length)
        for kind, value in payload["delta"].items():
            read = _DELTAS.get(kind)
            if read is not None:
                return read(self, value, block)
        return None

    def stop_block(self, payload: Mapping[str, Any]) -> ChatCompletionChunk | None:
        block = self.blocks.get(payload.get("contentBlockIndex"))
        if block is None or not block.citations:
            return None
        # Only now is it known where the cited text ends.
        citations = [decode_citation(citation, block.at, self.length) for citation in block.citations]
        return ChatCompletionChunk(citations=tuple(citations))

    def stop(self, payload: Mapping[str, Any]) -> ChatCompletionChunk:
        finish, raw_finish = decode_finish(payload.get("stopReason"))
        self.stopped = True
        data = decode_provider_data([block.complete() for block in self.blocks.values()], self.context)
        return ChatCompletionChunk(finish_reason=finish, raw_finish_reason=raw_finish, provider_data=data)

    def add_metadata(self, payload: Mapping[str, Any]) -> ChatCompletionChunk:
        self.complete = self.stopped
        return ChatCompletionChunk(usage=decode_usage(payload.get("usage")))

    # --- deltas of blocks

    def add_text(self, value: Any, block: _Block) -> ChatCompletionChunk:
        text = read_text(value)
        block.text.append(text)
        self.length += len(text)
        return ChatCompletionChunk(text)

    def add_reasoning(self, value: Any, block: _Block) -> ChatCompletionChunk:
        thought = read_text(value.get("text"))
        if thought:
            block.thoughts.append(thought)
        if value.get("signature"):
            block.signature.append(read_text(value["signature"]))
        if value.get("redactedContent"):
            block.redacted.append(read_text(value["redactedContent"]))
        return ChatCompletionChunk(reasoning=thought)

    def add_arguments(self, value: Any, block: _Block) -> ChatCompletionChunk | None:
        text = read_text(value.get("input"))
        block.arguments.append(text)
        if block.call is None:
            return None
        return ChatCompletionChunk(tool_calls=(ToolCallDelta(block.call, arguments_json=text),))

    def add_result(self, value: Any, block: _Block) -> None:
        block.results += value

    def add_citation(self, value: Any, block: _Block) -> None:
        block.citations.append(value)


_EVENTS: dict[str, Callable[[_Message, Mapping[str, Any]], ChatCompletionChunk | None]] = {
    "messageStart": _Message.start,
    "contentBlockStart": _Message.start_block,
    "contentBlockDelta": _Message.add_delta,
    "contentBlockStop": _Message.stop_block,
    "messageStop": _Message.stop,
    "metadata": _Message.add_metadata,
}
_DELTAS: dict[str, Callable[[_Message, Any, _Block], ChatCompletionChunk | None]] = {
    "text": _Message.add_text,
    "reasoningContent": _Message.add_reasoning,
    "toolUse": _Message.add_arguments,
    "toolResult": _Message.add_result,
    "citation": _Message.add_citation,
}
