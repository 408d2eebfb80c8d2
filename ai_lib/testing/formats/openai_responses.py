"""OpenAI's Responses API.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_lib.testing.formats.openai_chat import OpenAIChatFormat
from ai_lib.testing.formats.wire_format import CREATED, halves, model_of
from ai_lib.testing.replies import Answer, CalledTool
from ai_lib.testing.request import SentRequest

__all__ = ["FORMAT"]

_INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


class _OpenAIResponsesFormat(OpenAIChatFormat):
    named_events = True

    def encode_answer(self, answer: Answer, request: SentRequest) -> dict[str, Any]:
        response = _response(request)
        if answer.chunks or not answer.calls:
            response["output"].append(_message(answer.text, request))
        for number, call in enumerate(answer.calls, 1):
            response["output"].append(_call(call, request, number))
        reason = _INCOMPLETE_REASONS.get(answer.finish_reason)
        response["status"] = "incomplete" if reason else "completed"
        response["incomplete_details"] = {"reason": reason} if reason else None
        usage = answer.usage
        if usage is not None:
            response["usage"] = {
                "input_tokens": usage.prompt_tokens,
                "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
                "output_tokens": usage.completion_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
                "total_tokens": usage.total_tokens,
            }
        return response

    def encode_events(self, answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
        for number, event in enumerate(self._events(answer, request)):
            yield {**event, "sequence_number": number}

    def _events(self, answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
        yield {"type": "response.created", "response": _response(request)}
        first_call = 0
        if answer.chunks or not answer.calls:
            first_call = 1
            yield from _message_events(answer, request)
        for number, call in enumerate(answer.calls, 1):
            item = _call(call, request, number)
            index = {"output_index": first_call + number - 1}
            started = {**item, "arguments": "", "status": "in_progress"}
            yield {"type": "response.output_item.added", **index, "item": started}
            index["item_id"] = item["id"]
            for piece in halves(call.arguments_json):
                yield {"type": "response.function_call_arguments.delta", **index, "delta": piece}
            done = {"name": call.name, "arguments": call.arguments_json}
            yield {"type": "response.function_call_arguments.done", **index, **done}
            yield {"type": "response.output_item.done", "output_index": index["output_index"], "item": item}
        if not answer.is_cut:
            response = self.encode_answer(answer, request)
            yield {"type": f"response.{response['status']}", "response": response}


def _message_events(answer: Answer, request: SentRequest) -> Iterator[dict[str, Any]]:
    item = _message(answer.text, request)
    started = {**item, "status": "in_progress", "content": []}
    part = {"output_index": 0, "item_id": item["id"], "content_index": 0}
    yield {"type": "response.output_item.added", "output_index": 0, "item": started}
    yield {"type": "response.content_part.added", **part, "part": {**item["content"][0], "text": ""}}
    for piece in answer.chunks:
        yield {"type": "response.output_text.delta", **part, "delta": piece, "logprobs": []}
    if answer.is_cut and not answer.calls:
        return
    yield {"type": "response.output_text.done", **part, "text": answer.text, "logprobs": []}
    yield {"type": "response.content_part.done", **part, "part": item["content"][0]}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _response(request: SentRequest) -> dict[str, Any]:
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


def _message(text: str, request: SentRequest) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    item_id = f"msg_{request.number}"
    return {"type": "message", "id": item_id, "role": "assistant", "status": "completed", "content": content}


def _call(call: CalledTool, request: SentRequest, number: int) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{request.number}_{number}",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments_json,
        "status": "completed",
    }


FORMAT = _OpenAIResponsesFormat()
