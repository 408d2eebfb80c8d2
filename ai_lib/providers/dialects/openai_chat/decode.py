"""The answer of POST /chat/completions as a response.

Tolerant: unknown fields, null content and missing usage are normal here. Where something promised is missing (choices,
a tool's name), the answer is an `InvalidResponseError`.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import ContentFilterError, InvalidResponseError, OverloadedError, ProviderError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.providers.dialects.openai_chat.reasoning import REASONING_FIELDS, decode_reasoning, split_think_tags
from ai_lib.providers.dialects.openai_chat.usage import decode_usage
from ai_lib.providers.reading import check_object, finish_table, missing_field, read_call, usage_fields
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason

__all__ = [
    "decode", "decode_call", "decode_citations", "decode_content", "decode_finish", "decode_logprobs",
    "decode_provider_data", "is_error", "list_calls",
]  # fmt: skip

_FINISH = finish_table(
    stop="stop eos stop_sequence end_turn",
    length="length model_length max_tokens",
    tool_calls="tool_calls function_call tool_use",
    content_filter="content_filter sensitive",
)
# Finish reasons that are failures. Source: https://api-docs.deepseek.com/api/create-chat-completion
_FAILED: dict[str, type[ProviderError]] = {
    "insufficient_system_resource": OverloadedError,
    "network_error": ProviderError,
    "error": ProviderError,
}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, a blocked prompt and anything else raise."""
    check_object(payload)
    if is_error(payload):
        raise context.fail(payload)
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices:
        if payload.get("prompt_filter_results"):  # Azure
            raise ContentFilterError("the provider's filter blocked the prompt", code="content_filter")
        raise missing_field(payload, "choices", "a chat completions API", code="no_choices")
    return ChatCompletionResponse(
        id=payload.get("id") or None,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=tuple([_decode_choice(choice, number, payload, context) for number, choice in enumerate(choices)]),
        **usage_fields(decode_usage(payload.get("usage"))),
        created=payload.get("created"),
        raw=payload,
        **facts,
    )


def is_error(payload: Mapping[str, Any]) -> bool:
    """Return whether a body with status 200, or an event, is an error object in one of the known forms."""
    if payload.get("error") is not None:
        return True
    if payload.get("choices"):
        return False
    base = payload.get("base_resp")  # MiniMax
    if isinstance(base, Mapping) and base.get("status_code"):
        return True
    # iFlytek {code, message, sid}, Cloudflare {success: false, errors}, FastAPI {detail}, {object: "error"}
    return bool(
        (payload.get("code") and "message" in payload)
        or payload.get("success") is False
        or payload.get("detail")
        or payload.get("object") == "error"
    )


def _decode_choice(choice: Any, number: int, payload: Mapping[str, Any], context: Context) -> Choice:
    if not isinstance(choice, Mapping):
        raise InvalidResponseError("a choice is not a JSON object", code="not_a_completion")
    if choice.get("error"):
        raise context.fail(choice)
    wire = choice.get("message")
    if wire is None:
        wire = {"content": choice.get("text")}  # legacy completions, behind some gateways
    finish, raw_finish = decode_finish(choice.get("finish_reason"))
    text, thinking, references = decode_content(wire.get("content"))
    reasoning = decode_reasoning(wire, thinking)
    if context.quirks.think_tags and not reasoning:
        reasoning, text = split_think_tags(text)
    calls = []
    for place, call in enumerate(list_calls(wire)):
        call_id, name, arguments, data = decode_call(call, context)
        calls.append(read_call(call_id, name, arguments_text(arguments), place, payload.get("id") or None, data))
    message = Message(
        role=Role.ASSISTANT,
        content=text or None,
        tool_calls=calls,
        reasoning=reasoning or None,
        refusal=wire.get("refusal") or None,
        citations=[
            *decode_citations(wire.get("annotations")),
            *decode_citations(payload.get("citations")),
            *references,
        ],
        provider_data=decode_provider_data(wire, context),
    )
    index = choice.get("index")
    return Choice(
        index=index if isinstance(index, int) else number,
        message=message,
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        logprobs=decode_logprobs(choice),
    )


