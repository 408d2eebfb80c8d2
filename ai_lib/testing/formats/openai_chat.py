"""Chat completions, the format of OpenAI and most other providers.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ai_lib.testing.formats.wire_format import CREATED, WireFormat, body_field, halves, model_of, present
from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.request import SentRequest
from ai_lib.types.usage import Usage

__all__ = ["FORMAT", "OpenAIChatFormat"]

_ERROR_TYPES = {
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}
_ERROR_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


class OpenAIChatFormat(WireFormat):
    """Chat completions."""

    def encode_answer(self, answer: Answer, request: SentRequest) -> dict[str, Any]:
        """Return a `chat.completion` object."""
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_json}}
            for call in answer.calls
        ]
        message = {"role": "assistant", "content": answer.text if answer.text or not calls else None, "refusal": None}
        choice = {
            "index": 0,
            "message": {**message, **present(tool_calls=calls or None)},
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        return {**_head(request, "chat.completion"), "choices": [choice], **_usage(answer.usage)}

    def encode_events(self, answer: Answer, request: SentRequest) -> Iterator[Any]:
        """Yield `chat.completion.chunk` objects, then [DONE]."""
        head = _head(request, "chat.completion.chunk")
        for delta in _deltas(answer):
            yield {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
        if answer.is_cut:
            return
        options, usage = body_field(request, "stream_options"), _usage(answer.usage)
        last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": answer.finish_reason}
        if isinstance(options, Mapping) and options.get("include_usage") is True:
            yield {**head, "choices": [last]}
            if usage:
                yield {**head, "choices": [], **usage}
        else:  # Mistral and DeepSeek, which send the usage without being asked, put it into the last chunk
            yield {**head, "choices": [last], **usage}
        yield "[DONE]"

    def encode_error(self, failure: Failure) -> dict[str, Any]:
        """Return an error as OpenAI's APIs write it."""
        kind = _ERROR_TYPES.get(failure.status, "invalid_request_error" if failure.status < 500 else "server_error")
        code = failure.code or _ERROR_CODES.get(failure.status)
        return {"error": {"message": failure.message, "type": kind, "param": None, "code": code}}

    def encode_models(self, ids: tuple[str, ...]) -> dict[str, Any]:
        """Return a list of models as OpenAI's APIs write it."""
        entries = [{"id": name, "object": "model", "created": CREATED, "owned_by": "test"} for name in ids]
        return {"object": "list", "data": entries}


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": "" if answer.chunks or not answer.calls else None}
    for piece in answer.chunks:
        yield {"content": piece}
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]}
        for piece in halves(call.arguments_json):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _head(request: SentRequest, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request.number}", "object": kind, "created": CREATED, "model": model_of(request)}


def _usage(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {}
    prompt = present(cached_tokens=usage.cached_tokens, cache_write_tokens=usage.cache_write_tokens)
    completion = present(reasoning_tokens=usage.reasoning_tokens)
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        **present(prompt_tokens_details=prompt or None, completion_tokens_details=completion or None),
    }
    return {"usage": counts}


FORMAT = OpenAIChatFormat()
