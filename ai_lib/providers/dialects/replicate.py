"""Replicate's predictions: a model is run on inputs of its own, and the answer is asked for until it is there.

A conversation becomes one prompt: most models take no messages. Sources: https://replicate.com/docs/reference/http,
https://replicate.com/docs/reference/streaming, replicate 1.0.7
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ai_lib.errors import AiLibError, InvalidResponseError, ProviderError, StreamInterruptedError
from ai_lib.providers.dialect import Context, Dialect, Refuse
from ai_lib.providers.operation import FollowUp
from ai_lib.providers.wire import (
    extended,
    first_count,
    for_model,
    json_events,
    listed,
    quirks_of,
    text_of,
    typed,
    usage_facts,
)
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.usage import Usage
from ai_lib.utils import json
from ai_lib.utils.times import date_of

__all__ = ["DIALECT", "Quirks"]


@attrs.frozen(kw_only=True)
class Quirks:
    """What the models' inputs are called, by model; "" where a model has no such input.

    Args:
        limit: The input for the limit of tokens.
        images: The input for images; a name that ends in "[]" takes several.
        efforts: The input for the effort of reasoning.
        version: Whether the model goes into the body, where the address does not name it.
    """

    limit: Mapping[str, str] = attrs.field(factory=lambda: {"*": "max_tokens"})
    images: Mapping[str, str] = attrs.field(factory=dict)
    efforts: Mapping[str, str] = attrs.field(factory=dict)
    version: bool = False


# --- ours to wire ------------------------------------------------------------------------------------------------

_INPUTS = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty")
_WITHOUT_FORM = (
    "stop",
    "n",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "user",
    "metadata",
)
_SPEAKERS = {Role.USER: "User", Role.ASSISTANT: "Assistant"}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    quirks: Quirks = context.quirks
    inputs = _prompts(request.messages, refuse)
    inputs.update({field: value for field in _INPUTS if (value := getattr(request, field)) is not None})
    if request.max_tokens is not None:
        inputs[for_model(quirks.limit, request.model) or "max_tokens"] = request.max_tokens
    if request.reasoning is not None:
        _put_effort(inputs, request, quirks, refuse)
    _put_images(inputs, request, quirks, refuse)
    for field in _WITHOUT_FORM:
        if getattr(request, field):
            refuse(field, 'models have inputs of their own; where this one has it, pass extensions={"input": {...}}')
    body: dict[str, Any] = {"version": request.model} if quirks.version else {}
    body["input"] = inputs
    if stream:
        body["stream"] = True
    return extended(body, request.extensions, also=frozenset({"stream"}))


def _prompts(messages: tuple[Message, ...], refuse: Refuse) -> dict[str, Any]:
    """Return the conversation as a system prompt and a prompt; a single message is the prompt as it stands."""
    texts = [(message.role, _text(message, refuse)) for message in messages]
    system = [text for role, text in texts if role is Role.SYSTEM and text]
    turns = [(role, text) for role, text in texts if role in _SPEAKERS]
    if len(turns) == 1 and turns[0][0] is Role.USER:
        prompt = turns[0][1]
    else:
        said = [f"{_SPEAKERS[role]}: {text}" for role, text in turns]
        answer = [] if turns and turns[-1][0] is Role.ASSISTANT else ["Assistant:"]
        prompt = "\n\n".join([*said, *answer])
    return {"prompt": prompt, **({"system_prompt": "\n\n".join(system)} if system else {})}


def _text(message: Message, refuse: Refuse) -> str:
    if message.role is Role.TOOL or message.tool_calls:
        refuse("tools", "calls and their results have no place in a prompt")
    if message.name is not None and message.role is not Role.TOOL:
        refuse("name", "speakers have no names")
    if message.refusal is not None:
        refuse("refusal", "a prompt has no place for it")
    return "".join([part.text for part in message.content if isinstance(part, Text | Json)])


def _put_effort(inputs: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    name = for_model(quirks.efforts, request.model)
    if name and isinstance(request.reasoning, str):
        inputs[name] = request.reasoning
    else:
        refuse("reasoning", f"{request.model} is not known to take it; see its inputs")


def _put_images(inputs: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    name = for_model(quirks.images, request.model) or ""
    images: list[str] = []
    for part in [part for message in request.messages for part in message.content]:
        if part.cache is not None:
            refuse("cache", "the provider has no such marks")
        if isinstance(part, Audio | Document):
            refuse(f"{type(part).__name__.lower()} content", "models have inputs of their own for it")
        elif isinstance(part, Image) and _takes(part, name, images, request.model, refuse):
            images.append(part.data_url)
    if images:
        inputs[name.removesuffix("[]")] = images if name.endswith("[]") else images[0]


def _takes(part: Image, name: str, images: list[str], model: str | None, refuse: Refuse) -> bool:
    if part.detail is not None:
        refuse("image detail", "models have no such input")
    obstacle = (
        ("image content", f"{model} is not known to take images; see its inputs")
        if not name
        else ("image file_id", "images go by address or as bytes")
        if part.file_id is not None
        else ("image content", f"{model} takes one image")
        if images and not name.endswith("[]")
        else None
    )
    if obstacle is not None:
        refuse(*obstacle)
    return obstacle is None


def headers(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Ask to hold the answer back until it is there, at most a minute; a stream's address must come at once."""
    return {} if body.get("stream") else {"Prefer": "wait"}


# --- wire to ours ------------------------------------------------------------------------------------------------

_UNFINISHED = frozenset({"queued", "starting", "processing"})
_WAIT = 0.5  # as the vendor's own client has it
_CODE = re.compile(r"\bE\d{3,4}\b")


