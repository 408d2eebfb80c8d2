"""The answers of generateContent, streamGenerateContent and of GET /models as our values.

Source: https://ai.google.dev/api/generate-content#generatecontentresponse, https://ai.google.dev/api/models
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.gemini.candidates import Reader
from ai_lib.providers.reading import check_object, count, json_events, listed, typed
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.fold import Fold
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["decode", "decode_models", "decode_stream", "next_page"]


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer: it has the shape of a stream's only event.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object, or the answer failed.
        ContentFilterError: The prompt was blocked.
        InvalidResponseError: It is no answer.
    """
    check_object(payload)
    reader, fold = Reader(context), Fold()
    for chunk in reader.chunks(payload):
        fold.add(chunk)
    if not reader.candidates:
        raise InvalidResponseError(
            f"the answer has no candidates; its keys are: {', '.join(map(str, payload)) or 'none'}",
            code="no_choices",
            hint="Check that base_url is that of the Gemini API",
        )
    for chunk in reader.rest():
        fold.add(chunk)
    return fold.response(ended=True, provider=context.provider, **facts)


@typed
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream; nothing marks its end but the finish reason of every candidate.

    Args:
        events: The data of each event, in order.
        context: The provider.

    Raises:
        AiLibError: An event is an error object, or the answer failed.
        InvalidResponseError: An event is not formed as promised.
        StreamInterruptedError: The events end before every candidate has told why it ended.
    """
    reader = Reader(context)
    for payload in json_events(events):
        yield from reader.chunks(payload)
    if not reader.finished:
        raise StreamInterruptedError("the stream ended without a finish reason")
    yield from reader.rest()


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of one page.

    Raises:
        InvalidResponseError: It is no list of models.
    """
    entries = listed(payload, context, "models", "publisherModels")
    return [_model(entry, context.provider) for entry in entries if entry.get("name")]


def _model(entry: Mapping[str, Any], provider: str) -> ModelInfo:
    return ModelInfo(
        str(entry["name"]).removeprefix("publishers/google/").removeprefix("models/"),
        provider,
        name=entry.get("displayName"),
        context_window=count(entry.get("inputTokenLimit")),
        max_output_tokens=count(entry.get("outputTokenLimit")),
        raw=entry,
    )


def next_page(payload: Any) -> Mapping[str, str] | None:
    """Return what to add to the query for the next page of models; None at the end."""
    token = payload.get("nextPageToken") if isinstance(payload, Mapping) else None
    return {"pageToken": str(token)} if token else None
