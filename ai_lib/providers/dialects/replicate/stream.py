"""The events of a streamed prediction as chunks.

Source: https://replicate.com/docs/reference/streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.replicate.decode import canceled_error, failure_error
from ai_lib.providers.reading import checked_stream, parse_events, read_text
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.utils import json

__all__ = ["decode_stream"]


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from name and data of its events; unknown ones, such as "logs", are ignored."""
    for event in parse_events(events):
        kind = event["event"]
        if kind == "output":
            yield ChatCompletionChunk(read_text(event["data"]), raw=event)
        elif kind == "error":
            data = read_text(event["data"])
            fields = _fields_of(data)
            reason = fields.get("detail") or fields.get("error") or data or "the prediction failed"
            raise failure_error(reason, context)
        elif kind == "done":
            reason = _fields_of(read_text(event["data"])).get("reason")
            if reason == "canceled":
                raise canceled_error()
            if reason == "error":
                raise failure_error("the prediction failed", context)
            yield ChatCompletionChunk(finish_reason="stop", raw_finish_reason="succeeded", raw=event)
            return
    raise StreamInterruptedError("the stream ended before the event done")


def _fields_of(data: str) -> Mapping[str, Any]:
    """Return the JSON object in the data of an event; errors come as JSON and as plain text."""
    try:
        fields = json.loads(data)
    except ValueError:
        return {}
    return fields if isinstance(fields, Mapping) else {}
