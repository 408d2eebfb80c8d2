"""Functions that all dialects and formats share: reading values of wire JSON, building request bodies."""

from __future__ import annotations

import functools
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import attrs

from ai_lib.errors import ConfigurationError, InvalidRequestError, InvalidResponseError, ToolArgumentsError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.fold import synthetic_call_id
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, Choice, FinishReason
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage, UsageStatus
from ai_lib.utils import json

__all__ = [
    "check_object", "checked_stream", "encode_arguments", "finish_table", "first_int", "first_list", "match_model",
    "merge_extensions", "missing_field", "owned_data", "parse_events", "quirks_reader", "read_call", "read_cost",
    "read_decimal", "read_input_usage", "read_int", "read_text", "read_usage", "read_vector", "refuse_fields",
    "require_int", "short_id", "single_answer", "thinking_budget", "tool_names_by_id", "usage_fields",
]  # fmt: skip

T = TypeVar("T")
# The smallest budget for thinking that Anthropic and Amazon Bedrock accept.
_MIN_THINKING_BUDGET = 1024
ChunkReader = Callable[[Iterable[str], Context], Iterator[ChatCompletionChunk]]


def read_int(value: Any) -> int | None:
    """Return a JSON number as an integer; None for anything else."""
    if value is None or value.__class__ is int:  # nearly all, and some providers count in every event of a stream
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if is_number else None


def first_int(*values: Any) -> int | None:
    """Return the first value that is a number, as an integer; None where none is."""
    for value in values:
        if (number := read_int(value)) is not None:
            return number
    return None


def require_int(payload: Any, context: Context, field: str) -> int:
    """Return a number that an answer must have; raise the error in an error object, or that the field is missing."""
    answer = payload if isinstance(payload, Mapping) else {}
    number = read_int(answer.get(field))
    if number is not None:
        return number
    if answer.get("error") or answer.get("type") == "error":
        raise context.fail(payload)
    raise InvalidResponseError(f"the answer has no {field}", code="malformed_answer")


def read_decimal(value: Any) -> Decimal | None:
    """Return a price exactly as it was written; None for anything that is not a number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def read_cost(usage: Mapping[str, Any]) -> Decimal | None:
    """Return the cost of a call in USD from the usage of an answer; None where the provider does not report it.

    Sources: https://docs.x.ai/developers/cost-tracking (ticks), https://openrouter.ai/docs/use-cases/usage-accounting
    """
    cost = usage.get("cost")
    if isinstance(cost, Mapping):  # at Perplexity
        cost = cost.get("total_cost")
    if cost is not None:
        return read_decimal(cost)
    ticks = read_decimal(usage.get("cost_in_usd_ticks"))
    return None if ticks is None else ticks.scaleb(-10)


def read_text(value: Any) -> str:
    """Return an optional string, "" for None; raise TypeError for anything else."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise TypeError(f"expected text, got {type(value).__name__}")


def read_vector(numbers: Any) -> tuple[float, ...]:
    """Return a vector; raise InvalidResponseError for anything but a list, and for an empty one."""
    if not isinstance(numbers, list) or not numbers:
        raise InvalidResponseError("a vector is not a list of numbers", code="malformed_answer")
    return tuple(map(float, numbers))


def check_object(payload: Any) -> None:
    """Raise InvalidResponseError for an answer that is no JSON object."""
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="not_a_completion")


def missing_field(
    payload: Mapping[str, Any], field: str, api: str, code: str = "malformed_answer"
) -> InvalidResponseError:
    """Return the error for an answer without a field; `api` is whose base_url its hint says to check."""
    return InvalidResponseError(
        f"the answer has no {field}; its keys are: {', '.join(map(str, payload)) or 'none'}",
        code=code,
        hint=f"Check that base_url is that of {api}",
    )


def read_call(
    call_id: str | None, name: str, arguments: str, number: int, response_id: str | None = None, data: Any = None
) -> ToolCall:
    """Return a tool call; one without an id gets an id from its number and the answer's, one without a name raises."""
    if not name:
        raise InvalidResponseError("the answer holds a tool call without a name", code="malformed_tool_call")
    return ToolCall(call_id or synthetic_call_id(response_id, number), name, arguments, provider_data=data)


