"""The events of a streamed chat as chunks.

Source: https://docs.cohere.com/v2/docs/streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.cohere_v2.decode import decode_citation, decode_finish, decode_provider_data
from ai_lib.providers.dialects.cohere_v2.usage import decode_usage
from ai_lib.providers.reading import checked_stream, parse_events, read_int, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.fold import arguments_text

__all__ = ["decode_stream"]

_LAST = "message-end"


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from the data of its events; an event for an answer broken off raises."""
    answer = _Answer(context)
    for event in parse_events(events):
        kind = event.get("type")
        decode = _EVENTS.get(kind)
        if decode is not None:
            yield ChatCompletionChunk(raw=event, **decode(answer, event))
            if kind == _LAST:
                return
        elif kind is None and (event.get("message") or event.get("error")):
            raise context.fail(event)
    raise StreamInterruptedError(f"the stream ended without {_LAST}")


@attrs.define
class _Answer:
    """The answer that a stream builds; one method for each kind of event, which returns the fields of its chunk."""

    context: Context
    length: int = 0  # of the text
    starts: dict[int, int] = attrs.field(factory=dict)  # where each block of the content starts in it
    plan: list[str] = attrs.field(factory=list)

    def start(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": event.get("id") or None}

    def add_content(self, event: Mapping[str, Any]) -> dict[str, Any]:
        content = event["delta"]["message"]["content"]
        self.starts.setdefault(event.get("index") or 0, self.length)
        text = read_text(content.get("text"))
        self.length += len(text)
        logprobs = event.get("logprobs")
        return {
            "text": text,
            "reasoning": read_text(content.get("thinking")),
            "logprobs": {"logprobs": [logprobs]} if logprobs else None,
        }

    def add_plan(self, event: Mapping[str, Any]) -> dict[str, Any]:
        self.plan.append(read_text(event["delta"]["message"].get("tool_plan")))
        return {}

    def add_call(self, event: Mapping[str, Any]) -> dict[str, Any]:
        call = event["delta"]["message"]["tool_calls"]  # an object here, not a list
        function = call.get("function") or {}
        arguments = function.get("arguments") or ""
        delta = ToolCallDelta(
            read_int(event.get("index")),
            str(call.get("id") or "") or None,
            read_text(function.get("name")) or None,
            arguments if isinstance(arguments, str) else arguments_text(arguments),
        )
        return {"tool_calls": (delta,)}

    def add_citation(self, event: Mapping[str, Any]) -> dict[str, Any]:
        cited = event["delta"]["message"]["citations"]
        citations = cited if isinstance(cited, list) else [cited]
        return {"citations": tuple([decode_citation(citation, self.starts) for citation in citations])}

    def end(self, event: Mapping[str, Any]) -> dict[str, Any]:
        delta = event.get("delta") or {}
        finish, raw_finish = decode_finish(delta, self.context)
        return {
            "finish_reason": finish,
            "raw_finish_reason": raw_finish,
            "usage": decode_usage(delta.get("usage")),
            "provider_data": decode_provider_data("".join(self.plan), self.context.owner),
        }


# The other events (content-end, tool-call-end, citation-end, debug) add nothing.
_EVENTS: dict[Any, Callable[[_Answer, Mapping[str, Any]], dict[str, Any]]] = {
    "message-start": _Answer.start,
    "content-start": _Answer.add_content,
    "content-delta": _Answer.add_content,
    "tool-plan-delta": _Answer.add_plan,
    "tool-call-start": _Answer.add_call,
    "tool-call-delta": _Answer.add_call,
    "citation-start": _Answer.add_citation,
    _LAST: _Answer.end,
}
