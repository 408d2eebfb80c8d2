"""The answer of POST /chat/completions as our values.

Tolerant: unknown fields, null content and missing usage are normal here. What is promised and missing (choices,
a tool's name) is an `InvalidResponseError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import ContentFilterError, InvalidResponseError, OverloadedError, ProviderError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.openai_chat.quirks import REASONING_TEXT, Quirks
from ai_lib.providers.dialects.openai_chat.usage import usage_of
from ai_lib.providers.reading import check_object, usage_facts
from ai_lib.types.fold import arguments_text, synthetic_call_id
from ai_lib.types.message import Citation, Message, Role
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall

__all__ = [
    "call_parts",
    "citations_of",
    "decode",
    "finish_of",
    "id_of",
    "kept",
    "logprobs_of",
    "looks_like_error",
    "split_content",
]

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
}
# Finish reasons that are failures. Source: https://api-docs.deepseek.com/api/create-chat-completion
_FAILED: dict[str, type[ProviderError]] = {
    "insufficient_system_resource": OverloadedError,
    "network_error": ProviderError,
    "error": ProviderError,
}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: It is not a chat completion.
    """
    check_object(payload)
    choices = payload.get("choices")
    if looks_like_error(payload):
        raise context.fail(payload)
    if not isinstance(choices, list) or not choices:
        raise _without_choices(payload)
    response_id = payload.get("id") or None
    usage = usage_of(payload.get("usage"))
    return ChatCompletionResponse(
        id=response_id,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=tuple(
            [_choice(choice, number, payload, response_id, context) for number, choice in enumerate(choices)]
        ),
        **usage_facts(usage),
        created=payload.get("created"),
        raw=payload,
        **facts,
    )


def looks_like_error(payload: Mapping[str, Any]) -> bool:
    """Return whether a 200 body, or an event, is an error object in one of the forms seen."""
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


def _without_choices(payload: Mapping[str, Any]) -> InvalidResponseError | ContentFilterError:
    if payload.get("prompt_filter_results"):
        return ContentFilterError("the provider's filter blocked the prompt", code="content_filter")
    return InvalidResponseError(
        f"the answer has no choices; its keys are: {', '.join(map(str, payload)) or 'none'}",
        code="no_choices",
        hint="Check that base_url is that of a chat completions API",
    )


def _choice(choice: Any, number: int, payload: Mapping[str, Any], response_id: str | None, context: Context) -> Choice:
    if not isinstance(choice, Mapping):
        raise InvalidResponseError("a choice is not a JSON object", code="not_a_completion")
    if choice.get("error"):
        raise context.fail(choice)
    message = choice.get("message")
    if message is None:
        message = {"content": choice.get("text")}  # legacy completions, behind some gateways
    finish, raw_finish = finish_of(choice.get("finish_reason"))
    index = choice.get("index")
    return Choice(
        index=index if isinstance(index, int) else number,
        message=_message(message, payload, response_id, context),
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        logprobs=logprobs_of(choice),
    )


def _message(wire: Mapping[str, Any], payload: Mapping[str, Any], response_id: str | None, context: Context) -> Message:
    quirks: Quirks = context.quirks
    text, thought, references = split_content(wire.get("content"))
    reasoning = next((value for field in REASONING_TEXT if isinstance(value := wire.get(field), str)), None)
    reasoning = thought if reasoning is None else reasoning + thought
    if not reasoning:
        reasoning = detailed_reasoning(wire.get("reasoning_details"))
    if quirks.think_tags and not reasoning:
        reasoning, text = split_think_tags(text)
    calls = list(wire.get("tool_calls") or ())
    if isinstance(wire.get("function_call"), Mapping) and not calls:
        calls = [{"function": wire["function_call"]}]
    return Message(
        role=Role.ASSISTANT,
        content=text or None,
        tool_calls=[_tool_call(call, number, response_id, context) for number, call in enumerate(calls)],
        reasoning=reasoning or None,
        refusal=wire.get("refusal") or None,
        citations=[*citations_of(wire.get("annotations")), *citations_of(payload.get("citations")), *references],
        provider_data=kept(wire, context),
    )


