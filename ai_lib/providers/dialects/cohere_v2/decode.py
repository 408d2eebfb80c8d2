"""The answer of POST /v2/chat, and of GET /v1/models, as our values.

Sources: https://docs.cohere.com/reference/chat, https://docs.cohere.com/reference/list-models
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import check_object, first_int, first_list, read_int, read_text, usage_fields
from ai_lib.types.fold import arguments_text, synthetic_call_id
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage

__all__ = ["citation_of", "decode", "decode_models", "finish_of", "kept", "next_page", "usage_of"]

_FINISH: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}
# Finish reasons that are failures.
_FAILED = frozenset({"ERROR", "TIMEOUT"})


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object, or the answer was broken off.
        InvalidResponseError: It is not an answer.
    """
    check_object(payload)
    wire = payload.get("message")
    if not isinstance(wire, Mapping):
        if wire or payload.get("error"):  # an error object's message is text
            raise context.fail(payload)
        raise InvalidResponseError("the answer has no message", code="no_choices")
    finish, raw_finish = finish_of(payload, context)
    response_id = payload.get("id") or None
    usage = usage_of(payload.get("usage"))
    logprobs = payload.get("logprobs")
    choice = Choice(
        message=_message(wire, response_id, context.owner),
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        logprobs={"logprobs": logprobs} if isinstance(logprobs, list) and logprobs else None,
    )
    return ChatCompletionResponse(
        id=response_id,
        provider=context.provider,
        choices=(choice,),
        **usage_fields(usage),
        raw=payload,
        **facts,
    )


def finish_of(wire: Mapping[str, Any], context: Context) -> tuple[FinishReason | None, str | None]:
    """Return our word and the provider's for why an answer ended.

    Raises:
        AiLibError: The reason is a failure.
    """
    raw = wire.get("finish_reason")
    if not raw:
        return None, None
    raw = str(raw)
    if raw in _FAILED:
        message = wire.get("error") or f"the provider broke the answer off: {raw}"
        raise context.fail({"message": message, "code": raw})
    return _FINISH.get(raw), raw


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens that were read and written; those billed, far fewer, stay in `raw`."""
    if not wire or not isinstance(wire, Mapping):
        return None
    tokens = wire.get("tokens") or wire.get("billed_units") or {}
    prompt, completion = read_int(tokens.get("input_tokens")) or 0, read_int(tokens.get("output_tokens")) or 0
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=first_int(wire.get("cached_tokens")),
    )


def _message(wire: Mapping[str, Any], response_id: str | None, owner: str) -> Message:
    texts: list[str] = []
    thoughts: list[str] = []
    starts: dict[int, int] = {}
    for index, block in enumerate(_blocks(wire.get("content"))):
        starts[index] = sum(map(len, texts))
        texts.append(read_text(block.get("text")))
        thoughts.append(read_text(block.get("thinking")))
    calls = enumerate(wire.get("tool_calls") or ())
    return Message(
        role=Role.ASSISTANT,
        content="".join(texts) or None,
        tool_calls=[_tool_call(call, number, response_id) for number, call in calls],
        reasoning="".join(thoughts) or None,
        citations=[citation_of(cited, starts) for cited in wire.get("citations") or ()],
        provider_data=kept(read_text(wire.get("tool_plan")), owner),
    )


def kept(plan: str, owner: str) -> dict[str, Any] | None:
    """Return the model's plan for its calls, no part of the answer, so that it goes back with them.

    Source: https://docs.cohere.com/docs/tool-use-overview
    """
    return {owner: {"tool_plan": plan}} if plan else None


def _blocks(content: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(content, str):
        content = [{"text": content}]
    found: Iterable[Mapping[str, Any]] = content or ()
    return found


def _tool_call(call: Mapping[str, Any], number: int, response_id: str | None) -> ToolCall:
    function = call.get("function") or {}
    name = read_text(function.get("name"))
    if not name:
        raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
    return ToolCall(
        str(call.get("id") or "") or synthetic_call_id(response_id, number),
        name,
        arguments_text(function.get("arguments")),
    )


# Where what a citation counts in begins in the answer's text, for those that do not count in a block of text.
_ELSEWHERE: dict[Any, int | None] = {"PLAN": None, "THINKING_CONTENT": None}


def citation_of(cited: Mapping[str, Any], starts: Mapping[int, int]) -> Citation:
    """Return a citation; its source's title and address are those of the first document that has them.

    Args:
        cited: The provider's citation.
        starts: Where each block of the content begins in the answer's text.
    """
    kind = cited.get("type")
    offset = _ELSEWHERE[kind] if kind in _ELSEWHERE else starts.get(cited.get("content_index") or 0, 0)
    start, end = read_int(cited.get("start")), read_int(cited.get("end"))
    documents = [source.get("document") or {} for source in cited.get("sources") or ()]
    return Citation(
        url=_first(documents, "url"),
        title=_first(documents, "title"),
        start=start + offset if start is not None and offset is not None else None,
        end=end + offset if end is not None and offset is not None else None,
        data=cited,
        cited_text=read_text(cited.get("text")) or None,
    )


def _first(documents: Iterable[Mapping[str, Any]], field: str) -> str | None:
    return next((value for document in documents if isinstance(value := document.get(field), str) and value), None)


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models in one page of the list.

    Raises:
        InvalidResponseError: It is no such page.
    """
    return [
        ModelInfo(entry["name"], context.provider, context_window=first_int(entry.get("context_length")), raw=entry)
        for entry in first_list(payload, context, "models")
        if entry.get("name")
    ]


def next_page(payload: Any) -> Mapping[str, str] | None:
    """Return what to add to the query for the next page of models, or None at the end."""
    token = payload.get("next_page_token")
    return {"page_token": token} if token else None
