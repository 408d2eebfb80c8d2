"""The answer of POST /model/{model}/converse as a response, and what it shares with a stream.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, ProviderError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.bedrock_converse.parts import is_opaque, is_server_call, text_of_block
from ai_lib.providers.dialects.bedrock_converse.usage import decode_usage
from ai_lib.providers.reading import check_object, finish_table, read_call, read_text, single_answer
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, FinishReason
from ai_lib.types.tool import ToolCall

__all__ = ["decode", "decode_citation", "decode_finish", "decode_provider_data"]

_FINISH_REASONS = finish_table(
    stop="end_turn stop_sequence",
    length="max_tokens model_context_window_exceeded",
    tool_calls="tool_use",
    content_filter="content_filtered guardrail_intervened",
)
# Stop reasons that are failures: the output of the model cannot be read.
_FAILURES = frozenset({"malformed_model_output", "malformed_tool_use"})


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, an output that cannot be read and anything else raise."""
    check_object(payload)
    message = (payload.get("output") or {}).get("message")
    if not isinstance(message, Mapping):
        if any(payload.get(name) for name in ("message", "Message", "error", "__type")):
            raise context.fail(payload)
        raise InvalidResponseError("the answer has no output.message", code="no_choices")
    finish, usage = decode_finish(payload.get("stopReason")), payload.get("usage")
    return single_answer(payload, context, finish, _decode_message(message, context), decode_usage(usage), facts)


def _decode_message(wire: Mapping[str, Any], context: Context) -> Message:
    content = list(wire.get("content") or ())
    text = ""
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    citations: list[Citation] = []
    for block in content:
        start, text = len(text), text + read_text(text_of_block(block))
        if block.get("citationsContent") is not None:
            cited = block["citationsContent"].get("citations") or ()
            citations += [decode_citation(citation, start, len(text)) for citation in cited]
        if block.get("reasoningContent"):
            thoughts.append(read_text((block["reasoningContent"].get("reasoningText") or {}).get("text")))
        if "toolUse" in block and not is_server_call(block):
            use = block["toolUse"]
            call_id, name = read_text(use.get("toolUseId")), read_text(use.get("name"))  # some models send an id of ""
            calls.append(read_call(call_id, name, arguments_text(use.get("input")), len(calls)))
    return Message(
        role=Role.ASSISTANT,
        content=text or None,
        tool_calls=calls,
        reasoning="".join(thoughts) or None,
        citations=citations,
        provider_data=decode_provider_data(content, context),
    )


def decode_finish(reason: Any) -> tuple[FinishReason | None, str | None]:
    """Return the finish reason, and the provider's own word for it; a failure raises."""
    if not reason:
        return None, None
    raw = str(reason)
    if raw in _FAILURES:
        raise ProviderError(f"the provider broke the answer off: {raw}", code=raw)
    return _FINISH_REASONS.get(raw), raw


def decode_provider_data(content: list[Any], context: Context) -> dict[str, Any] | None:
    """Return the blocks of an answer under their owner, where some must come back unchanged and in their order."""
    return {context.owner: {"content": content}} if any(map(is_opaque, content)) else None


def decode_citation(cited: Mapping[str, Any], start: int, end: int) -> Citation:
    """Return a citation; its block goes from `start` to `end` in the text of the answer."""
    source = read_text(cited.get("source"))
    passages = [read_text(item.get("text")) for item in cited.get("sourceContent") or ()]
    url = ((cited.get("location") or {}).get("web") or {}).get("url")
    return Citation(
        url=url or (source if source.startswith(("https://", "http://")) else None),
        title=cited.get("title") or None,
        start=start,
        end=end,
        data=cited,
        cited_text="".join(passages) or None,
    )
