"""Answers, streams and model lists of Ollama's own API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import checked_stream, first_list, read_int, read_text, usage_fields
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.fold import arguments_text, synthetic_call_id
from ai_lib.types.message import Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage
from ai_lib.utils import json
from ai_lib.utils.times import parse_date

__all__ = ["decode", "decode_models", "decode_stream"]

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}  # load and unload: nothing was asked


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: It is not an answer.
    """
    message = _answered(payload, context)
    calls = _calls(message)
    finish, raw_finish = _finish(payload, called=bool(calls))
    usage = _usage(payload)
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
        logprobs=_logprobs(payload),
    )
    return ChatCompletionResponse(
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(choice,),
        **usage_fields(usage),
        created=None if created is None else int(created.timestamp()),
        raw=payload,
        **facts,
    )


def _answered(payload: Any, context: Context) -> Mapping[str, Any]:
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


def _calls(message: Mapping[str, Any]) -> list[tuple[str | None, str, str]]:
    """Return id, name and arguments of each call; newer servers send ids, and arguments are an object."""
    found = []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        if not isinstance(function.get("name"), str) or not function["name"]:
            raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
        call_id = call.get("id")
        found.append((str(call_id) if call_id else None, function["name"], arguments_text(function.get("arguments"))))
    return found


def _finish(payload: Mapping[str, Any], *, called: bool) -> tuple[FinishReason | None, str | None]:
    """Return why it ended; the server says "stop" also where it stopped to have tools called."""
    raw = payload.get("done_reason")
    finish = _FINISH.get(raw) if isinstance(raw, str) else None
    return ("tool_calls" if called and finish == "stop" else finish), str(raw) if raw else None


def _usage(payload: Mapping[str, Any]) -> Usage | None:
    prompt, completion = read_int(payload.get("prompt_eval_count")), read_int(payload.get("eval_count"))
    if prompt is None and completion is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def _logprobs(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    tokens = payload.get("logprobs")
    return {"content": tokens} if tokens and isinstance(tokens, list) else None


@checked_stream
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream.

    Args:
        events: The lines.
        context: The provider.

    Raises:
        AiLibError: A line is an error object.
        InvalidResponseError: A line is not JSON, or not part of an answer.
        StreamInterruptedError: The lines end before the one that says done.
    """
    lines = iter(events)
    calls = 0
    for line in lines:
        payload = _parsed(line, lines)
        message = _answered(payload, context) if "message" in payload or not payload.get("done") else {}
        deltas: tuple[ToolCallDelta, ...] = ()
        if message.get("tool_calls"):
            deltas = tuple(
                [ToolCallDelta(calls + at, *call) for at, call in enumerate(_calls(message))]
            )  # fmt: skip
            calls += len(deltas)
        done = payload.get("done") is True
        finish, raw_finish = _finish(payload, called=calls > 0) if done else (None, None)
        yield ChatCompletionChunk(
            read_text(message.get("content")),
            read_text(message.get("thinking")),
            deltas,
            finish,
            raw_finish,
            usage=_usage(payload) if done else None,
            logprobs=_logprobs(payload),
            model=payload.get("model"),
            raw=payload,
        )
        if done:
            return
    raise _interrupted()


def _parsed(line: str, rest: Iterator[str]) -> Mapping[str, Any]:
    try:
        payload = json.loads(line)
    except ValueError:
        if next(rest, None) is None:
            raise _interrupted() from None  # a line that was cut off
        raise
    if not isinstance(payload, Mapping):
        raise ValueError(f"expected an object, got {type(payload).__name__}")  # noqa: TRY004 - see `checked_stream`
    return payload


def _interrupted() -> StreamInterruptedError:
    return StreamInterruptedError("the stream ended before the line that says done")


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models that the server has, from GET /api/tags.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: It is not a list of models.
    """
    found = []
    for entry in first_list(payload, context, "models"):
        model = entry.get("model") or entry.get("name")
        if model:
            found.append(ModelInfo(model, context.provider, name=entry.get("name"), raw=entry))
    return found
