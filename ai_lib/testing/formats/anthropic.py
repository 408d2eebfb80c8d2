"""Anthropic's Messages API.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.formats.wire_format import WireFormat, halves, model_of, present
from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.request import SentRequest
from ai_lib.types.usage import Usage

__all__ = ["FORMAT"]

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
# https://platform.claude.com/docs/en/api/errors
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class _AnthropicFormat(WireFormat):
    request_id_header = "request-id"
    named_events = True

    def encode_answer(self, answer: Answer, request: SentRequest) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments_object}
            for call in answer.calls
        ]
        reason = _STOP_REASONS[answer.finish_reason]
        return {**_message(request, _usage(answer.usage)), "content": content, "stop_reason": reason}

    def encode_events(self, answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
        usage = _usage(answer.usage)
        # The first event counts the prompt and one token of the answer; the last but one counts the whole answer.
        yield {"type": "message_start", "message": _message(request, usage and {**usage, "output_tokens": 1})}
        first_call = 0
        if answer.chunks:
            yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
            yield {"type": "ping"}
            for piece in answer.chunks:
                yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            if answer.is_cut and not answer.calls:
                return
            yield {"type": "content_block_stop", "index": 0}
            first_call = 1
        for index, call in enumerate(answer.calls, first_call):
            block: dict[str, Any] = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            yield {"type": "content_block_start", "index": index, "content_block": block}
            for piece in ("", *halves(call.arguments_json)):
                delta = {"type": "input_json_delta", "partial_json": piece}
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        if not answer.is_cut:
            end = {"stop_reason": _STOP_REASONS[answer.finish_reason], "stop_sequence": None}
            yield {"type": "message_delta", "delta": end, **present(usage=usage)}
            yield {"type": "message_stop"}

    def encode_error(self, failure: Failure) -> dict[str, Any]:
        kind = _ERROR_TYPES.get(failure.status, "invalid_request_error" if failure.status < 500 else "api_error")
        return {"type": "error", "error": {"type": failure.code or kind, "message": failure.message}}

    def encode_models(self, ids: tuple[str, ...]) -> dict[str, Any]:
        entries = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in ids
        ]
        ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
        return {"data": entries, "has_more": False, **ends}

    def wants_stream(self, request: SentRequest) -> bool:
        # Vertex AI asks for a stream in the address.
        return super().wants_stream(request) or request.path.endswith(":streamRawPredict")


def _message(request: SentRequest, usage: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": model_of(request),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        **present(usage=usage),
    }


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.uncached_prompt_tokens,
        **present(cache_read_input_tokens=usage.cached_tokens, cache_creation_input_tokens=usage.cache_write_tokens),
        "output_tokens": usage.completion_tokens,
    }


FORMAT = _AnthropicFormat()
