"""The lines of a streamed answer as chunks: each one is an answer with the text that is new.

Source: https://docs.ollama.com/api/streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.ollama_native.decode import decode_calls, decode_finish, decode_logprobs, find_message
from ai_lib.providers.dialects.ollama_native.usage import decode_usage
from ai_lib.providers.reading import checked_stream, read_text
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.utils import json

__all__ = ["decode_stream"]


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from its lines."""
    lines = iter(events)
    calls = 0
    for line in lines:
        payload: Any
        try:
            payload = json.loads(line)
        except ValueError:
            if next(lines, None) is None:
                break  # the last line was cut off
            raise
        if not isinstance(payload, Mapping):
            raise ValueError(f"expected an object, got {type(payload).__name__}")  # noqa: TRY004 - see `checked_stream`
        # The last line may come without a message.
        message = find_message(payload, context) if "message" in payload or not payload.get("done") else {}
        deltas: tuple[ToolCallDelta, ...] = ()
        if message.get("tool_calls"):
            deltas = tuple([ToolCallDelta(calls + at, *call) for at, call in enumerate(decode_calls(message))])
            calls += len(deltas)
        done = payload.get("done") is True
        finish, raw_finish = decode_finish(payload, called=calls > 0) if done else (None, None)
        yield ChatCompletionChunk(
            read_text(message.get("content")),
            read_text(message.get("thinking")),
            deltas,
            finish,
            raw_finish,
            usage=decode_usage(payload) if done else None,
            logprobs=decode_logprobs(payload),
            model=payload.get("model"),
            raw=payload,
        )
        if done:
            return
    raise StreamInterruptedError("the stream ended before the line with done=true")
