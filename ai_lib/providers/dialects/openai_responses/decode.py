"""The answer of POST /responses, and of GET /models, as our values.

Sources: https://platform.openai.com/docs/api-reference/responses/object,
https://platform.openai.com/docs/guides/reasoning
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_responses.calls import CARRIED, CUSTOM, FUNCTION, asks, input_text, unpacked
from ai_lib.providers.dialects.openai_responses.quirks import Quirks
from ai_lib.providers.dialects.openai_responses.usage import usage_of
from ai_lib.providers.reading import check_object, first_list, read_int, read_text, usage_fields
from ai_lib.types.fold import synthetic_call_id
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall

__all__ = [
    "citation_of",
    "decode",
    "decode_models",
    "finish_of",
    "kept",
    "kept_of_call",
    "thoughts_of",
]

_FINISH: dict[str, FinishReason] = {
    "completed": "stop",
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "max_output_tokens": "length",
    "length": "length",
    "content_filter": "content_filter",
}
# Items that the fields of a message hold whole.
_PLAIN = frozenset({"message", FUNCTION})


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object, or says that the answer failed.
        InvalidResponseError: It is not a response.
    """
    check_object(payload)
    if payload.get("error") or payload.get("status") == "failed":
        raise context.fail(payload)
    quirks: Quirks = context.quirks
    response_id = payload.get("id") or None
    output = unpacked(_output(payload))
    finish, raw_finish = finish_of(payload, output, quirks.hosted)
    found = _Reading(response_id, context.owner).read(output, quirks.hosted)
    usage = usage_of(payload.get("usage"))
    return ChatCompletionResponse(
        id=response_id,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(
            Choice(
                message=found.message(kept(output, context)),
                finish_reason=finish,
                raw_finish_reason=raw_finish,
                logprobs={"content": found.logprobs} if found.logprobs else None,
            ),
        ),
        **usage_fields(usage),
        created=read_int(payload.get("created_at")),
        raw=payload,
        **facts,
    )


def _output(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    output = payload.get("output")
    if isinstance(output, list):
        return output
    raise InvalidResponseError(
        f"the answer has no output; its keys are: {', '.join(map(str, payload)) or 'none'}",
        code="no_output",
        hint="Check that base_url is that of a Responses API",
    )


@attrs.define
class _Reading:
    """What the items of an answer say."""

    response_id: str | None
    owner: str
    text: list[str] = attrs.field(factory=list)
    refusal: list[str] = attrs.field(factory=list)
    thoughts: list[str] = attrs.field(factory=list)
    calls: list[ToolCall] = attrs.field(factory=list)
    citations: list[Citation] = attrs.field(factory=list)
    logprobs: list[Any] = attrs.field(factory=list)

    def read(self, output: Iterable[Mapping[str, Any]], hosted: frozenset[str]) -> _Reading:
        for item in output:
            add = _READERS.get(item.get("type"))  # type: ignore[arg-type]
            if add is not None and item["type"] not in hosted:
                add(self, item)
        return self

    def add_message(self, item: Mapping[str, Any]) -> None:
        for part in item.get("content") or ():
            self.text.append(read_text(part.get("text")) if part.get("type") == "output_text" else "")
            self.refusal.append(read_text(part.get("refusal")))
            for citation in map(citation_of, part.get("annotations") or ()):
                if citation not in self.citations:
                    self.citations.append(citation)
            self.logprobs += part.get("logprobs") or ()

    def add_reasoning(self, item: Mapping[str, Any]) -> None:
        self.thoughts += thoughts_of(item)

    def add_call(self, item: Mapping[str, Any]) -> None:
        name = read_text(item.get("name"))
        if not name:
            raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
        call_id = read_text(item.get("call_id")) or synthetic_call_id(self.response_id, len(self.calls))
        self.calls.append(ToolCall(call_id, name, input_text(item), provider_data=kept_of_call(item, self.owner)))

    def message(self, provider_data: Mapping[str, Any] | None) -> Message:
        return Message(
            role=Role.ASSISTANT,
            content="".join(self.text) or None,
            tool_calls=self.calls,
            reasoning="\n\n".join(self.thoughts) or None,
            refusal="".join(self.refusal) or None,
            citations=self.citations,
            provider_data=provider_data,
        )


_READERS: dict[str, Callable[[_Reading, Mapping[str, Any]], None]] = {
    "message": _Reading.add_message,
    "reasoning": _Reading.add_reasoning,
    FUNCTION: _Reading.add_call,
    CUSTOM: _Reading.add_call,
}


def thoughts_of(item: Mapping[str, Any]) -> list[str]:
    """Return the texts of a reasoning item: the reasoning itself, which open models show, else its summary."""
    for field in ("content", "summary"):
        texts = [text for part in item.get(field) or () if (text := read_text(part.get("text")))]
        if texts:
            return texts
    return []


def kept(output: Iterable[Mapping[str, Any]], context: Context) -> dict[str, Any] | None:
    """Return the items to send back unchanged, under their owner, where there is more than text and calls."""
    quirks: Quirks = context.quirks
    items = list(output)
    opaque = any(item.get("type") not in _PLAIN or item.get("phase") for item in items)
    return {context.owner: {"output": items}} if opaque and quirks.items_return else None


def kept_of_call(item: Mapping[str, Any], owner: str) -> dict[str, Any] | None:
    """Return what a call must bring back beside its own fields: what kind it is, and what belongs to its result too."""
    own = {key: item[key] for key in CARRIED if item.get(key)}
    if item.get("type") == CUSTOM:
        own["type"] = CUSTOM
    return {owner: own} if own else None


def citation_of(wire: Mapping[str, Any]) -> Citation:
    """Return an annotation of any kind: a page, or a file by its name."""
    return Citation(
        wire.get("url"),
        wire.get("title") or wire.get("filename"),
        wire.get("start_index"),
        wire.get("end_index"),
        wire,
    )


def finish_of(
    payload: Mapping[str, Any], output: Iterable[Mapping[str, Any]], hosted: frozenset[str]
) -> tuple[FinishReason | None, str | None]:
    """Return our word and the provider's for why an answer ended; there is no field for calls that wait."""
    details = payload.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    raw = reason or (
        "tool_calls" if any(asks(item, hosted) for item in output) else payload.get("status") or "completed"
    )
    return _FINISH.get(raw), raw


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models.

    Raises:
        AiLibError: The payload is an error object, or not a list of models.
    """
    return [
        ModelInfo(entry["id"], context.provider, read_int(entry.get("created")), entry.get("owned_by"), raw=entry)
        for entry in first_list(payload, context, "data")
        if entry.get("id")
    ]
