"""How the chunks of a stream fold into the answer that `chat` would have returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage, UsageStatus
from ai_lib.utils import json

__all__ = ["Fold", "arguments_text", "synthetic_call_id"]

# The classes here are plain: an attrs class adds half a millisecond to every import.
_MANY = 1024  # pieces, which take about 60 KB before they are joined


class _Text:
    """Collects pieces of text in about as much memory as the text itself needs, however small the pieces are."""

    __slots__ = ("_blocks", "_pieces", "add")

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self.add = self._pieces.append

    def trim(self) -> None:
        """Join the pieces if there are many: a short str takes ten times its length in memory."""
        if len(self._pieces) > _MANY:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def __str__(self) -> str:
        return "".join([*self._blocks, *self._pieces])


class _Call:
    def __init__(self) -> None:
        self.id: str | None = None
        self.name: str | None = None
        self.pieces: list[str] = []
        self.provider_data: Mapping[str, Any] | None = None

    def ends_before(self, delta: ToolCallDelta) -> bool:
        """Return whether a piece with a name starts another call, although its id or index is that of this one."""
        if delta.name != self.name:
            return True
        if not delta.arguments_json:
            return False
        try:
            return isinstance(json.loads("".join(self.pieces)), dict)
        except ValueError:
            return False


class _Calls:
    """Assembles the pieces of tool calls: by id, then by index, then as a part of the last call.

    Providers leave out the index, send 0 for every call, send the id with each piece or never, and may send the name
    after the id. Two JSON documents never end up in one call.
    """

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self.by_id: dict[str, _Call] = {}
        self.by_index: dict[int, _Call] = {}

    def add(self, delta: ToolCallDelta) -> None:
        at_index = self.by_index.get(delta.index) if delta.index is not None else None
        if delta.id:
            call = self.by_id.get(delta.id)
            if call is None and at_index is not None and not at_index.id:
                call = at_index  # the id comes later than the first piece
        else:
            call = at_index if delta.index is not None else (self.calls[-1] if self.calls else None)
        if call is None or (delta.name and call.name and call.ends_before(delta)):
            call = _Call()
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


class _ChoiceFold:
    def __init__(self) -> None:
        self.text = _Text()
        self.reasoning = _Text()
        self.refusal = _Text()
        self.calls = _Calls()
        self.citations: list[Citation] = []
        self.logprobs: dict[str, Any] | None = None
        self.provider_data: dict[str, Any] | None = None
        self.finish_reason: FinishReason | None = None
        self.raw_finish_reason: str | None = None

    def add_rest(self, chunk: ChatCompletionChunk) -> None:
        """Add everything except the text: nearly every chunk has text, and few have anything else."""
        if chunk.reasoning:
            self.reasoning.add(chunk.reasoning)
            self.reasoning.trim()
        if chunk.refusal:
            self.refusal.add(chunk.refusal)
        for delta in chunk.tool_calls:
            self.calls.add(delta)
        for citation in chunk.citations:
            if citation not in self.citations:  # some providers repeat the list in every chunk
                self.citations.append(citation)
        if chunk.logprobs:
            self.logprobs = _merge_logprobs(self.logprobs, chunk.logprobs)
        if chunk.provider_data:
            self.provider_data = _merge_data(self.provider_data, chunk.provider_data)
        if chunk.raw_finish_reason or chunk.finish_reason:  # a custom provider sends only the second
            self.raw_finish_reason = chunk.raw_finish_reason
            self.finish_reason = chunk.finish_reason

    def has_content(self) -> bool:
        """Return whether there is text, reasoning, a refusal, a tool call or a finish reason."""
        texts = (self.text, self.reasoning, self.refusal)
        return bool(self.raw_finish_reason or self.finish_reason or self.calls.calls) or any(
            str(text) for text in texts
        )

    def choice(self, index: int, response_id: str | None) -> Choice:
        calls = []
        for number, call in enumerate(self.calls.calls):
            call_id = call.id or synthetic_call_id(response_id, number)
            arguments = arguments_text("".join(call.pieces))
            calls.append(ToolCall(call_id, call.name or "", arguments, provider_data=call.provider_data))
        message = Message(
            role=Role.ASSISTANT,
            content=str(self.text) or None,
            tool_calls=calls,
            reasoning=str(self.reasoning) or None,
            refusal=str(self.refusal) or None,
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


def _merge_logprobs(merged: dict[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `new` into `merged` and return it: lists are extended, objects merged, anything else is replaced."""
    merged = {} if merged is None else merged
    for key, value in new.items():
        old = merged.get(key)
        if isinstance(value, list):
            # In place: a stream with log probabilities has thousands of these.
            merged[key] = old if isinstance(old, list) else []
            merged[key].extend(value)
        elif isinstance(value, Mapping):
            merged[key] = _merge_logprobs(old if isinstance(old, dict) else None, value)
        else:
            merged[key] = value
    return merged


