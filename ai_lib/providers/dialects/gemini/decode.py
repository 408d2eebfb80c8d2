"""The answer of generateContent as a response; each event of a stream is such an answer with the parts that are new.

Sources: https://ai.google.dev/api/generate-content#generatecontentresponse,
https://ai.google.dev/api/generate-content#candidate
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import AiLibError, ContentFilterError, InvalidRequestError, PermissionDeniedError, ProviderError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.gemini.parts import NewContent, ReceivedParts
from ai_lib.providers.dialects.gemini.usage import decode_usage
from ai_lib.providers.reading import check_object, finish_table, missing_field
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.fold import Fold
from ai_lib.types.message import Citation
from ai_lib.types.response import ChatCompletionResponse, FinishReason

__all__ = ["Answer", "decode"]

_FINISH_REASONS = finish_table(
    stop="STOP",
    length="MAX_TOKENS CONTINUATION",
    content_filter="SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR ESCALATION IMAGE_SAFETY "
    "IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION",
)
# Finish reasons that are failures: what came before is not an answer.
_FAILURES: dict[str, type[AiLibError]] = {
    "MALFORMED_FUNCTION_CALL": ProviderError,
    "MALFORMED_RESPONSE": ProviderError,
    "UNEXPECTED_TOOL_CALL": ProviderError,
    "TOO_MANY_TOOL_CALLS": ProviderError,
    "MISSING_THOUGHT_SIGNATURE": InvalidRequestError,
    "PUP_LIMITED_DISABLED": PermissionDeniedError,
}
# The kinds of source that a grounding chunk can name, and the field that holds the URL.
_SOURCE_URLS = {"web": "uri", "maps": "uri", "retrievedContext": "uri", "image": "sourceUri"}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, a blocked prompt, a failed answer and anything else raise."""
    check_object(payload)
    answer, fold = Answer(context), Fold()
    for chunk in answer.read(payload):
        fold.add(chunk)
    if not answer.candidates:
        raise missing_field(payload, "candidates", "the Gemini API", code="no_choices")
    for chunk in answer.finish():
        fold.add(chunk)
    return fold.response(ended=True, provider=context.provider, **facts)


@attrs.define
class Answer:
    """An answer that is read whole or event by event."""

    context: Context
    candidates: dict[int, ReceivedParts] = attrs.field(factory=dict)  # by index
    finished: set[int] = attrs.field(factory=set)  # the indexes of those with a finish reason
    identity: tuple[str | None, str | None, Any] = (None, None, None)  # id, model and payload of the last event

    def read(self, payload: Mapping[str, Any]) -> Iterator[ChatCompletionChunk]:
        """Yield what an event adds, one chunk for each candidate; a failure raises."""
        if payload.get("error"):
            raise self.context.fail(payload)
        identity = self.identity = payload.get("responseId") or None, payload.get("modelVersion") or None, payload
        usage = decode_usage(payload.get("usageMetadata"))
        candidates = payload.get("candidates")
        if not candidates:
            feedback = payload.get("promptFeedback") or {}
            if reason := feedback.get("blockReason"):
                detail = f" ({feedback['blockReasonMessage']})" if feedback.get("blockReasonMessage") else ""
                raise ContentFilterError(f"the provider blocked the prompt: {reason}{detail}", code="content_filter")
            yield ChatCompletionChunk("", "", (), None, None, 0, usage, "", (), None, None, *identity)
        for number, wire in enumerate(candidates or ()):
            index = wire.get("index")
            if index.__class__ is not int:
                index = number
            parts = self.candidates.get(index)
            if parts is None:
                parts = self.candidates[index] = ReceivedParts(self.context.owner)
            news = NewContent()
            for part in (wire.get("content") or {}).get("parts") or ():
                parts.add(part, news)
            text, thoughts, calls = "".join(news.text), "".join(news.reasoning), tuple(news.calls)
            finish, raw_finish = _decode_finish(wire, parts.calls)
            if raw_finish:
                self.finished.add(index)
            logprobs = wire.get("logprobsResult")
            yield ChatCompletionChunk(
                text, thoughts, calls, finish, raw_finish, index, usage, "", _decode_citations(wire),
                logprobs if isinstance(logprobs, Mapping) else None, None, *identity,
            )  # fmt: skip

    def finish(self) -> Iterator[ChatCompletionChunk]:
        """Yield what is known only at the end: calls whose end is missing, and the parts to send back."""
        for index, parts in self.candidates.items():
            news = NewContent()
            parts.close_call(news)
            data = parts.provider_data()
            if data or news.calls:
                yield ChatCompletionChunk(
                    "", "", tuple(news.calls), None, None, index, None, "", (), None, data, *self.identity
                )


def _decode_finish(wire: Mapping[str, Any], calls: int) -> tuple[FinishReason | None, str | None]:
    if not wire.get("finishReason"):
        return None, None
    raw = str(wire["finishReason"])
    if raw in _FAILURES:
        raise _FAILURES[raw](f"the provider broke the answer off: {wire.get('finishMessage') or raw}", code=raw)
    finish = _FINISH_REASONS.get(raw)
    return "tool_calls" if finish == "stop" and calls else finish, raw


def _decode_citations(wire: Mapping[str, Any]) -> tuple[Citation, ...]:
    grounding, quoted = wire.get("groundingMetadata"), wire.get("citationMetadata")
    if not grounding and not quoted:
        return ()
    citations = []
    for chunk in (grounding or {}).get("groundingChunks") or ():
        kind = next((kind for kind in _SOURCE_URLS if isinstance(chunk.get(kind), Mapping)), None)
        if kind is not None:
            source = chunk[kind]
            passage = source.get("text") if kind == "retrievedContext" else None
            url, title = source.get(_SOURCE_URLS[kind]), source.get("title")
            citations.append(Citation(url, title, data=chunk, cited_text=passage))
    # Vertex AI says citations, the Gemini API citationSources.
    passages = (quoted or {}).get("citations") or (quoted or {}).get("citationSources") or ()
    citations += [
        Citation(item.get("uri"), item.get("title"), item.get("startIndex"), item.get("endIndex"), item)
        for item in passages
    ]
    return tuple(citations)