def read_usage(prompt: int | None, completion: int | None, total: int | None = None, **parts: Any) -> Usage:
    """Return the tokens of an answer, and `parts` of them; without a total it is the sum."""
    prompt, completion = prompt or 0, completion or 0
    total = prompt + completion if total is None else total
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total, **parts)


def finish_table(*, stop: str, length: str, tool_calls: str = "", content_filter: str = "") -> dict[str, FinishReason]:
    """Return the finish reason for each of a provider's words, which are separated by spaces."""
    words: dict[FinishReason, str] = {
        "stop": stop, "length": length, "tool_calls": tool_calls, "content_filter": content_filter
    }  # fmt: skip
    return {word: reason for reason in words for word in words[reason].split()}


def usage_fields(usage: Usage | None) -> dict[str, Any]:
    """Return the two fields of a response for its usage; None means that the provider reported none."""
    if usage is None:
        return {"usage": Usage(), "usage_status": UsageStatus.UNSUPPORTED}
    return {"usage": usage, "usage_status": UsageStatus.FINALIZED}


def single_answer(
    payload: Mapping[str, Any],
    context: Context,
    finish: tuple[FinishReason | None, str | None],
    message: Message,
    usage: Usage | None,
    facts: Mapping[str, Any],
    *,
    logprobs: Mapping[str, Any] | None = None,
    created: int | None = None,
) -> ChatCompletionResponse:
    """Return the response of an API that gives one answer for each request; `facts` are further fields of it."""
    choice = Choice(message=message, finish_reason=finish[0], raw_finish_reason=finish[1], logprobs=logprobs)
    return ChatCompletionResponse(
        id=payload.get("id") or None,
        model=payload.get("model") or None,
        provider=context.provider,
        choices=(choice,),
        usage=usage or Usage(),
        usage_status=UsageStatus.UNSUPPORTED if usage is None else UsageStatus.FINALIZED,
        created=created,
        raw=payload,
        **facts,
    )


