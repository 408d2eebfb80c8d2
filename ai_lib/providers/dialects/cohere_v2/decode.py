"""The answer of POST /v2/chat as a response.

Sources: https://docs.cohere.com/reference/chat, https://docs.cohere.com/docs/tool-use-overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.cohere_v2.usage import decode_usage
from ai_lib.providers.reading import check_object, finish_table, read_call, read_int, read_text, single_answer
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, FinishReason

__all__ = ["decode", "decode_citation", "decode_finish", "decode_provider_data"]

_FINISH = finish_table(stop="COMPLETE STOP_SEQUENCE", length="MAX_TOKENS", tool_calls="TOOL_CALL")
# Finish reasons that are failures.
_FAILED = frozenset({"ERROR", "TIMEOUT"})
# What citations may count in other than the text of the answer: these have no position in it.
_OUTSIDE_TEXT = ("PLAN", "THINKING_CONTENT")


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, an answer broken off and anything else raise."""
    check_object(payload)
    wire = payload.get("message")
    if not isinstance(wire, Mapping):
        if wire or payload.get("error"):  # the message of an error object is a string
            raise context.fail(payload)
        raise InvalidResponseError("the answer has no message", code="no_choices")
    logprobs = payload.get("logprobs")
    return single_answer(
        payload,
        context,
        decode_finish(payload, context),
        _decode_message(wire, payload.get("id") or None, context),
        decode_usage(payload.get("usage")),
        facts,
        logprobs={"logprobs": logprobs} if isinstance(logprobs, list) and logprobs else None,
    )


def _decode_message(wire: Mapping[str, Any], response_id: str | None, context: Context) -> Message:
    content = wire.get("content")
    text = reasoning = ""
    starts: dict[int, int] = {}
    for index, block in enumerate([{"text": content}] if isinstance(content, str) else content or ()):
        starts[index] = len(text)
        text += read_text(block.get("text"))
        reasoning += read_text(block.get("thinking"))
    calls = []
    for number, call in enumerate(wire.get("tool_calls") or ()):
        function = call.get("function") or {}
        call_id, name = str(call.get("id") or ""), read_text(function.get("name"))
        calls.append(read_call(call_id, name, arguments_text(function.get("arguments")), number, response_id))
    return Message(
        role=Role.ASSISTANT,
        content=text or None,
        tool_calls=calls,
        reasoning=reasoning or None,
        citations=[decode_citation(cited, starts) for cited in wire.get("citations") or ()],
        provider_data=decode_provider_data(read_text(wire.get("tool_plan")), context.owner),
    )


def decode_finish(wire: Mapping[str, Any], context: Context) -> tuple[FinishReason | None, str | None]:
    """Return why an answer ended, in the library's word and in the provider's; a failure raises."""
    if not wire.get("finish_reason"):
        return None, None
    raw = str(wire["finish_reason"])
    if raw in _FAILED:
        message = wire.get("error") or f"the provider broke the answer off: {raw}"
        raise context.fail({"message": message, "code": raw})
    return _FINISH.get(raw), raw


def decode_provider_data(plan: str, owner: str) -> dict[str, Any] | None:
    """Return the model's plan for its calls, which is not a part of the answer but goes back with them."""
    return {owner: {"tool_plan": plan}} if plan else None


def decode_citation(cited: Mapping[str, Any], starts: Mapping[int, int]) -> Citation:
    """Return a citation, with title and URL of the first document that has them; `starts` is that of each block."""
    offset = starts.get(cited.get("content_index") or 0, 0)
    start, end = (
        None if (at := read_int(cited.get(field))) is None or cited.get("type") in _OUTSIDE_TEXT else at + offset
        for field in ("start", "end")
    )
    found: dict[str, str] = {}
    for source in cited.get("sources") or ():
        for field, value in (source.get("document") or {}).items():
            if isinstance(value, str) and value:
                found.setdefault(field, value)
    return Citation(
        url=found.get("url"),
        title=found.get("title"),
        start=start,
        end=end,
        data=cited,
        cited_text=read_text(cited.get("text")) or None,
    )
