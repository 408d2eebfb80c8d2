"""Reads the candidates of an answer, or of a stream, each event of which is an answer with the parts that are new.

Sources: https://ai.google.dev/api/generate-content#candidate, https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import (
    AiLibError,
    ContentFilterError,
    InvalidRequestError,
    InvalidResponseError,
    PermissionDeniedError,
    ProviderError,
)
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.gemini.arguments import Arguments
from ai_lib.providers.dialects.gemini.usage import usage_of
from ai_lib.providers.reading import text_of
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation
from ai_lib.types.response import FinishReason

__all__ = ["Reader"]

_FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
# Finish reasons that are failures: what came before is no answer.
_FAILED: dict[str, type[AiLibError]] = {
    "MALFORMED_FUNCTION_CALL": ProviderError,
    "MALFORMED_RESPONSE": ProviderError,
    "UNEXPECTED_TOOL_CALL": ProviderError,
    "TOO_MANY_TOOL_CALLS": ProviderError,
    "MISSING_THOUGHT_SIGNATURE": InvalidRequestError,
    "PUP_LIMITED_DISABLED": PermissionDeniedError,
}


@attrs.define
class _News:
    """What one event adds to a candidate."""

    text: list[str] = attrs.field(factory=list)
    reasoning: list[str] = attrs.field(factory=list)
    calls: list[ToolCallDelta] = attrs.field(factory=list)


@attrs.define
class _Open:
    """A call whose arguments still come."""

    number: int
    part: dict[str, Any]
    arguments: Arguments


@attrs.define
class _Candidate:
    """One of the answers, with its parts as they must go back: runs of plain text are lists of their pieces."""

    owner: str
    parts: list[Any] = attrs.field(factory=list)
    opaque: bool = False
    calls: int = 0
    open: _Open | None = None
    finished: bool = False

    def take(self, part: Mapping[str, Any], news: _News) -> None:
        if "functionCall" in part:
            self._call(part, part["functionCall"], news)
        elif "text" in part:
            self._text(part, text_of(part["text"]), news)
        elif part:
            self.opaque = True
            self.parts.append(part)

    def _text(self, part: Mapping[str, Any], text: str, news: _News) -> None:
        thought = part.get("thought")
        if text:
            (news.reasoning if thought else news.text).append(text)
        if part.get("thoughtSignature"):
            self.opaque = True
            self.parts.append(part)
        elif text and not thought:  # thoughts without a signature are of no use to the model
            self.opaque = self.opaque or bool(self.calls)
            if not self.parts or not isinstance(self.parts[-1], list):
                self.parts.append([])
            self.parts[-1].append(text)

    def _call(self, part: Mapping[str, Any], call: Mapping[str, Any], news: _News) -> None:
        name = text_of(call.get("name"))
        if name:
            self._begin(part, call, name, news)
        elif self.open is None:
            if call.get("args") or call.get("partialArgs"):
                raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
            return  # the end of a call that has ended
        if self.open is None:
            return
        for piece in call.get("partialArgs") or ():
            self.open.arguments.add(piece)
        if not name and part.get("thoughtSignature"):
            self.open.part["thoughtSignature"] = part["thoughtSignature"]
        if not call.get("willContinue"):
            self.close(news)

    def _begin(self, part: Mapping[str, Any], call: Mapping[str, Any], name: str, news: _News) -> None:
        self.close(news)
        number, call_id = self.calls, text_of(call.get("id")) or None
        self.calls += 1
        if call.get("willContinue") or call.get("partialArgs"):
            news.calls.append(ToolCallDelta(number, call_id, name, "", self._signature(part)))
            self.open = _Open(number, {**part}, Arguments(dict(call.get("args") or {})))
        else:
            arguments = arguments_text(call.get("args"))
            news.calls.append(ToolCallDelta(number, call_id, name, arguments, self._signature(part)))
            self.parts.append(part)

    def close(self, news: _News) -> None:
        """End the call whose arguments came in pieces; the event that says so can be missing."""
        if self.open is None:
            return
        part, arguments = self.open.part, self.open.arguments.whole()
        kept = {key: value for key, value in part["functionCall"].items() if key not in ("partialArgs", "willContinue")}
        self.parts.append({**part, "functionCall": {**kept, "args": arguments}})
        news.calls.append(ToolCallDelta(self.open.number, None, None, arguments_text(arguments), self._signature(part)))
        self.open = None

    def _signature(self, part: Mapping[str, Any]) -> dict[str, Any] | None:
        signature = part.get("thoughtSignature")
        return {self.owner: {"thoughtSignature": signature}} if signature else None

    def kept(self) -> dict[str, Any] | None:
        """Return what must go back beside what the message's own fields say."""
        if not self.opaque:
            return None
        parts = [{"text": "".join(part)} if isinstance(part, list) else part for part in self.parts]
        return {self.owner: {"parts": parts}}


