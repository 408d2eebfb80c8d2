"""The answer of POST /model/{model}/converse as our values.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, ProviderError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.bedrock_converse.blocks import is_opaque, is_servers, text_in
from ai_lib.providers.reading import check_object, first_int, first_list, read_int, read_text, usage_fields
from ai_lib.types.fold import arguments_text, synthetic_call_id
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage

__all__ = ["citation_of", "decode", "decode_models", "finish_of", "kept", "usage_of"]

_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}
# Stop reasons that are failures: the model wrote something that cannot be read.
_FAILED = frozenset({"malformed_model_output", "malformed_tool_use"})


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer; it names neither itself nor the model.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object, or the model's output could not be read.
        InvalidResponseError: It is not an answer.
    """
    check_object(payload)
    message = (payload.get("output") or {}).get("message")
    if not isinstance(message, Mapping):
        if any(payload.get(name) for name in ("message", "Message", "error", "__type")):
            raise context.fail(payload)
        raise InvalidResponseError("the answer has no output.message", code="no_choices")
    finish, raw_finish = finish_of(payload.get("stopReason"))
    usage = usage_of(payload.get("usage"))
    choice = Choice(message=_message(message, context), finish_reason=finish, raw_finish_reason=raw_finish)
    return ChatCompletionResponse(
        provider=context.provider,
        choices=(choice,),
        **usage_fields(usage),
        raw=payload,
        **facts,
    )


def finish_of(reason: Any) -> tuple[FinishReason | None, str | None]:
    """Return our word and the provider's for why an answer ended.

    Raises:
        ProviderError: The reason is a failure.
    """
    if not reason:
        return None, None
    raw = str(reason)
    if raw in _FAILED:
        raise ProviderError(f"the provider broke the answer off: {raw}", code=raw)
    return _FINISH.get(raw), raw


def usage_of(wire: Any) -> Usage | None:
    """Return the tokens; inputTokens leaves out what was read from the cache and written to it."""
    if not wire or not isinstance(wire, Mapping):
        return None
    read, written = first_int(wire.get("cacheReadInputTokens")), first_int(wire.get("cacheWriteInputTokens"))
    prompt = (read_int(wire.get("inputTokens")) or 0) + (read or 0) + (written or 0)
    completion = read_int(wire.get("outputTokens")) or 0
    total = read_int(wire.get("totalTokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion if total is None else total,
        cached_tokens=read,
        cache_write_tokens=written,
    )


def _message(wire: Mapping[str, Any], context: Context) -> Message:
    content = list(wire.get("content") or ())
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    citations: list[Citation] = []
    for block in content:
        cited = block.get("citationsContent")
        if cited is not None:
            start = sum(map(len, texts))
            end = start + len(text_in(block))
            citations += [citation_of(item, start, end) for item in cited.get("citations") or ()]
        texts.append(read_text(text_in(block)))
        if block.get("reasoningContent"):
            thoughts.append(read_text((block["reasoningContent"].get("reasoningText") or {}).get("text")))
        if "toolUse" in block and not is_servers(block):
            calls.append(_tool_call(block["toolUse"], len(calls)))
    return Message(
        role=Role.ASSISTANT,
        content="".join(texts) or None,
        tool_calls=calls,
        reasoning="".join(thoughts) or None,
        citations=citations,
        provider_data=kept(content, context),
    )


def kept(content: list[Any], context: Context) -> dict[str, Any] | None:
    """Return the blocks of an answer to keep on its message, where some must come back unchanged and in their order."""
    return {context.owner: {"content": content}} if any(map(is_opaque, content)) else None


def _tool_call(use: Mapping[str, Any], number: int) -> ToolCall:
    name = read_text(use.get("name"))
    if not name:
        raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
    call_id = read_text(use.get("toolUseId")) or synthetic_call_id(None, number)  # some models send ""
    return ToolCall(call_id, name, arguments_text(use.get("input")))


def citation_of(cited: Mapping[str, Any], start: int, end: int) -> Citation:
    """Return a citation.

    Args:
        cited: The provider's citation.
        start: Where the block that it belongs to begins in the answer's text.
        end: Where that block ends.
    """
    location = cited.get("location") or {}
    source = read_text(cited.get("source"))
    quoted = [read_text(item.get("text")) for item in cited.get("sourceContent") or ()]
    return Citation(
        url=(location.get("web") or {}).get("url") or (source if source.startswith(("https://", "http://")) else None),
        title=cited.get("title") or None,
        start=start,
        end=end,
        data=cited,
        cited_text="".join(quoted) or None,
    )


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of GET /foundation-models or /inference-profiles of the host bedrock.{region}.amazonaws.com.

    Raises:
        InvalidResponseError: It is neither.
    """
    found = []
    for entry in first_list(payload, context, "modelSummaries", "inferenceProfileSummaries"):
        name = entry.get("modelId") or entry.get("inferenceProfileId")
        if name:
            title = entry.get("modelName") or entry.get("inferenceProfileName")
            found.append(ModelInfo(name, context.provider, owned_by=entry.get("providerName"), name=title, raw=entry))
    return found
