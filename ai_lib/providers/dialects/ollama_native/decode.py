"""The answer of POST /api/chat as a response.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.ollama_native.usage import decode_usage
from ai_lib.providers.reading import read_text, usage_fields
from ai_lib.types.fold import arguments_text, synthetic_call_id
from ai_lib.types.message import Message, Role
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.utils.times import parse_date

__all__ = ["decode", "decode_calls", "decode_finish", "decode_logprobs", "find_message"]

# "load" and "unload", which answer requests without messages, have no equivalent.
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response in a decoded payload.

    Args:
        payload: The JSON.
        context: The provider.
        facts: Fields of the response that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: The payload is not an answer.
    """
    message = find_message(payload, context)
    calls = decode_calls(message)
    finish, raw_finish = decode_finish(payload, called=bool(calls))
    created = parse_date(payload.get("created_at"))
    choice = Choice(
        message=Message(
            role=Role.ASSISTANT,
            content=read_text(message.get("content")) or None,
            tool_calls=[
                ToolCall(call_id or synthetic_call_id(None, number), name, arguments)
                for number, (call_id, name, arguments) in enumerate(calls)
            ],
            reasoning=read_text(message.get("thinking")) or None,
        ),
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        logprobs=decode_logprobs(payload),
    )
    return ChatCompletionResponse(
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(choice,),
        **usage_fields(decode_usage(payload)),
        created=None if created is None else int(created.timestamp()),
        raw=payload,
        **facts,
    )


def find_message(payload: Any, context: Context) -> Mapping[str, Any]:
    """Return the message in an answer, or in a line of a stream.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: The payload has no message.
    """
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    if payload.get("error"):
        raise context.fail(payload)
    message = payload.get("message")
    if not isinstance(message, Mapping):
        raise InvalidResponseError(
            f"the answer has no message; its keys are: {', '.join(map(str, payload)) or 'none'}",
            code="malformed_answer",
            hint="Check that base_url is that of an Ollama server, without /v1 and without /api",
        )
    return message


def decode_calls(message: Mapping[str, Any]) -> list[tuple[str | None, str, str]]:
    """Return the id, the name and the arguments of each call; older servers send no ids."""
    calls = []
    for call in message.get("tool_calls") or ():
        name = call["function"].get("name")
        if not isinstance(name, str) or not name:
            raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
        call_id = call.get("id")
        calls.append((str(call_id) if call_id else None, name, arguments_text(call["function"].get("arguments"))))
    return calls


def decode_finish(payload: Mapping[str, Any], *, called: bool) -> tuple[FinishReason | None, str | None]:
    """Return why an answer ended, in the library's word and in the server's.

    Args:
        payload: The answer, or the last line of a stream.
        called: Whether the answer has tool calls: the server's word is "stop" for those as well.
    """
    raw = payload.get("done_reason")
    finish = _FINISH.get(raw) if isinstance(raw, str) else None
    return ("tool_calls" if called and finish == "stop" else finish), str(raw) if raw else None


def decode_logprobs(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the log probabilities in the form of other providers, or None."""
    tokens = payload.get("logprobs")
    return {"content": tokens} if tokens and isinstance(tokens, list) else None