def decode_content(content: Any) -> tuple[str, str, list[Citation]]:
    """Return the text, the reasoning and the references of a content: a string, null, or a list of parts.

    Lists come from Mistral's models and from Databricks, also behind gateways.
    """
    if content is None or content.__class__ is str:
        return content or "", "", []
    text, thinking, references = [], [], []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            text.append(part)
            continue
        kind = part.get("type")
        if kind in ("text", "output_text"):
            text.append(part.get("text") or "")
        elif kind in ("thinking", "reasoning"):
            inner = part.get("thinking") or part.get("summary") or part.get("text") or ""
            thinking.append(inner if isinstance(inner, str) else "".join([item.get("text") or "" for item in inner]))
        elif kind == "reference":
            references.append(Citation(data=part))
    return "".join(text), "".join(thinking), references


def list_calls(wire: Mapping[str, Any]) -> Any:
    """Return the tool calls of a message or of a delta; `function_call` is the older form, for a single one."""
    calls = wire.get("tool_calls") or ()
    if not calls and isinstance(wire.get("function_call"), Mapping):
        return [{"index": 0, "function": wire["function_call"]}]
    return calls


def decode_call(call: Any, context: Context) -> tuple[str | None, str, Any, dict[str, Any] | None]:
    """Return the id, the name, the arguments and the provider's data of a call to a function or to a custom tool."""
    function = call.get("function") or {}
    if not function and isinstance(call.get("custom"), Mapping):
        function = {"name": call["custom"].get("name"), "arguments": call["custom"].get("input")}
    name = function.get("name") or ""
    if not isinstance(name, str):
        raise TypeError(f"a tool's name must be a string, not {type(name).__name__}")
    call_id = call.get("id")  # some services send "", null or a number
    extra = call.get("extra_content")  # the signatures of Gemini behind a compatible front, which must come back
    return (
        str(call_id) if call_id else None,
        name,
        function.get("arguments"),
        {context.owner: {"extra_content": extra}} if extra else None,
    )


def decode_logprobs(choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the log probabilities of a choice, or None."""
    logprobs = choice.get("logprobs")
    return logprobs if logprobs and isinstance(logprobs, Mapping) else None


def decode_provider_data(wire: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    """Return the opaque fields that must come back with a message, under the provider's id."""
    quirks: Quirks = context.quirks
    if not quirks.echo and not quirks.thinking_parts:
        return None
    data = {field: wire[field] for field in quirks.echo if field not in REASONING_FIELDS and wire.get(field)}
    content = wire.get("content")
    if quirks.thinking_parts and isinstance(content, list):
        for part in content:
            if isinstance(part, Mapping) and part.get("signature"):
                data["signature"] = part["signature"]
    return {context.owner: data} if data else None


def decode_citations(sources: Any) -> list[Citation]:
    """Return the citations in a list of annotations (OpenAI) or of URLs (xAI, Perplexity), each URL once."""
    if not sources or not isinstance(sources, list):
        return []
    citations = []
    for source in sources:
        if isinstance(source, str):
            citations.append(Citation(url=source))
        elif isinstance(source, Mapping):
            cited = source.get("url_citation") or source
            citations.append(
                Citation(cited.get("url"), cited.get("title"), cited.get("start_index"), cited.get("end_index"), source)
            )
    # Annotations are not hashable, and the same page may be cited in several places.
    return list(dict.fromkeys(citations)) if all(item.data is None for item in citations) else citations


def decode_finish(reason: Any) -> tuple[FinishReason | None, str | None]:
    """Return why an answer ended, in the library's word and in the provider's; a failure raises."""
    if not reason:
        return None, None
    raw = str(reason)
    if raw in _FAILED:
        raise _FAILED[raw](f"the provider broke the answer off: {raw}", code=raw)
    return _FINISH.get(raw.lower()), raw
