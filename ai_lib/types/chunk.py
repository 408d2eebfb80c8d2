"""One step of a stream, and how steps fold into the answer that `chat` would have returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage, UsageStatus
from ai_lib.utils import json

__all__ = ["ChatCompletionChunk", "Fold", "ToolCallDelta", "chunks_of"]


@attrs.frozen
class ToolCallDelta:
    """A piece of a tool call.

    Args:
        index: The call's place among the calls, where the provider tells it.
        id: The call's id; usually only in the first piece.
        name: The tool's name; usually only in the first piece.
        arguments_json: The next piece of the arguments' text.
        provider_data: What the provider wants back unchanged with the call.
    """

    index: int | None = None
    id: str | None = None
    name: str | None = None
    arguments_json: str = ""
    provider_data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)


# Not frozen, as an exception: one is made for each event of a stream, and a frozen class takes twice as long.
@attrs.define
class ChatCompletionChunk:
    """What one event of a stream adds.

    Args:
        text: New text of the answer.
        reasoning: New text of the model's thinking.
        tool_calls: Pieces of tool calls.
        finish_reason: Why the answer ended, in the chunk that ends it.
        raw_finish_reason: The provider's own word for it.
        index: The choice that this adds to.
        usage: The tokens of the whole call so far, where the event tells them.
        refusal: New text of a refusal.
        citations: New sources.
        logprobs: Log probabilities of the new tokens, as sent.
        provider_data: Opaque data to keep on the message.
        id: The provider's id of the answer.
        model: The model that answers.
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


@attrs.define
class _Call:
    id: str | None
    name: str | None
    pieces: list[str]
    provider_data: Mapping[str, Any] | None

    def whole(self) -> bool:
        try:
            return isinstance(json.loads("".join(self.pieces)), dict)
        except ValueError:
            return False


@attrs.define
class _Calls:
    """Puts pieces of tool calls together: by id, then by index, then to the call before.

    Providers leave out the index, send 0 for every call, send the id with each piece or never, and
    may send the name after the id. Two JSON documents never end up in one call.
    """

    calls: list[_Call] = attrs.field(factory=list)
    by_id: dict[str, _Call] = attrs.field(factory=dict)
    by_index: dict[int, _Call] = attrs.field(factory=dict)

    def add(self, delta: ToolCallDelta) -> None:
        call = self._find(delta)
        if call is None:
            call = _Call(None, None, [], None)
            self.calls.append(call)
        if delta.id and not call.id:
            call.id = delta.id
            self.by_id[delta.id] = call
        if delta.index is not None:
            self.by_index[delta.index] = call
        call.name = call.name or delta.name or None
        call.provider_data = call.provider_data or delta.provider_data
        if delta.arguments_json:
            call.pieces.append(delta.arguments_json)

    def _find(self, delta: ToolCallDelta) -> _Call | None:
        at_index = self.by_index.get(delta.index) if delta.index is not None else None
        if delta.id:
            call = self.by_id.get(delta.id)
            if call is None and at_index is not None and not at_index.id:
                call = at_index  # the id comes later than the first piece
            return call
        call = at_index if delta.index is not None else (self.calls[-1] if self.calls else None)
        if call is not None and delta.name and call.name and call.whole():
            return None  # a second whole call, sent without id under an index already used
        return call


