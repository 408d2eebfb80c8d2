"""The events of a streamed chat as chunks.

Source: https://docs.cohere.com/v2/docs/streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.cohere_v2.decode import citation_of, finish_of, kept, usage_of
from ai_lib.providers.reading import checked_stream, parse_events, read_int, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.fold import arguments_text

__all__ = ["decode_stream"]


@attrs.define
class _State:
    """What later events need to know of earlier ones.

    Args:
        context: The provider.
        length: The length of the text so far.
        starts: Where each block of the content begins in it.
        plan: The pieces of the plan for the calls.
    """

    context: Context
    length: int = 0
    starts: dict[int, int] = attrs.field(factory=dict)
    plan: list[str] = attrs.field(factory=list)


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream.

    Args:
        events: The data of each event, in order.
        context: The provider.

    Raises:
        AiLibError: An event says that the answer was broken off, or is an error object.
        InvalidResponseError: An event is not JSON.
        StreamInterruptedError: The events end without message-end.
    """
    state = _State(context)
    for event in parse_events(events):
        kind = event.get("type")
        read = _EVENTS.get(kind)
        if read is not None:
            yield read(event, state)
            if kind == _LAST:
                return
        elif kind is None and (event.get("message") or event.get("error")):
            raise context.fail(event)
    raise StreamInterruptedError(f"the stream ended without {_LAST}")


def _started(event: Mapping[str, Any], state: _State) -> ChatCompletionChunk:
    return ChatCompletionChunk(id=event.get("id") or None, raw=event)


def _content(event: Mapping[str, Any], state: _State) -> ChatCompletionChunk:
    content = event["delta"]["message"]["content"]
    state.starts.setdefault(event.get("index") or 0, state.length)
    text = read_text(content.get("text"))
    state.length += len(text)
    logprobs = event.get("logprobs")
    return ChatCompletionChunk(
        text=text,
        reasoning=read_text(content.get("thinking")),
        logprobs={"logprobs": [logprobs]} if logprobs else None,
        raw=event,
    )


def _plan(event: Mapping[str, Any], state: _State) -> ChatCompletionChunk:
    state.plan.append(read_text(event["delta"]["message"].get("tool_plan")))
    return ChatCompletionChunk(raw=event)


def _call(event: Mapping[str, Any], state: _State) -> ChatCompletionChunk:
    call = event["delta"]["message"]["tool_calls"]  # an object here, not a list
    function = call.get("function") or {}
    arguments = function.get("arguments") or ""
    delta = ToolCallDelta(
        read_int(event.get("index")),
        str(call.get("id") or "") or None,
        read_text(function.get("name")) or None,
        arguments if isinstance(arguments, str) else arguments_text(arguments),
    )
    return ChatCompletionChunk(tool_calls=(delta,), raw=event)


def _citation(event: Mapping[str, Any], state: _State) -> ChatCompletionChunk:
    cited = event["delta"]["message"]["citations"]
    found = cited if isinstance(cited, list) else [cited]
    return ChatCompletionChunk(citations=tuple([citation_of(item, state.starts) for item in found]), raw=event)


def _ended(event: Mapping[str, Any], state: _State) -> ChatCompletionChunk:
    delta = event.get("delta") or {}
    finish, raw_finish = finish_of(delta, state.context)
    return ChatCompletionChunk(
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        usage=usage_of(delta.get("usage")),
        provider_data=kept("".join(state.plan), state.context.owner),
        raw=event,
    )


_LAST = "message-end"
# The other events (content-end, tool-call-end, citation-end, debug) say nothing new.
_EVENTS: dict[Any, Callable[[Mapping[str, Any], _State], ChatCompletionChunk]] = {
    "message-start": _started,
    "content-start": _content,
    "content-delta": _content,
    "tool-plan-delta": _plan,
    "tool-call-start": _call,
    "tool-call-delta": _call,
    "citation-start": _citation,
    _LAST: _ended,
}
