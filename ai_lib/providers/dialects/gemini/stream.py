"""The events of streamGenerateContent as chunks.

Source: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ai_lib.errors import StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.gemini.decode import Answer
from ai_lib.providers.reading import checked_stream, parse_events
from ai_lib.types.chunk import ChatCompletionChunk

__all__ = ["decode_stream"]


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream from the data of its events."""
    answer = Answer(context)
    for payload in parse_events(events):
        yield from answer.read(payload)
    # No event marks the end: some services send a finish reason in every event, so that the first one is not the end.
    if not answer.candidates or len(answer.finished) < len(answer.candidates):
        raise StreamInterruptedError("the stream ended without a finish reason")
    yield from answer.finish()