@attrs.define
class _ChoiceFold:
    text: list[str] = attrs.field(factory=list)
    reasoning: list[str] = attrs.field(factory=list)
    refusal: list[str] = attrs.field(factory=list)
    calls: _Calls = attrs.field(factory=_Calls)
    citations: list[Citation] = attrs.field(factory=list)
    logprobs: dict[str, Any] | None = None
    provider_data: dict[str, Any] | None = None
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None

    def add_rest(self, chunk: ChatCompletionChunk) -> None:
        """Take everything but the text, which nearly every chunk has and few have more than."""
        if chunk.reasoning:
            self.reasoning.append(chunk.reasoning)
        if chunk.refusal:
            self.refusal.append(chunk.refusal)
        for delta in chunk.tool_calls:
            self.calls.add(delta)
        for citation in chunk.citations:
            if citation not in self.citations:  # some providers repeat the list in every chunk
                self.citations.append(citation)
        if chunk.logprobs:
            self.logprobs = _joined(self.logprobs, chunk.logprobs)
        if chunk.provider_data:
            self.provider_data = _joined(self.provider_data, chunk.provider_data)
        if chunk.raw_finish_reason:
            self.raw_finish_reason = chunk.raw_finish_reason
            self.finish_reason = chunk.finish_reason

    def choice(self, index: int, response_id: str | None) -> Choice:
        text = "".join(self.text)
        calls = tuple(
            ToolCall(
                call.id or made_up_id(response_id, number),
                call.name or "",
                arguments_text("".join(call.pieces)),
                provider_data=call.provider_data,
            )
            for number, call in enumerate(self.calls.calls)
        )
        message = Message(
            role=Role.ASSISTANT,
            content=text or None,
            tool_calls=calls,
            reasoning="".join(self.reasoning) or None,
            refusal="".join(self.refusal) or None,
            citations=self.citations,
            provider_data=self.provider_data,
        )
        return Choice(
            index=index,
            message=message,
            finish_reason=self.finish_reason,
            raw_finish_reason=self.raw_finish_reason,
            logprobs=self.logprobs,
        )


def _joined(have: dict[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return `have` with `new`: lists are appended to, anything else is replaced."""
    out = dict(have or {})
    for key, value in new.items():
        before = out.get(key)
        out[key] = before + value if isinstance(before, list) and isinstance(value, list) else value
    return out


def made_up_id(response_id: str | None, number: int) -> str:
    """Return an id for a tool call that came without one: the same for the same answer, unlike those of others."""
    return f"call_{number}_{response_id}" if response_id else f"call_{number}"


def arguments_text(arguments: Any) -> str:
    """Return a tool call's arguments as text; providers send "", "null", nothing or an object for none."""
    if arguments is None:
        return "{}"
    if not isinstance(arguments, str):
        return json.dumps(arguments).decode()
    return "{}" if arguments.strip() in ("", "null") else arguments


@attrs.define
class Fold:
    """Gathers the chunks of one stream."""

    choices: dict[int, _ChoiceFold] = attrs.field(factory=dict)
    id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    raw: Any = None

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take one chunk."""
        choice = self.choices.get(chunk.index)
        if choice is None:
            choice = self.choices[chunk.index] = _ChoiceFold()
        if self.id is None or self.model is None:
            self.id = self.id or chunk.id or None
            self.model = self.model or chunk.model or None
        if chunk.text:
            choice.text.append(chunk.text)
        if chunk.usage is not None:
            self.usage = chunk.usage
        if (
            chunk.raw_finish_reason or chunk.reasoning or chunk.tool_calls or chunk.citations
            or chunk.logprobs or chunk.refusal or chunk.provider_data
        ):  # fmt: skip
            choice.add_rest(chunk)
        self.raw = chunk.raw

    @property
    def finished(self) -> bool:
        """Whether every choice that began has said why it ended."""
        return bool(self.choices) and all(choice.raw_finish_reason for choice in self.choices.values())

    def response(self, *, ended: bool, **facts: Any) -> ChatCompletionResponse:
        """Return the answer so far.

        Args:
            ended: Whether the stream is over, so that a usage that has not come will not come.
            facts: Further fields of the response, such as `provider`.
        """
        missing = UsageStatus.UNSUPPORTED if ended else UsageStatus.PENDING
        choices = self.choices or {0: _ChoiceFold()}
        return ChatCompletionResponse(
            id=self.id,
            model=self.model,
            choices=tuple(choices[index].choice(index, self.id) for index in sorted(choices)),
            usage=self.usage or Usage(),
            usage_status=UsageStatus.FINALIZED if self.usage is not None else missing,
            raw=self.raw,
            **facts,
        )

    def check(self) -> None:
        """Raise for what no end marker can mend.

        Raises:
            InvalidResponseError: A tool call never got a name.
        """
        for choice in self.choices.values():
            if any(not call.name for call in choice.calls.calls):
                raise InvalidResponseError("the stream holds a tool call without a name", code="malformed_tool_call")


def chunks_of(response: ChatCompletionResponse) -> Iterator[ChatCompletionChunk]:
    """Yield a whole answer as the chunks of a stream, one for each choice."""
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
