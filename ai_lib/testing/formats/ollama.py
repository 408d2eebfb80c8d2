"""Ollama's native API.

Source: https://docs.ollama.com/api
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.formats.wire_format import WireFormat, body_field, model_of, present
from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.request import SentRequest
from ai_lib.utils import json

__all__ = ["FORMAT"]

_CREATED = "2026-01-01T00:00:00Z"
# It has no reason for tool calls, and none for refusals.
_DONE_REASONS = {"stop": "stop", "length": "length", "tool_calls": "stop", "content_filter": "stop"}


class _OllamaFormat(WireFormat):
    stream_type = "application/x-ndjson"

    def encode_answer(self, answer: Answer, request: SentRequest) -> dict[str, Any]:
        return {**_line(request, answer.text, _calls(answer)), **_end(answer)}

    def encode_events(self, answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
        for piece in answer.chunks:
            yield _line(request, piece)
        if answer.calls:
            yield _line(request, "", _calls(answer))
        if not answer.is_cut:
            yield {**_line(request, ""), **_end(answer)}

    def encode_error(self, failure: Failure) -> dict[str, Any]:
        return {"error": failure.message}

    def encode_models(self, ids: tuple[str, ...]) -> dict[str, Any]:
        return {"models": [{"name": name, "model": name, "modified_at": _CREATED, "size": 1} for name in ids]}

    def frame(self, event: Any) -> bytes:
        return json.dumps(event) + b"\n"

    def wants_stream(self, request: SentRequest) -> bool:
        # Unlike the other APIs, it streams unless the request says `"stream": false`.
        return body_field(request, "stream") is not False


def _line(request: SentRequest, text: str, calls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **present(tool_calls=calls or None)}
    return {"model": model_of(request), "created_at": _CREATED, "message": message, "done": False}


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "function": {"name": call.name, "arguments": call.arguments_object}} for call in answer.calls
    ]


def _end(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    counts = {} if usage is None else {"prompt_eval_count": usage.prompt_tokens, "eval_count": usage.completion_tokens}
    return {"done": True, "done_reason": _DONE_REASONS[answer.finish_reason], "total_duration": 1_000_000, **counts}


FORMAT = _OllamaFormat()