def split_content(content: Any) -> tuple[str, str, list[Citation]]:
    """Return the text, the thinking and the references of a content: a str, null, or a list of parts.

    Lists come from Mistral's models and from Databricks, also behind gateways.
    """
    if content is None or content.__class__ is str:
        return content or "", "", []
    text, thought, references = [], [], []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            text.append(part)
            continue
        kind = part.get("type")
        if kind in ("text", "output_text"):
            text.append(part.get("text") or "")
        elif kind in ("thinking", "reasoning"):
            inner = part.get("thinking") or part.get("summary") or part.get("text") or ""
            thought.append(inner if isinstance(inner, str) else "".join([item.get("text") or "" for item in inner]))
        elif kind == "reference":
            references.append(Citation(data=part))
    return "".join(text), "".join(thought), references


def detailed_reasoning(details: Any) -> str:
    """Return the text of OpenRouter's and MiniMax's reasoning_details."""
    if not isinstance(details, list):
        return ""
    return "".join([item.get("text") or item.get("summary") or "" for item in details if isinstance(item, Mapping)])


def split_think_tags(text: str) -> tuple[str, str]:
    """Return the thinking between <think> and </think> at the start of a text, and the rest."""
    body = text.lstrip()
    if not body.startswith("<think>"):
        return "", text
    thought, closed, rest = body.removeprefix("<think>").partition("</think>")
    return thought, rest.lstrip() if closed else ""


def _tool_call(call: Any, number: int, response_id: str | None, context: Context) -> ToolCall:
    name, arguments = call_parts(call)
    if not name:
        raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
    return ToolCall(
        id_of(call) or synthetic_call_id(response_id, number),
        name,
        arguments_text(arguments),
        provider_data=kept_of_call(call, context),
    )


def call_parts(call: Any) -> tuple[str, Any]:
    """Return the name and the arguments of a function call or of a custom tool's call."""
    function = call.get("function") or {}
    if not function and isinstance(call.get("custom"), Mapping):
        function = {"name": call["custom"].get("name"), "arguments": call["custom"].get("input")}
    name = function.get("name") or ""
    if not isinstance(name, str):
        raise TypeError(f"a tool's name is text, not {type(name).__name__}")
    return name, function.get("arguments")


def id_of(call: Mapping[str, Any]) -> str | None:
    """Return a tool call's id; "" and null are none, and a number is as good as its text."""
    found = call.get("id")
    return str(found) if found else None


def logprobs_of(choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the log probabilities of a choice, or None."""
    found = choice.get("logprobs")
    return found if found and isinstance(found, Mapping) else None


def kept_of_call(call: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    """Return what a tool call must bring back: the signatures of Gemini behind a compatible front."""
    extra = call.get("extra_content")
    return {context.owner: {"extra_content": extra}} if extra else None


def kept(wire: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    """Return the opaque fields that must come back with the message, under the provider's id."""
    quirks: Quirks = context.quirks
    if not quirks.echo and not quirks.thinking_parts:
        return None
    own = {field: wire[field] for field in quirks.echo if field not in REASONING_TEXT and wire.get(field)}
    if quirks.thinking_parts:
        for part in wire["content"] if isinstance(wire.get("content"), list) else ():
            if isinstance(part, Mapping) and part.get("signature"):
                own["signature"] = part["signature"]
    return {context.owner: own} if own else None


def citations_of(sources: Any) -> list[Citation]:
    """Return the citations from a list of annotations (OpenAI) or of addresses (xAI, Perplexity)."""
    if not sources or not isinstance(sources, list):
        return []
    found = []
    for source in sources:
        if isinstance(source, str):
            found.append(Citation(url=source))
        elif isinstance(source, Mapping):
            cited = source.get("url_citation") or source
            found.append(
                Citation(cited.get("url"), cited.get("title"), cited.get("start_index"), cited.get("end_index"), source)
            )
    return list(dict.fromkeys(found)) if all(item.data is None for item in found) else found


def finish_of(reason: Any) -> tuple[FinishReason | None, str | None]:
    """Return our word and the provider's for why an answer ended.

    Raises:
        ProviderError: The reason is a failure.
    """
    if not reason:
        return None, None
    raw = str(reason)
    if raw in _FAILED:
        raise _FAILED[raw](f"the provider broke the answer off: {raw}", code=raw)
    return _FINISH.get(raw.lower()), raw
