"""The events of POST /model/{model}/converse-stream as chunks.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import AiLibError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.bedrock_converse.blocks import is_servers
from ai_lib.providers.dialects.bedrock_converse.decode import citation_of, finish_of, kept, usage_of
from ai_lib.providers.reading import checked_stream, encode_arguments, parse_events, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.tool import ToolCall

__all__ = ["decode_stream"]

_Chunk = ChatCompletionChunk


@attrs.define
class _Block:
    """One block of the answer, as far as it has come.

    Args:
        at: Where it begins in the answer's text.
        opened: What its start said: a call, or the result of a call that the provider ran.
        call: Its number among the calls, when it is one.
    """

    at: int
    opened: Mapping[str, Any] = attrs.field(factory=dict)
    call: int | None = None
    text: list[str] = attrs.field(factory=list)
    thought: list[str] = attrs.field(factory=list)
    signature: list[str] = attrs.field(factory=list)
    hidden: list[str] = attrs.field(factory=list)
    arguments: list[str] = attrs.field(factory=list)
    results: list[Any] = attrs.field(factory=list)
    cited: list[Mapping[str, Any]] = attrs.field(factory=list)

    def whole(self) -> dict[str, Any]:
        """Return the block as it would have come in a whole answer."""
        if "toolUse" in self.opened:
            use = self.opened["toolUse"]
            call = ToolCall("", read_text(use.get("name")), "".join(self.arguments) or "{}")
            return {"toolUse": {**use, "input": encode_arguments(call)}}
        if "toolResult" in self.opened:
            return {"toolResult": {**self.opened["toolResult"], "content": self.results}}
        if self.hidden:
            return {"reasoningContent": {"redactedContent": "".join(self.hidden)}}
        if self.thought or self.signature:
            signature = {"signature": "".join(self.signature)} if self.signature else {}
            return {"reasoningContent": {"reasoningText": {"text": "".join(self.thought), **signature}}}
        text = {"text": "".join(self.text)}
        return {"citationsContent": {"content": [text], "citations": self.cited}} if self.cited else text


@attrs.define
class _State:
    """What later events need to know of earlier ones.

    Args:
        context: The provider.
        blocks: The blocks so far, by their numbers.
        calls: How many of them are calls.
        length: The length of the answer's text so far.
        stopped: Whether the message is complete; only the usage comes after.
        over: Whether nothing comes any more.
    """

    context: Context
    blocks: dict[Any, _Block] = attrs.field(factory=dict)
    calls: int = 0
    length: int = 0
    stopped: bool = False
    over: bool = False

    def block(self, number: Any) -> _Block:
        """Return a block; only calls announce themselves."""
        found = self.blocks.get(number)
        if found is None:
            found = self.blocks[number] = _Block(self.length)
        return found


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream.

    Args:
        events: Each event as JSON: {type: payload}.
        context: The provider.

    Raises:
        AiLibError: An event is an exception.
        InvalidResponseError: An event is not formed as promised.
        StreamInterruptedError: The events end without messageStop.
    """
    state = _State(context)
    for event in parse_events(events):
        for kind, payload in event.items():
            read = _EVENTS.get(kind)
            if read is not None:
                chunk = read(payload, state)
                if chunk is not None:
                    chunk.raw = event
                    yield chunk
            elif kind == "exception" or kind.endswith("Exception"):
                raise _failure(kind, payload, context)
        if state.over:
            return
    if not state.stopped:
        raise StreamInterruptedError("the stream ended without messageStop")


def _failure(kind: str, payload: Any, context: Context) -> AiLibError:
    told = {"type": kind, **payload} if isinstance(payload, Mapping) else {"type": kind, "message": str(payload)}
    # That a request is wrong may mean that it is too long, which only the words tell; they count beside a status.
    wrong = str(told["type"]).lower() == "validationexception"
    return context.fail({**told, **({"status": 400} if wrong else {})})


def _message_start(payload: Mapping[str, Any], state: _State) -> _Chunk | None:
    return _Chunk()


def _start(payload: Mapping[str, Any], state: _State) -> _Chunk | None:
    opened = payload.get("start") or {}
    block = state.blocks[payload["contentBlockIndex"]] = _Block(state.length, opened)
    use = opened.get("toolUse")
    if use is None or is_servers(opened):
        return None
    block.call = state.calls
    state.calls += 1
    call_id, name = read_text(use.get("toolUseId")) or None, read_text(use.get("name")) or None
    return _Chunk(tool_calls=(ToolCallDelta(block.call, call_id, name),))


def _delta(payload: Mapping[str, Any], state: _State) -> _Chunk | None:
    block = state.block(payload.get("contentBlockIndex"))
    for kind, value in payload["delta"].items():
        read = _DELTAS.get(kind)
        if read is not None:
            return read(value, block, state)
    return None


def _text(value: Any, block: _Block, state: _State) -> _Chunk | None:
    text = read_text(value)
    block.text.append(text)
    state.length += len(text)
    return _Chunk(text)


def _reasoning(value: Any, block: _Block, state: _State) -> _Chunk | None:
    thought = read_text(value.get("text"))
    if thought:
        block.thought.append(thought)
    if value.get("signature"):
        block.signature.append(read_text(value["signature"]))
    if value.get("redactedContent"):
        block.hidden.append(read_text(value["redactedContent"]))
    return _Chunk(reasoning=thought)


def _arguments(value: Any, block: _Block, state: _State) -> _Chunk | None:
    piece = read_text(value.get("input"))
    block.arguments.append(piece)
    return _Chunk(tool_calls=(ToolCallDelta(block.call, arguments_json=piece),)) if block.call is not None else None


def _result(value: Any, block: _Block, state: _State) -> _Chunk | None:
    block.results += value
    return None


def _citation(value: Any, block: _Block, state: _State) -> _Chunk | None:
    block.cited.append(value)
    return None


_DELTAS: dict[str, Callable[[Any, _Block, _State], _Chunk | None]] = {
    "text": _text,
    "reasoningContent": _reasoning,
    "toolUse": _arguments,
    "toolResult": _result,
    "citation": _citation,
}


def _stop(payload: Mapping[str, Any], state: _State) -> _Chunk | None:
    block = state.blocks.get(payload.get("contentBlockIndex"))
    if block is None or not block.cited:
        return None
    return _Chunk(citations=tuple([citation_of(item, block.at, state.length) for item in block.cited]))


def _message_stop(payload: Mapping[str, Any], state: _State) -> _Chunk | None:
    finish, raw_finish = finish_of(payload.get("stopReason"))
    state.stopped = True
    content = [block.whole() for block in state.blocks.values()]
    return _Chunk(finish_reason=finish, raw_finish_reason=raw_finish, provider_data=kept(content, state.context))


def _metadata(payload: Mapping[str, Any], state: _State) -> _Chunk | None:
    state.over = state.stopped
    return _Chunk(usage=usage_of(payload.get("usage")))


_EVENTS: dict[str, Callable[[Mapping[str, Any], _State], _Chunk | None]] = {
    "messageStart": _message_start,
    "contentBlockStart": _start,
    "contentBlockDelta": _delta,
    "contentBlockStop": _stop,
    "messageStop": _message_stop,
    "metadata": _metadata,
}
