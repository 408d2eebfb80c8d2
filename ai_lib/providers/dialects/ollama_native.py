"""Ollama's own API: POST /api/chat, one JSON object a line when streamed.

Sources: https://github.com/ollama/ollama/blob/main/docs/api.md, https://docs.ollama.com/capabilities/thinking,
https://github.com/ollama/ollama/blob/main/api/types.go
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.providers.dialect import Context, Dialect, Refuse
from ai_lib.providers.wire import arguments_object, count, extended, listed, quirks_of, text_of, typed, usage_facts
from ai_lib.types.chunk import ChatCompletionChunk, ToolCallDelta
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.fold import arguments_text, made_up_id
from ai_lib.types.message import Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from ai_lib.types.usage import Usage
from ai_lib.utils import json
from ai_lib.utils.times import date_of

__all__ = ["DIALECT", "Quirks"]


@attrs.frozen(kw_only=True)
class Quirks:
    """How one server differs from the plain dialect.

    Args:
        send: Fields that are always sent, unless `extensions` say otherwise.
    """

    send: Mapping[str, Any] = attrs.field(factory=dict)


# --- ours to wire ------------------------------------------------------------------------------------------------

_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "num_predict",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_WITHOUT_FORM = ("n", "logit_bias", "parallel_tool_calls", "user", "metadata")
_THINK: dict[str, bool | str] = {
    "none": False,
    "disabled": False,
    "enabled": True,
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "max",
}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream; unlike elsewhere it does when nothing is said.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    body: dict[str, Any] = {"model": request.model, "messages": _messages(request.messages, refuse), "stream": stream}
    options = {
        wire: value for field, wire in _OPTIONS.items() if (value := getattr(request, field)) is not None
    }  # fmt: skip
    if request.stop:
        options["stop"] = list(request.stop)
    if options:
        body["options"] = options
    for field in ("logprobs", "top_logprobs"):
        if (value := getattr(request, field)) is not None:
            body[field] = value
    for field in _WITHOUT_FORM:
        if getattr(request, field) is not None:
            refuse(field, "the API has no such field")
    _put_tools(body, request, refuse)
    if request.response_format is not None:
        body["format"] = _format(request.response_format)
    if request.reasoning is not None:
        _put_think(body, request.reasoning, refuse)
    quirks: Quirks = context.quirks
    always = {field: value for field, value in quirks.send.items() if field not in request.extensions}
    return extended({**body, **always}, request.extensions)


def _put_tools(body: dict[str, Any], request: ChatCompletionRequest, refuse: Refuse) -> None:
    choice = request.tool_choice
    if choice == "required" or isinstance(choice, NamedTool):
        refuse("tool_choice", "the model itself decides whether it calls a tool")
    if request.tools and choice != "none":  # none is said by leaving the tools out
        body["tools"] = [_tool(tool, refuse) for tool in request.tools]


def _tool(tool: Tool, refuse: Refuse) -> dict[str, Any]:
    if tool.strict is not None:
        refuse("strict", "arguments cannot be held to a schema")
    if tool.cache is not None:
        refuse("cache", "the server caches by itself")
    described = {} if tool.description is None else {"description": tool.description}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": tool.parameters}}


def _format(form: ResponseFormat) -> Any:
    """Return "json" or the schema, which the server always holds the answer to."""
    return "json" if form.kind == "json_object" else form.schema


def _put_think(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    if isinstance(reasoning, str) and reasoning in _THINK:
        body["think"] = _THINK[reasoning]
    else:
        refuse("reasoning", f"the server knows only {', '.join(_THINK)}, not {reasoning!r}")


def _messages(messages: Iterable[Message], refuse: Refuse) -> list[dict[str, Any]]:
    names: dict[str, str] = {}  # ids are made up here, and may occur again: the last call before a result counts
    wire = []
    for message in messages:
        wire.append(_message(message, names, refuse))
        names.update((call.id, call.name) for call in message.tool_calls)
    return wire


def _message(message: Message, names: Mapping[str, str], refuse: Refuse) -> dict[str, Any]:
    texts = [part.text for part in message.content if isinstance(part, Text | Json)]
    wire: dict[str, Any] = {"role": message.role.value, "content": "".join(texts)}
    images = [data for part in message.content if (data := _image(part, refuse)) is not None]
    if images:
        wire["images"] = images
    if message.role is Role.TOOL:
        name = message.name or names.get(message.tool_call_id or "")
        if name is not None:
            wire["tool_name"] = name
    elif message.name is not None:
        refuse("name", "speakers have no names")
    if message.reasoning:
        wire["thinking"] = message.reasoning
    if message.tool_calls:
        wire["tool_calls"] = [
            {"function": {"name": call.name, "arguments": arguments_object(call)}} for call in message.tool_calls
        ]
    if message.refusal is not None:
        refuse("refusal", "the API has no such field")
    return wire


def _image(part: Any, refuse: Refuse) -> str | None:
    if part.cache is not None:
        refuse("cache", "the server caches by itself")
    if isinstance(part, Audio | Document):
        refuse(f"{type(part).__name__.lower()} content", "the server takes text and images")
    if not isinstance(part, Image):
        return None
    if part.data is None:
        refuse("image url" if part.url else "image file_id", "images go as bytes; use Image.from_file()")
        return None
    if part.detail is not None:
        refuse("image detail", "the API has no such field")
    return part.base64


# --- wire to ours ------------------------------------------------------------------------------------------------

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
    created = date_of(payload.get("created_at"))
    choice = Choice(
        message=Message(
            role=Role.ASSISTANT,
            content=text_of(message.get("content")) or None,
            tool_calls=[
                ToolCall(call_id or made_up_id(None, number), name, arguments)
                for number, (call_id, name, arguments) in enumerate(calls)
            ],
            reasoning=text_of(message.get("thinking")) or None,
        ),
        finish_reason=finish,
        raw_finish_reason=raw_finish,
        logprobs=_logprobs(payload),
    )
    return ChatCompletionResponse(
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(choice,),
        **usage_facts(usage),
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
    prompt, completion = count(payload.get("prompt_eval_count")), count(payload.get("eval_count"))
    if prompt is None and completion is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def _logprobs(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    tokens = payload.get("logprobs")
    return {"content": tokens} if tokens and isinstance(tokens, list) else None


@typed
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
            text_of(message.get("content")),
            text_of(message.get("thinking")),
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
        raise ValueError(f"expected an object, got {type(payload).__name__}")  # noqa: TRY004 - see `typed`
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
    for entry in listed(payload, context, "models"):
        model = entry.get("model") or entry.get("name")
        if model:
            found.append(ModelInfo(model, context.provider, name=entry.get("name"), raw=entry))
    return found


DIALECT = Dialect(
    name="ollama_native",
    framing="ndjson",
    quirks=quirks_of(Quirks, "dialect ollama_native"),
    encode=encode,
    decode=decode,
    decode_stream=decode_stream,
    decode_models=decode_models,
)
