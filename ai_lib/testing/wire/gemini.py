"""Google's generateContent, of the Gemini API and of Vertex AI.

Source: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire.format import WireFormat, call_id, present
from ai_lib.types.usage import Usage
from ai_lib.utils import json

__all__ = ["FORMAT"]

# A call of a function ends with STOP as well.
_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
# https://cloud.google.com/apis/design/errors#handling_errors
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _whole(answer: Answer, request: SentRequest) -> dict[str, Any]:
    said = [{"text": answer.text}] if answer.text or not answer.calls else []
    return _response(answer, request, [*said, *_calls(answer, request)], ended=True)


def _events(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    for piece in answer.chunks:
        yield _response(answer, request, [{"text": piece}])
    calls = _calls(answer, request)
    if answer.is_cut:
        if calls:
            yield _response(answer, request, calls)
        return
    yield _response(answer, request, calls or [{"text": ""}], ended=True)


def _calls(answer: Answer, request: SentRequest) -> list[dict[str, Any]]:
    return [
        {"functionCall": {"id": call_id(call, request, place), "name": call.name, "args": call.arguments_object}}
        for place, call in enumerate(answer.calls)
    ]


def _response(
    answer: Answer, request: SentRequest, parts: list[dict[str, Any]], *, ended: bool = False
) -> dict[str, Any]:
    reason = {"finishReason": _REASONS[answer.finish_reason]} if ended else {}
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **reason}],
        **(present(usageMetadata=_usage(answer.usage)) if ended else {}),
        "modelVersion": request.path.rpartition(":")[0].rpartition("/")[2],
        "responseId": f"resp-{request.number}",
    }


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.answer_tokens,
        "totalTokenCount": usage.total_tokens,
        **present(cachedContentTokenCount=usage.cached_tokens, thoughtsTokenCount=usage.reasoning_tokens),
    }


def _failure(reply: Failure) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if reply.code is not None:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        details.append({"@type": kind, "reason": reply.code, "domain": "googleapis.com"})
    if reply.retry_after is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        details.append({"@type": kind, "retryDelay": f"{reply.retry_after:g}s"})
    named = {"code": reply.status, "message": reply.message, "status": _STATUSES.get(reply.status, "UNKNOWN")}
    return {"error": {**named, **({"details": details} if details else {})}}


def _models(ids: tuple[str, ...]) -> dict[str, Any]:
    methods = ["generateContent", "countTokens"]
    return {
        "models": [
            {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods} for name in ids
        ]
    }


def _frame(event: Any) -> bytes:
    # This API alone ends its lines like this.
    return b"data: %s\r\n\r\n" % json.dumps(event)


def _streams(request: SentRequest) -> bool:
    return request.path.endswith(":streamGenerateContent")


FORMAT = WireFormat(whole=_whole, events=_events, frame=_frame, failure=_failure, models=_models, streams=_streams)
