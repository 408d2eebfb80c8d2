"""One step of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ai_lib.types.message import Citation
from ai_lib.types.response import ChatCompletionResponse, FinishReason
from ai_lib.types.usage import Usage, UsageStatus

__all__ = ["ChatCompletionChunk", "ToolCallDelta", "chunks_of"]


@attrs.frozen
class ToolCallDelta:
    """A piece of a tool call.

    Args:
        index: The position of the call among the calls, if the provider returns it.
        id: The call's id; usually only in the first piece.
        name: The tool's name; usually only in the first piece.
        arguments_json: The next piece of the arguments.
        provider_data: Opaque data that is sent back unchanged with the call.
    """

    index: int | None = None
    id: str | None = None
    name: str | None = None
    arguments_json: str = ""
    provider_data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)


# Not frozen, as an exception: one is created for each event of a stream, and a frozen class takes twice as long.
@attrs.define
class ChatCompletionChunk:
    """What one event of a stream adds.

    Args:
        text: New text of the answer.
        reasoning: New text of the reasoning.
        tool_calls: Pieces of tool calls.
        finish_reason: Why the answer finished, in its last chunk.
        raw_finish_reason: The same in the provider's words.
        index: The choice that this belongs to.
        usage: The tokens of the whole call so far, if the event has them.
        refusal: New text of a refusal.
        citations: New sources.
        logprobs: Log probabilities of the new tokens, as sent.
        provider_data: Opaque data that belongs to the message.
        id: The provider's id of the answer.
        model: The model, as the provider names it.
        raw: The event's decoded JSON.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    index: int = 0
    usage: Usage | None = None
    refusal: str = ""
    citations: tuple[Citation, ...] = ()
    logprobs: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    provider_data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    id: str | None = None
    model: str | None = None
    raw: Any = attrs.field(default=None, repr=False)


def chunks_of(response: ChatCompletionResponse) -> Iterator[ChatCompletionChunk]:
    """Yield a complete answer as the chunks of a stream, one for each choice."""
    for choice in response.choices:
        message = choice.message
        yield ChatCompletionChunk(
            text=message.text,
            reasoning=message.reasoning or "",
            tool_calls=tuple(
                ToolCallDelta(number, call.id, call.name, call.arguments_json, call.provider_data)
                for number, call in enumerate(message.tool_calls)
            ),
            finish_reason=choice.finish_reason,
            raw_finish_reason=choice.raw_finish_reason,
            index=choice.index,
            usage=response.usage if response.usage_status is UsageStatus.FINALIZED else None,
            refusal=message.refusal or "",
            citations=message.citations,
            logprobs=choice.logprobs,
            provider_data=message.provider_data,
            id=response.id,
            model=response.model,
            raw=response.raw,
        )
