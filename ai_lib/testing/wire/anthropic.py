"""Anthropic's Messages.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire.format import WireFormat, by_flag, call_id, halves, model_of, named_sse, present
from ai_lib.types.usage import Usage

__all__ = ["FORMAT"]

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
# https://platform.claude.com/docs/en/api/errors
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _whole(answer: Answer, request: SentRequest) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    for place, call in enumerate(answer.calls):
        content.append({**_tool_use(answer, request, place), "input": call.arguments_object})
    return {**_message(answer, request, _STOP_REASONS[answer.finish_reason]), "content": content}


def _message(answer: Answer, request: SentRequest, reason: str | None) -> dict[str, Any]:
    return {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": model_of(request),
        "content": [],
        "stop_reason": reason,
        "stop_sequence": None,
        **present(usage=_usage(answer.usage)),
    }


def _tool_use(answer: Answer, request: SentRequest, place: int) -> dict[str, Any]:
    call = answer.calls[place]
    return {"type": "tool_use", "id": call_id(call, request, place), "name": call.name, "input": {}}


def _events(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    if answer.is_cut and not (answer.chunks or answer.calls):
        return
    begun = _message(answer, request, None)
    if answer.usage is not None:
        begun["usage"] = {**begun["usage"], "output_tokens": 1}
    yield {"type": "message_start", "message": begun}
    first = 0
    if answer.chunks:
        first = 1
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        yield {"type": "ping"}
        for piece in answer.chunks:
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        if answer.is_cut and not answer.calls:
            return
        yield {"type": "content_block_stop", "index": 0}
    for place, call in enumerate(answer.calls):
        index = first + place
        yield {"type": "content_block_start", "index": index, "content_block": _tool_use(answer, request, place)}
        for piece in ("", *halves(call.arguments_json)):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    if not answer.is_cut:
        end = {"stop_reason": _STOP_REASONS[answer.finish_reason], "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, **present(usage=_usage(answer.usage))}
        yield {"type": "message_stop"}


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.uncached_prompt_tokens,
        **present(cache_read_input_tokens=usage.cached_tokens, cache_creation_input_tokens=usage.cache_write_tokens),
        "output_tokens": usage.completion_tokens,
    }


def _failure(reply: Failure) -> dict[str, Any]:
    kind = _TYPES.get(reply.status, "invalid_request_error" if reply.status < 500 else "api_error")
    return {"type": "error", "error": {"type": reply.code or kind, "message": reply.message}}


def _models(ids: tuple[str, ...]) -> dict[str, Any]:
    entries = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in ids
    ]
    ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
    return {"data": entries, "has_more": False, **ends}


def _streams(request: SentRequest) -> bool:
    # At Vertex the address asks for it.
    return by_flag(request) or request.path.endswith(":streamRawPredict")


FORMAT = WireFormat(
    whole=_whole,
    events=_events,
    frame=named_sse,
    failure=_failure,
    models=_models,
    streams=_streams,
    request_id="request-id",
)
