"""The answer of POST /responses as a response: a list of items, each with its type.

Sources: https://platform.openai.com/docs/api-reference/responses/object,
https://platform.openai.com/docs/guides/function-calling
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_responses.reasoning import decode_reasoning
from ai_lib.providers.dialects.openai_responses.usage import decode_usage
from ai_lib.providers.reading import check_object, missing_field, read_call, read_int, read_text, single_answer
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.utils import json

__all__ = [
    "CARRIED", "CUSTOM", "FUNCTION", "WRAPPERS", "decode", "decode_arguments", "decode_call_data", "decode_citation",
    "decode_finish", "decode_provider_data", "unwrap_calls",
]  # fmt: skip

FUNCTION = "function_call"
CUSTOM = "custom_tool_call"
"""The item of a call whose input is text of any form instead of JSON."""

CARRIED = ("caller", "namespace", "thought_signature")
"""Fields of a call that go back with it and with its result.

Source: https://platform.openai.com/docs/api-reference/responses/create (function_call_output), perplexityai 0.46.1
"""

WRAPPERS = frozenset({"parallel", "multi_tool_use.parallel"})
"""A tool that is not declared in any request, and that some models call with the calls they mean inside."""

_FINISH: dict[str, FinishReason] = {
    "completed": "stop",
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "max_output_tokens": "length",
    "length": "length",
    "content_filter": "content_filter",
}
# Items that leave work to the caller; those of tools that run at the provider are finished when they arrive.
_LEFT_TO_CALLER = frozenset({FUNCTION, CUSTOM, "local_shell_call", "apply_patch_call", "computer_call"})
# Items whose whole content has a place in the fields of a message.
_PLAIN = frozenset({"message", FUNCTION})


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, a failure and anything else raise."""
    check_object(payload)
    if payload.get("error") or payload.get("status") == "failed":
        raise context.fail(payload)
    output = payload.get("output")
    if not isinstance(output, list):
        raise missing_field(payload, "output", "a Responses API", code="no_output")
    output = unwrap_calls(output)
    finish = decode_finish(payload, output, context.quirks.hosted)
    message, logprobs = _decode_message(output, payload.get("id") or None, context)
    return single_answer(
        payload,
        context,
        finish,
        message,
        decode_usage(payload.get("usage")),
        facts,
        logprobs={"content": logprobs} if logprobs else None,
        created=read_int(payload.get("created_at")),
    )


def _decode_message(
    output: list[Mapping[str, Any]], response_id: str | None, context: Context
) -> tuple[Message, list[Any]]:
    """Return the message that the items make up, and the log probabilities of its text."""
    text, refusal, reasoning = [], [], []
    calls: list[ToolCall] = []
    citations: list[Citation] = []
    logprobs: list[Any] = []
    for item in output:
        kind = None if item.get("type") in context.quirks.hosted else item.get("type")
        if kind == "message":
            for part in item.get("content") or ():
                text.append(read_text(part.get("text")) if part.get("type") == "output_text" else "")
                refusal.append(read_text(part.get("refusal")))
                logprobs += part.get("logprobs") or ()
                for citation in map(decode_citation, part.get("annotations") or ()):
                    if citation not in citations:
                        citations.append(citation)
        elif kind == "reasoning":
            reasoning += decode_reasoning(item)
        elif kind in (FUNCTION, CUSTOM):
            name, data = read_text(item.get("name")), decode_call_data(item, context.owner)
            call_id, arguments = read_text(item.get("call_id")), decode_arguments(item)
            calls.append(read_call(call_id, name, arguments, len(calls), response_id, data))
    message = Message(
        role=Role.ASSISTANT,
        content="".join(text) or None,
        tool_calls=calls,
        reasoning="\n\n".join(reasoning) or None,
        refusal="".join(refusal) or None,
        citations=citations,
        provider_data=decode_provider_data(output, context),
    )
    return message, logprobs


def unwrap_calls(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the items with the calls inside a wrapper in the place of the wrapper."""
    output: list[Mapping[str, Any]] = []
    for item in items:
        calls: list[dict[str, Any]] = []
        if item.get("name") in WRAPPERS and item.get("type") == FUNCTION:
            call_id = item.get("call_id")
            with suppress(AttributeError, LookupError, TypeError, ValueError):  # a tool of the caller's of that name
                calls = [
                    {
                        "type": FUNCTION,
                        "call_id": f"{call_id}_{number}" if call_id else "",
                        "name": use["recipient_name"].removeprefix("functions."),
                        "arguments": json.dumps(use.get("parameters") or {}).decode(),
                    }
                    for number, use in enumerate(json.loads(item["arguments"])["tool_uses"])
                ]
        output += calls or (item,)
    return output


def decode_arguments(item: Mapping[str, Any]) -> str:
    """Return the arguments of a call as JSON, or the text of a call to a custom tool."""
    if item.get("type") != CUSTOM:
        return arguments_text(item.get("arguments"))
    text = item.get("input")
    if text is not None and not isinstance(text, str):
        raise TypeError(f"the input of a custom tool must be a string, not {type(text).__name__}")
    return text or ""


def decode_provider_data(output: Iterable[Mapping[str, Any]], context: Context) -> dict[str, Any] | None:
    """Return the items to send back unchanged, under their owner; None where they are only text and calls."""
    items = list(output)
    opaque = any(item.get("type") not in _PLAIN or item.get("phase") for item in items)
    return {context.owner: {"output": items}} if opaque and context.quirks.items_return else None


def decode_call_data(item: Mapping[str, Any], owner: str) -> dict[str, Any] | None:
    """Return what must come back with a call in addition to its fields: its kind, and what its result repeats."""
    data = {key: item[key] for key in CARRIED if item.get(key)}
    if item.get("type") == CUSTOM:
        data["type"] = CUSTOM
    return {owner: data} if data else None


def decode_citation(wire: Mapping[str, Any]) -> Citation:
    """Return an annotation of any kind: a page, or a file by its name."""
    title = wire.get("title") or wire.get("filename")
    return Citation(wire.get("url"), title, wire.get("start_index"), wire.get("end_index"), wire)


def decode_finish(
    payload: Mapping[str, Any], output: Iterable[Mapping[str, Any]], hosted: frozenset[str]
) -> tuple[FinishReason | None, str | None]:
    """Return why an answer ended, in the library's word and in the provider's.

    The API has no word for calls that wait for the caller: they follow from the items of `output`.
    """
    details = payload.get("incomplete_details")
    raw = details.get("reason") if isinstance(details, Mapping) else None
    if not raw and any(_is_left_to_caller(item, hosted) for item in output):
        raw = "tool_calls"
    raw = raw or payload.get("status") or "completed"
    return _FINISH.get(raw), raw


def _is_left_to_caller(item: Mapping[str, Any], hosted: frozenset[str]) -> bool:
    kind = item.get("type")
    if kind == "tool_search_call":
        return item.get("execution") == "client"
    if kind == "shell_call":
        return not (item.get("environment") or {}).get("container_id")
    return kind in _LEFT_TO_CALLER and kind not in hosted
