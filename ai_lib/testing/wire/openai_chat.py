"""Chat completions, as OpenAI and most others speak them.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ai_lib.testing.replies import Answer, Failure
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire.format import CREATED, WireFormat, by_flag, call_id, halves, model_of, present, sse
from ai_lib.types.usage import Usage

__all__ = ["FORMAT", "failure", "models"]

_TYPES = {
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


def _whole(answer: Answer, request: SentRequest) -> dict[str, Any]:
    calls = [
        {"id": call_id(call, request, place), "type": "function",
         "function": {"name": call.name, "arguments": call.arguments_json}}
        for place, call in enumerate(answer.calls)
    ]  # fmt: skip
    message = {"role": "assistant", "content": answer.text if answer.text or not calls else None, "refusal": None}
    choice = {
        "index": 0,
        "message": {**message, **({"tool_calls": calls} if calls else {})},
        "logprobs": None,
        "finish_reason": answer.finish_reason,
    }
    return {**_head(request, "chat.completion"), "choices": [choice], **present(usage=_usage(answer.usage))}


def _events(answer: Answer, request: SentRequest) -> Iterator[Any]:
    head = _head(request, "chat.completion.chunk")
    for delta in _deltas(answer, request):
        yield {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
    if answer.is_cut:
        return
    usage, asked = present(usage=_usage(answer.usage)), _asks_usage(request)
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": answer.finish_reason}
    # Those that send it unasked, as Mistral and DeepSeek do, put it here.
    yield {**head, "choices": [last], **({} if asked else usage)}
    if asked and usage:
        yield {**head, "choices": [], **usage}
    yield "[DONE]"


def _deltas(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    if answer.chunks or answer.calls or not answer.is_cut:
        yield {"role": "assistant", "content": "" if answer.chunks or not answer.calls else None}
    for piece in answer.chunks:
        yield {"content": piece}
    for place, call in enumerate(answer.calls):
        begin = {
            "id": call_id(call, request, place),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield {"tool_calls": [{"index": place, **begin}]}
        for piece in halves(call.arguments_json):
            yield {"tool_calls": [{"index": place, "function": {"arguments": piece}}]}


def _head(request: SentRequest, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request.number}", "object": kind, "created": CREATED, "model": model_of(request)}


def _asks_usage(request: SentRequest) -> bool:
    options = request.json.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    prompt = present(cached_tokens=usage.cached_tokens, cache_write_tokens=usage.cache_write_tokens)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        **({"prompt_tokens_details": prompt} if prompt else {}),
        **present(
            completion_tokens_details=None
            if usage.reasoning_tokens is None
            else {"reasoning_tokens": usage.reasoning_tokens}
        ),
    }


def failure(reply: Failure) -> dict[str, Any]:
    """Return an error as OpenAI's APIs write it."""
    kind = _TYPES.get(reply.status, "invalid_request_error" if reply.status < 500 else "server_error")
    code = reply.code or _CODES.get(reply.status)
    return {"error": {"message": reply.message, "type": kind, "param": None, "code": code}}


def models(ids: tuple[str, ...]) -> dict[str, Any]:
    """Return a list of models as OpenAI's APIs write it."""
    entries = [{"id": name, "object": "model", "created": CREATED, "owned_by": "test"} for name in ids]
    return {"object": "list", "data": entries}


FORMAT = WireFormat(whole=_whole, events=_events, frame=sse, failure=failure, models=models, streams=by_flag)
