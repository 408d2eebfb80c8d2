"""OpenAI's Responses API.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.replies import Answer, CalledTool
from ai_lib.testing.sent import SentRequest
from ai_lib.testing.wire.format import CREATED, WireFormat, by_flag, call_id, halves, model_of, named_sse
from ai_lib.testing.wire.openai_chat import failure, models
from ai_lib.types.usage import Usage

__all__ = ["FORMAT"]

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _whole(answer: Answer, request: SentRequest) -> dict[str, Any]:
    reason = _INCOMPLETE.get(answer.finish_reason)
    return {
        **_begun(request),
        "status": "completed" if reason is None else "incomplete",
        "incomplete_details": None if reason is None else {"reason": reason},
        "output": _items(answer, request),
        "usage": _usage(answer.usage),
    }


def _begun(request: SentRequest) -> dict[str, Any]:
    return {
        "id": f"resp_{request.number}",
        "object": "response",
        "created_at": CREATED,
        "model": model_of(request),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": None,
    }


def _items(answer: Answer, request: SentRequest) -> list[dict[str, Any]]:
    said = [_message(answer.text, request)] if answer.chunks or not answer.calls else []
    return [*said, *(_call(call, request, place) for place, call in enumerate(answer.calls))]


def _message(text: str, request: SentRequest, status: str = "completed") -> dict[str, Any]:
    content = [_part(text)] if status == "completed" else []
    return {"type": "message", "id": f"msg_{request.number}", "role": "assistant", "status": status, "content": content}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _call(call: CalledTool, request: SentRequest, place: int, arguments: str | None = None) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{request.number}_{place + 1}",
        "call_id": call_id(call, request, place),
        "name": call.name,
        "arguments": call.arguments_json if arguments is None else arguments,
        "status": "completed" if arguments is None else "in_progress",
    }


def _events(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    for number, event in enumerate(_steps(answer, request)):
        yield {**event, "sequence_number": number}


def _steps(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    if answer.is_cut and not (answer.chunks or answer.calls):
        return
    yield {"type": "response.created", "response": _begun(request)}
    first = 0
    if answer.chunks or not answer.calls:
        first = 1
        yield from _said(answer, request)
    for place, call in enumerate(answer.calls):
        yield from _called(call, request, place, first + place)
    if not answer.is_cut:
        response = _whole(answer, request)
        yield {"type": f"response.{response['status']}", "response": response}


def _said(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    item = _message(answer.text, request)
    where = {"output_index": 0, "item_id": item["id"], "content_index": 0}
    yield {"type": "response.output_item.added", "output_index": 0, "item": _message("", request, "in_progress")}
    yield {"type": "response.content_part.added", **where, "part": _part("")}
    for piece in answer.chunks:
        yield {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []}
    if answer.is_cut and not answer.calls:
        return
    yield {"type": "response.output_text.done", **where, "text": answer.text, "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": _part(answer.text)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _called(call: CalledTool, request: SentRequest, place: int, index: int) -> Iterator[dict[str, Any]]:
    item = _call(call, request, place)
    where = {"output_index": index, "item_id": item["id"]}
    begun = _call(call, request, place, arguments="")
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    for piece in halves(call.arguments_json):
        yield {"type": "response.function_call_arguments.delta", **where, "delta": piece}
    done = {"name": call.name, "arguments": call.arguments_json}
    yield {"type": "response.function_call_arguments.done", **where, **done}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.total_tokens,
    }


FORMAT = WireFormat(whole=_whole, events=_events, frame=named_sse, failure=failure, models=models, streams=by_flag)