def follow_up(payload: Any, stream: bool) -> FollowUp | None:
    """Return where the answer is to be had, or None when it is here.

    Args:
        payload: The decoded JSON of a prediction.
        stream: Whether a stream is wanted.
    """
    if payload["status"] not in _UNFINISHED:
        return None
    urls = payload.get("urls") or {}
    polled = FollowUp(url=text_of(urls["get"]), wait=_WAIT) if urls.get("get") else None
    if stream and urls.get("stream"):
        then = attrs.evolve(polled, wait=0.0) if polled is not None else None
        return FollowUp(url=text_of(urls["stream"]), stream=True, then=then)
    return polled


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the answer.

    Args:
        payload: The decoded JSON of a prediction.
        context: The provider.
        facts: Fields of the answer that are not in the payload, such as `request_id`.

    Raises:
        AiLibError: The prediction failed, or the payload is an error object.
        InvalidResponseError: It is not a prediction, or not a finished one.
    """
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    status = payload.get("status")
    _check(status, payload, context)
    usage = _usage(payload.get("metrics"))
    created = date_of(payload.get("created_at"))
    message = Message(role=Role.ASSISTANT, content=_output(payload.get("output")) or None)
    return ChatCompletionResponse(
        id=payload.get("id") or None,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(Choice(message=message, finish_reason="stop", raw_finish_reason=status),),
        **usage_facts(usage),
        created=None if created is None else int(created.timestamp()),
        raw=payload,
        **facts,
    )


def _check(status: Any, payload: Mapping[str, Any], context: Context) -> None:
    if status == "succeeded":
        return
    if status in ("canceled", "aborted"):
        raise _canceled()
    if status == "failed" or payload.get("error") or payload.get("detail"):
        raise _failed(payload.get("error") or payload.get("detail"), context)
    unfinished = isinstance(status, str) and status in _UNFINISHED
    raise InvalidResponseError(
        f"the prediction is {status} and tells not where to go on" if unfinished else "the answer is not a prediction",
        code="malformed_answer",
    )


def _failed(reason: Any, context: Context) -> AiLibError:
    """Return the error for a reason such as "The input was flagged as sensitive. (E005)"."""
    message = reason if isinstance(reason, str) else json.dumps(reason).decode()
    found = _CODE.search(message)
    return context.fail({"error": message, "code": found[0] if found else "prediction_failed"})


def _canceled() -> ProviderError:
    return ProviderError("the prediction was canceled", code="canceled", retryable=False)


def _output(output: Any) -> str:
    """Return the text of an output: a string, or pieces of one."""
    if isinstance(output, list):
        return "".join([text_of(piece) for piece in output])
    return text_of(output)


def _usage(metrics: Any) -> Usage | None:
    if not isinstance(metrics, Mapping):
        return None
    prompt = first_count(metrics.get("input_token_count"), metrics.get("token_input_count"))
    completion = first_count(metrics.get("output_token_count"), metrics.get("token_output_count"))
    if prompt is None and completion is None:
        return None
    prompt, completion = prompt or 0, completion or 0
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


@typed
def decode_stream(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks of a stream; others than "output", "error" and "done" (such as "logs") are passed over.

    Args:
        events: Name and data of each event, as JSON.
        context: The provider.

    Raises:
        AiLibError: An event tells of an error.
        InvalidResponseError: An event is not formed as promised.
        StreamInterruptedError: The events end before the one that says done.
    """
    for event in json_events(events):
        make = _EVENTS.get(event["event"])
        if make is not None:
            yield make(text_of(event["data"]), event, context)
            if event["event"] == "done":
                return
    raise StreamInterruptedError("the stream ended before the event that says done")


def _piece(data: str, event: Mapping[str, Any], context: Context) -> ChatCompletionChunk:
    return ChatCompletionChunk(data, raw=event)


def _error(data: str, event: Mapping[str, Any], context: Context) -> ChatCompletionChunk:
    told = _told(data)
    raise _failed(told.get("detail") or told.get("error") or data or "the prediction failed", context)


def _done(data: str, event: Mapping[str, Any], context: Context) -> ChatCompletionChunk:
    reason = _told(data).get("reason")
    if reason == "canceled":
        raise _canceled()
    if reason == "error":
        raise _failed("the prediction failed", context)
    return ChatCompletionChunk(finish_reason="stop", raw_finish_reason="succeeded", raw=event)


def _told(data: str) -> Mapping[str, Any]:
    """Return the JSON object in an event's data; errors come as JSON and as plain text."""
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


_EVENTS: dict[str, Callable[[str, Mapping[str, Any], Context], ChatCompletionChunk]] = {
    "output": _piece,
    "error": _error,
    "done": _done,
}


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of a collection {models: [...]}, or of a page of all models {results: [...]}.

    Raises:
        AiLibError: The payload is an error object.
        InvalidResponseError: It is not a list of models.
    """
    return [
        ModelInfo(
            f"{entry['owner']}/{entry['name']}",
            context.provider,
            owned_by=entry["owner"],
            name=entry["name"],
            raw=entry,
        )
        for entry in listed(payload, context, "models", "results")
        if entry.get("owner") and entry.get("name")
    ]


DIALECT = Dialect(
    name="replicate",
    framing="sse_named",
    quirks=quirks_of(Quirks, "dialect replicate"),
    encode=encode,
    decode=decode,
    decode_stream=decode_stream,
    decode_models=decode_models,
    headers=headers,
    follow_up=follow_up,
)