def _merge_data(old: Any, new: Any) -> Any:
    """Return provider data with more of it: objects by field, and in lists an item of the last one's type and index.

    OpenRouter streams reasoning_details in pieces and wants them back whole, each text under its one signature.
    Source: https://openrouter.ai/docs/use-cases/reasoning-tokens
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: _merge_data(old.get(key), value) for key, value in new.items()}}
    if not isinstance(old, list) or not isinstance(new, list):
        return new
    items = list(old)
    for item in new:
        if not items or _item_key(item) is None or _item_key(item) != _item_key(items[-1]):
            items.append(item)
            continue
        last = items[-1]
        items[-1] = {**last, **{key: value for key, value in item.items() if value is not None}}
        for key in ("text", "summary"):
            if isinstance(last.get(key), str) and isinstance(item.get(key), str):
                items[-1][key] = last[key] + item[key]
    return items


def _item_key(item: Any) -> tuple[Any, Any] | None:
    if not isinstance(item, Mapping) or item.get("index") is None:
        return None
    return item.get("type"), item["index"]


def synthetic_call_id(response_id: str | None, number: int) -> str:
    """Return an id for a tool call that came without one: constant for one answer, different between answers."""
    return f"call_{number}_{response_id}" if response_id else f"call_{number}"


def arguments_text(arguments: Any) -> str:
    """Return the arguments of a tool call as JSON; providers send "", "null", nothing or an object for none."""
    if arguments is None:
        return "{}"
    if not isinstance(arguments, str):
        return json.dumps(arguments).decode()
    return "{}" if arguments.strip() in ("", "null") else arguments


class Fold:
    """Folds the chunks of one stream into the answer."""

    def __init__(self) -> None:
        self.resume_count = 0
        """How often the stream was continued by another one after an interruption."""
        self.choices: dict[int, _ChoiceFold] = {}
        self.id: str | None = None
        self.model: str | None = None
        self.usage: Usage | None = None
        self.raw: Any = None

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Add one chunk."""
        choice = self.choices.get(chunk.index)
        if choice is None:
            choice = self.choices[chunk.index] = _ChoiceFold()
        if self.id is None or self.model is None:
            self.id = self.id or chunk.id or None
            self.model = self.model or chunk.model or None
        if chunk.text:
            choice.text.add(chunk.text)
            choice.text.trim()
        if chunk.usage is not None:
            self.usage = chunk.usage
        if (
            chunk.raw_finish_reason or chunk.finish_reason or chunk.reasoning or chunk.tool_calls or chunk.citations
            or chunk.logprobs or chunk.refusal or chunk.provider_data
        ):  # fmt: skip
            choice.add_rest(chunk)
        self.raw = chunk.raw

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived that a reader would notice; a role alone does not count."""
        return not any(choice.has_content() for choice in self.choices.values())

    def response(self, *, ended: bool, **facts: Any) -> ChatCompletionResponse:
        """Return the answer so far, with further fields such as `provider`.

        After a stream that has ended, a missing usage will not arrive any more.
        """
        if self.usage is None:
            status = UsageStatus.UNSUPPORTED if ended else UsageStatus.PENDING
        else:  # the tokens used before an interruption were never counted
            status = UsageStatus.ESTIMATED if self.resume_count else UsageStatus.FINALIZED
        choices = self.choices or {0: _ChoiceFold()}
        return ChatCompletionResponse(
            id=self.id,
            model=self.model,
            choices=tuple(choices[index].choice(index, self.id) for index in sorted(choices)),
            usage=self.usage or Usage(),
            usage_status=status,
            raw=self.raw,
            **facts,
        )

    def check(self) -> None:
        """Raise InvalidResponseError for a tool call without a name, although the stream ended as it should."""
        for choice in self.choices.values():
            if any(not call.name for call in choice.calls.calls):
                raise InvalidResponseError("the stream has a tool call without a name", code="malformed_tool_call")
