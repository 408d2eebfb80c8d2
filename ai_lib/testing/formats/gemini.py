"""Google's generateContent, of the Gemini API and of Vertex AI.

Source: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.formats.wire_format import WireFormat, present
from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.request import SentRequest
from ai_lib.utils import json

__all__ = ["FORMAT"]

# A function call ends with STOP as well.
_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
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


class _GeminiFormat(WireFormat):
    def encode_answer(self, answer: Answer, request: SentRequest) -> dict[str, Any]:
        text = [{"text": answer.text}] if answer.text or not answer.calls else []
        return {**_candidate(answer, request, [*text, *_calls(answer)], is_last=True), **_usage(answer)}

    def encode_events(self, answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
        for piece in answer.chunks:
            yield _candidate(answer, request, [{"text": piece}])
        calls = _calls(answer)
        if not answer.is_cut:
            yield {**_candidate(answer, request, calls or [{"text": ""}], is_last=True), **_usage(answer)}
        elif calls:
            yield _candidate(answer, request, calls)

    def encode_error(self, failure: Failure) -> dict[str, Any]:
        details: list[dict[str, Any]] = []
        if failure.code is not None:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            details.append({"@type": kind, "reason": failure.code, "domain": "googleapis.com"})
        if failure.retry_after is not None:
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            details.append({"@type": kind, "retryDelay": f"{failure.retry_after:g}s"})
        status = _STATUSES.get(failure.status, "UNKNOWN")
        error = {"code": failure.status, "message": failure.message, "status": status}
        return {"error": {**error, **present(details=details or None)}}

    def encode_models(self, ids: tuple[str, ...]) -> dict[str, Any]:
        methods = ["generateContent", "countTokens"]
        return {
            "models": [
                {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods} for name in ids
            ]
        }

    def frame(self, event: Any) -> bytes:
        # The only API here that ends its lines with CRLF.
        return b"data: %s\r\n\r\n" % json.dumps(event)

    def wants_stream(self, request: SentRequest) -> bool:
        return request.path.endswith(":streamGenerateContent")


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"functionCall": {"id": call.id, "name": call.name, "args": call.arguments_object}} for call in answer.calls
    ]


def _candidate(
    answer: Answer, request: SentRequest, parts: list[dict[str, Any]], *, is_last: bool = False
) -> dict[str, Any]:
    reason = {"finishReason": _FINISH_REASONS[answer.finish_reason]} if is_last else {}
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **reason}],
        "modelVersion": request.path.rpartition(":")[0].rpartition("/")[2],
        "responseId": f"resp-{request.number}",
    }


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    if usage is None:
        return {}
    counts = {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.answer_tokens,
        "totalTokenCount": usage.total_tokens,
        **present(cachedContentTokenCount=usage.cached_tokens, thoughtsTokenCount=usage.reasoning_tokens),
    }
    return {"usageMetadata": counts}


FORMAT = _GeminiFormat()
