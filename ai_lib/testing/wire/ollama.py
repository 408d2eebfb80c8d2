"""Ollama's own API.

Source: https://docs.ollama.com/api
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire.format import WireFormat, call_id, model_of, ndjson

__all__ = ["FORMAT"]

_CREATED = "2026-01-01T00:00:00Z"
# It has no words for a call and for a refusal.
_REASONS = {"stop": "stop", "length": "length", "tool_calls": "stop", "content_filter": "stop"}


def _whole(answer: Answer, request: SentRequest) -> dict[str, Any]:
    return _line(request, answer.text, calls=_calls(answer, request), **_end(answer))


def _events(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    for piece in answer.chunks:
        yield _line(request, piece)
    if answer.calls:
        yield _line(request, "", calls=_calls(answer, request))
    if not answer.is_cut:
        yield _line(request, "", **_end(answer))


def _line(
    request: SentRequest, text: str, calls: list[dict[str, Any]] | None = None, *, done: bool = False, **end: Any
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
    return {"model": model_of(request), "created_at": _CREATED, "message": message, "done": done, **end}


def _calls(answer: Answer, request: SentRequest) -> list[dict[str, Any]]:
    return [
        {"id": call_id(call, request, place), "function": {"name": call.name, "arguments": call.arguments_object}}
        for place, call in enumerate(answer.calls)
    ]


def _end(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    counts = {} if usage is None else {"prompt_eval_count": usage.prompt_tokens, "eval_count": usage.completion_tokens}
    return {"done": True, "done_reason": _REASONS[answer.finish_reason], "total_duration": 1_000_000, **counts}


def _failure(reply: Failure) -> dict[str, Any]:
    return {"error": reply.message}


def _models(ids: tuple[str, ...]) -> dict[str, Any]:
    return {"models": [{"name": name, "model": name, "modified_at": _CREATED, "size": 1} for name in ids]}


def _streams(request: SentRequest) -> bool:
    # Unlike everybody else it streams unless told not to.
    return request.json.get("stream") is not False


FORMAT = WireFormat(
    whole=_whole,
    events=_events,
    frame=ndjson,
    failure=_failure,
    models=_models,
    streams=_streams,
    stream_type="application/x-ndjson",
)
