"""The answer of POST /api/chat as a response.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import Context
from ai_lib.providers.dialects.ollama_native.usage import decode_usage
from ai_lib.providers.reading import missing_field, read_call, read_text, single_answer
from ai_lib.types.fold import arguments_text
from ai_lib.types.message import Message, Role
from ai_lib.types.response import ChatCompletionResponse, FinishReason
from ai_lib.utils.times import parse_date

__all__ = ["decode", "decode_calls", "decode_finish", "decode_logprobs", "find_message"]

# "load" and "unload", which answer requests without messages, have no equivalent.
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, and anything else that is no answer, raises."""
    wire = find_message(payload, context)
    calls = decode_calls(wire)
    created = parse_date(payload.get("created_at"))
    message = Message(
        role=Role.ASSISTANT,
        content=read_text(wire.get("content")) or None,
        tool_calls=[read_call(*call, number) for number, call in enumerate(calls)],
        reasoning=read_text(wire.get("thinking")) or None,
    )
    return single_answer(
        payload,
        context,
        decode_finish(payload, called=bool(calls)),
        message,
        decode_usage(payload),
        facts,
        logprobs=decode_logprobs(payload),
        created=None if created is None else int(created.timestamp()),
    )


def find_message(payload: Any, context: Context) -> Mapping[str, Any]:
    """Return the message in an answer, or in a line of a stream; an error object, and anything else, raises."""
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    if payload.get("error"):
        raise context.fail(payload)
    message = payload.get("message")
    if not isinstance(message, Mapping):
        raise missing_field(payload, "message", "an Ollama server, without /v1 and without /api")
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
    """Return why an answer ended, in the library's word and in the server's, which is "stop" for calls as well."""
    raw = payload.get("done_reason")
    finish = _FINISH.get(raw) if isinstance(raw, str) else None
    return ("tool_calls" if called and finish == "stop" else finish), str(raw) if raw else None


def decode_logprobs(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the log probabilities in the form of other providers, or None."""
    tokens = payload.get("logprobs")
    return {"content": tokens} if tokens and isinstance(tokens, list) else None