def parse_events(events: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the data of each event as a JSON object; skip `[DONE]`, which some gateways add to any dialect."""
    for data in events:
        if data.startswith("[DONE]"):
            continue
        payload = json.loads(data)
        if not isinstance(payload, Mapping):
            raise ValueError(f"expected an object, got {type(payload).__name__}")  # noqa: TRY004 - see `checked_stream`
        yield payload


def first_list(payload: Any, context: Context, *names: str) -> list[Any]:
    """Return the first of these fields that is a list; raise the error in an error object, or that there is none."""
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    for name in names:
        value = payload.get(name)
        if isinstance(value, list):
            return value
    if any(payload.get(name) for name in ("error", "errors", "message", "detail")):
        raise context.fail(payload)
    raise missing_field(payload, " or ".join(names), "the provider's API")


def read_input_usage(wire: Any) -> Usage | None:
    """Return the usage of a call that only reads, such as embedding; None where the provider does not report it."""
    if not isinstance(wire, Mapping):
        return None
    tokens = first_int(wire.get("prompt_tokens"), wire.get("input_tokens"), wire.get("total_tokens"))
    if tokens is None:
        return None
    total = first_int(wire.get("total_tokens"), tokens) or tokens
    return Usage(prompt_tokens=tokens, total_tokens=total, cost=read_cost(wire))


def checked_stream(read: ChunkReader) -> ChunkReader:
    """Decorate a `decode_stream`: what malformed events make it raise becomes an `InvalidResponseError`."""

    @functools.wraps(read)
    def reader(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
        try:
            yield from read(events, context)
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as exc:
            # Not JSON, or a value of another type than the dialect promises, such as a number instead of an object.
            raise InvalidResponseError(
                f"malformed event in the stream: {type(exc).__name__}: {exc}", code="malformed_event"
            ) from exc

    return reader


def refuse_fields(
    request: ChatCompletionRequest, reasons: Mapping[str, str], no_effect: Mapping[str, Any], refuse: Refuse
) -> None:
    """Refuse the fields of a request that an API lacks, unless the value asks for what happens anyway."""
    for field, reason in reasons.items():
        value = getattr(request, field)
        if value is not None and value != no_effect.get(field):
            refuse(field, reason)


def owned_data(data: Mapping[str, Any] | None, owner: str) -> Mapping[str, Any]:
    """Return the opaque data that may be sent to its owner; the user's own is under "*"."""
    return {**data.get("*", {}), **data.get(owner, {})} if data else {}


def tool_names_by_id(messages: Iterable[Message]) -> dict[str, str]:
    """Return the tool's name for each call id, for dialects that need it with the result."""
    return {call.id: call.name for message in messages for call in message.tool_calls}


def encode_arguments(call: ToolCall) -> dict[str, Any]:
    """Return the arguments of a call, for dialects that accept only an object.

    Arguments that are not an object are sent as text in one field, as Anthropic recommends, so that the model can see
    its mistake. Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    try:
        return call.arguments
    except ToolArgumentsError:
        return {"INVALID_JSON": call.arguments_json}


_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")


def short_id(call_id: str) -> str:
    """Return a tool call's id as nine letters and digits, which Mistral's models require; the same for the same id."""
    if _SHORT_ID.fullmatch(call_id):
        return call_id
    return hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:9]


def merge_extensions(
    body: Mapping[str, Any], extensions: Mapping[str, Any], reserved: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the body with the user's extensions; objects on both sides are merged, and inside them the user's win.

    Raises:
        InvalidRequestError: A field that is not an object is set on both sides, or a reserved one in the extensions.
    """
    clashes = [
        key
        for key, value in extensions.items()
        if key in reserved or (key in body and not (isinstance(body[key], Mapping) and isinstance(value, Mapping)))
    ]
    if clashes:
        raise InvalidRequestError(
            f"extensions repeat fields that the request already sets: {', '.join(sorted(clashes))}"
        )
    return _merge(body, extensions)


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(base.get(key), Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(base[key], value) if both else value
    return merged


def match_model(table: Mapping[str, T], model: str | None) -> T | None:
    """Return the value of the first pattern that matches a model's name: `{"claude-3-*": 4096, "*": 64000}`."""
    return next((value for pattern, value in table.items() if fnmatchcase(model or "", pattern)), None)


def thinking_budget(
    request: ChatCompletionRequest, limit: int | None, shares: Mapping[str, float], refuse: Refuse
) -> int | None:
    """Return the tokens for Claude's thinking; an effort in words is a share (0 to 1) of the limit.

    The limit is that of the answer, thinking included; None where it is unknown. An effort without a share is refused.

    Raises:
        InvalidRequestError: The budget is too small, or does not fit into the limit.
    """
    budget = request.reasoning
    if not isinstance(budget, int):
        share = shares.get(budget or "")
        if share is None:
            known = ", ".join([*shares, "none"])
            refuse("reasoning", f"the model supports only {known} or a number of tokens, not {budget!r}")
            return None
        budget = max(_MIN_THINKING_BUDGET, int((limit or 0) * share))
    if budget < _MIN_THINKING_BUDGET:
        raise InvalidRequestError(f"reasoning must be at least {_MIN_THINKING_BUDGET} tokens, got {budget}")
    if limit is not None and budget >= limit:
        name = "max_tokens" if request.max_tokens is not None else "the model's limit for max_tokens"
        raise InvalidRequestError(
            f"{name} ({limit}) must exceed the tokens for reasoning ({budget}), which count toward it"
        )
    return budget


def quirks_reader(cls: type[T], owner: str) -> Callable[[Mapping[str, Any]], T]:
    """Return the function that turns a configuration's table into an attrs class of quirks or options.

    The function raises `ConfigurationError` for an unknown key of this owner, such as "dialect openai_chat".
    """

    def read(table: Mapping[str, Any]) -> T:
        known = {field.name for field in attrs.fields(cls)}  # type: ignore[arg-type]
        unknown = sorted(set(table) - known)
        if unknown:
            raise ConfigurationError(
                f"unknown quirk of {owner}: {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}"
            )
        return cls(**table)

    return read