@attrs.define
class Reader:
    """Reads one answer, whole or event by event."""

    context: Context
    candidates: dict[int, _Candidate] = attrs.field(factory=dict)
    _last: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def finished(self) -> bool:
        """Whether every candidate has told why it ended."""
        return bool(self.candidates) and all(candidate.finished for candidate in self.candidates.values())

    def chunks(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        """Yield what an event adds.

        Raises:
            AiLibError: It is an error object, or a finish reason is a failure.
            ContentFilterError: The prompt was blocked.
        """
        if payload.get("error"):
            raise self.context.fail(payload)
        self._last = payload
        usage = usage_of(payload.get("usageMetadata"))
        wires = payload.get("candidates")
        if not wires:
            _check_prompt(payload.get("promptFeedback") or {})
            yield self._chunk(usage=usage)
        for number, wire in enumerate(wires or ()):
            found = wire.get("index")
            yield self._candidate(wire, found if found.__class__ is int else number, usage)

    def rest(self) -> Iterator[ChatCompletionChunk]:
        """Yield what can be told only when all has come: ends of calls that are missing, and the parts to send back."""
        for index, candidate in self.candidates.items():
            news = _News()
            candidate.close(news)
            kept = candidate.kept()
            if kept or news.calls:
                yield self._chunk(index=index, tool_calls=tuple(news.calls), provider_data=kept)

    def _chunk(self, **fields: Any) -> ChatCompletionChunk:
        last = self._last
        return ChatCompletionChunk(
            id=last.get("responseId") or None, model=last.get("modelVersion") or None, raw=last, **fields
        )

    def _candidate(self, wire: Mapping[str, Any], index: int, usage: Any) -> ChatCompletionChunk:
        candidate = self.candidates.get(index)
        if candidate is None:
            candidate = self.candidates[index] = _Candidate(self.context.owner)
        news = _News()
        for part in (wire.get("content") or {}).get("parts") or ():
            candidate.take(part, news)
        finish = raw = None
        if reason := wire.get("finishReason"):
            candidate.finished = True
            finish, raw = _finish(str(reason), candidate.calls, wire.get("finishMessage"))
        logprobs = wire.get("logprobsResult")
        return self._chunk(
            text="".join(news.text),
            reasoning="".join(news.reasoning),
            tool_calls=tuple(news.calls),
            finish_reason=finish,
            raw_finish_reason=raw,
            index=index,
            usage=usage,
            citations=_citations(wire),
            logprobs=logprobs if isinstance(logprobs, Mapping) else None,
        )


def _check_prompt(feedback: Mapping[str, Any]) -> None:
    reason = feedback.get("blockReason")
    if reason:
        told = feedback.get("blockReasonMessage")
        raise ContentFilterError(
            f"the provider blocked the prompt: {reason}{f' ({told})' if told else ''}", code="content_filter"
        )


def _finish(raw: str, calls: int, message: Any) -> tuple[FinishReason | None, str]:
    if raw in _FAILED:
        raise _FAILED[raw](f"the provider broke the answer off: {message or raw}", code=raw)
    finish = _FINISH.get(raw)
    return "tool_calls" if finish == "stop" and calls else finish, raw


# --- sources ----------------------------------------------------------------------------------------------------


def _citations(wire: Mapping[str, Any]) -> tuple[Citation, ...]:
    grounding, quoted = wire.get("groundingMetadata"), wire.get("citationMetadata")
    if not grounding and not quoted:
        return ()
    chunks = (grounding or {}).get("groundingChunks") or ()
    passages = (quoted or {}).get("citations") or (quoted or {}).get("citationSources") or ()
    return (
        *[citation for chunk in chunks if (citation := _grounding(chunk)) is not None],
        *[
            Citation(found.get("uri"), found.get("title"), found.get("startIndex"), found.get("endIndex"), found)
            for found in passages
        ],
    )


def _grounding(chunk: Mapping[str, Any]) -> Citation | None:
    """Return the source that a chunk names, whatever its kind."""
    for kind, read in _SOURCES.items():
        if isinstance(found := chunk.get(kind), Mapping):
            return read(found, chunk)
    return None


def _web(found: Mapping[str, Any], chunk: Mapping[str, Any]) -> Citation:
    return Citation(found.get("uri"), found.get("title"), data=chunk)


def _retrieved(found: Mapping[str, Any], chunk: Mapping[str, Any]) -> Citation:
    return Citation(found.get("uri"), found.get("title"), data=chunk, cited_text=found.get("text"))


def _image(found: Mapping[str, Any], chunk: Mapping[str, Any]) -> Citation:
    return Citation(found.get("sourceUri"), found.get("title"), data=chunk)


_SOURCES: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Citation]] = {
    "web": _web,
    "maps": _web,
    "retrievedContext": _retrieved,
    "image": _image,
}
