"""Predictions, their streams and lists of models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import AiLibError, InvalidResponseError, ProviderError, StreamInterruptedError
from ai_lib.providers.dialect import Context, NextRequest
from ai_lib.providers.reading import checked_stream, first_int, first_list, parse_events, read_text, usage_fields
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.message import Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.usage import Usage
from ai_lib.utils import json
from ai_lib.utils.times import parse_date

__all__ = ["decode", "decode_models", "decode_stream", "next_request"]

_UNFINISHED = frozenset({"queued", "starting", "processing"})
_WAIT = 0.5  # as the vendor's own client has it
_CODE = re.compile(r"\bE\d{3,4}\b")


def next_request(payload: Any, stream: bool) -> NextRequest | None:
    """Return where the answer is to be had, or None when it is here.

    Args:
        payload: The decoded JSON of a prediction.
        stream: Whether a stream is wanted.
    """
    if payload["status"] not in _UNFINISHED:
        return None
    urls = payload.get("urls") or {}
    polled = NextRequest(url=read_text(urls["get"]), wait=_WAIT) if urls.get("get") else None
    if stream and urls.get("stream"):
        then = attrs.evolve(polled, wait=0.0) if polled is not None else None
        return NextRequest(url=read_text(urls["stream"]), stream=True, then=then)
    return polled


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON of a prediction.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The prediction failed, or the payload is an error object.
        InvalidResponseError: It is not a prediction, or not a finished one.
    """
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    status = payload.get("status")
    _check(status, payload, context)
    usage = _usage(payload.get("metrics"))
    created = parse_date(payload.get("created_at"))
    message = Message(role=Role.ASSISTANT, content=_output(payload.get("output")) or None)
    return ChatCompletionResponse(
        id=payload.get("id") or None,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(Choice(message=message, finish_reason="stop", raw_finish_reason=status),),
        **usage_fields(usage),
        created=None if created is None else int(created.timestamp()),
        raw=payload,
        **facts,
    )


def _check(status: Any, payload: Mapping[str, Any], context: Context) -> None:
    if status == "succeeded":
        return
    if status in ("canceled", "aborted"):
        raise _canceled()
    if status == "failed" or payload.get("error") or payload.get("detail"):
        raise _failed(payload.get("error") or payload.get("detail"), context)
    unfinished = isinstance(status, str) and status in _UNFINISHED
    raise InvalidResponseError(
        f"the prediction is {status} and tells not where to go on" if unfinished else "the answer is not a prediction",
        code="malformed_answer",
    )


def _failed(reason: Any, context: Context) -> AiLibError:
    """Return the error for a reason such as "The input was flagged as sensitive. (E005)"."""
    message = reason if isinstance(reason, str) else json.dumps(reason).decode()
    found = _CODE.search(message)
    return context.fail({"error": message, "code": found[0] if found else "prediction_failed"})


def _canceled() -> ProviderError:
    return ProviderError("the prediction was canceled", code="canceled", retryable=False)


def _output(output: Any) -> str:
    """Return the text of an output: a string, or pieces of one."""
    if isinstance(output, list):
        return "".join([read_text(piece) for piece in output])
    return read_text(output)


def _usage(metrics: Any) -> Usage | None:
    if not isinstance(metrics, Mapping):
        return None
    prompt = first_int(metrics.get("input_token_count"), metrics.get("token_input_count"))
    completion = first_int(metrics.get("output_token_count"), metrics.get("token_output_count"))
    if prompt is None and completion is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream; others than "output", "error" and "done" (such as "logs") are passed over.

    Args:
        events: Name and data of each event, as JSON.
        context: The provider.

    Raises:
        AiLibError: An event tells of an error.
        InvalidResponseError: An event is not formed as promised.
        StreamInterruptedError: The events end before the one that says done.
    """
    for event in parse_events(events):
        make = _EVENTS.get(event["event"])
        if make is not None:
            yield make(read_text(event["data"]), event, context)
            if event["event"] == "done":
                return
    raise StreamInterruptedError("the stream ended before the event that says done")


def _piece(data: str, event: Mapping[str, Any], context: Context) -> ChatCompletionChunk:
    return ChatCompletionChunk(data, raw=event)


def _error(data: str, event: Mapping[str, Any], context: Context) -> ChatCompletionChunk:
    told = _told(data)
    raise _failed(told.get("detail") or told.get("error") or data or "the prediction failed", context)


def _done(data: str, event: Mapping[str, Any], context: Context) -> ChatCompletionChunk:
    reason = _told(data).get("reason")
    if reason == "canceled":
        raise _canceled()
    if reason == "error":
        raise _failed("the prediction failed", context)
    return ChatCompletionChunk(finish_reason="stop", raw_finish_reason="succeeded", raw=event)


def _told(data: str) -> Mapping[str, Any]:
    """Return the JSON object in an event's data; errors come as JSON and as plain text."""
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


_EVENTS: dict[str, Callable[[str, Mapping[str, Any], Context], ChatCompletionChunk]] = {
    "output": _piece,
    "error": _error,
    "done": _done,
}


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of a collection {models: [...]}, or of a page of all models {results: [...]}.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: It is not a list of models.
    """
    return [
        ModelInfo(
            f"{entry['owner']}/{entry['name']}",
            context.provider,
            owned_by=entry["owner"],
            name=entry["name"],
            raw=entry,
        )
        for entry in first_list(payload, context, "models", "results")
        if entry.get("owner") and entry.get("name")
    ]
