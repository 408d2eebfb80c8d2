"""What every dialect needs and none owns: reading numbers, finding what belongs to a message, joining bodies."""

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
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import ToolCall
from ai_lib.types.usage import Usage, UsageStatus
from ai_lib.utils import json

__all__ = [
    "check_object",
    "checked_stream",
    "encode_arguments",
    "first_int",
    "first_list",
    "match_model",
    "merge_extensions",
    "owned_data",
    "parse_events",
    "quirks_reader",
    "read_cost",
    "read_decimal",
    "read_input_usage",
    "read_int",
    "read_text",
    "short_id",
    "thinking_budget",
    "tool_names_by_id",
    "usage_fields",
]

T = TypeVar("T")
# The smallest budget for thinking that Anthropic and Amazon Bedrock accept.
_MIN_THINKING_BUDGET = 1024
ChunkReader = Callable[[Iterable[str], Context], Iterator[ChatCompletionChunk]]


# --- reading


def read_int(value: Any) -> int | None:
    """Return a JSON number as a whole number, or None for anything else."""
    if value is None or value.__class__ is int:  # nearly all, and some providers count in every event of a stream
        return value
    counts = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if counts else None


def first_int(*values: Any) -> int | None:
    """Return the first of the values that is a number."""
    for value in values:
        if (number := read_int(value)) is not None:
            return number
    return None


def read_decimal(value: Any) -> Decimal | None:
    """Return a price, or None for what is no number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def read_cost(usage: Mapping[str, Any]) -> Decimal | None:
    """Return what a call cost in USD, from the usage of a provider that tells it.

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
    """Return a text that may be missing.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise TypeError(f"expected text, got {type(value).__name__}")


def check_object(payload: Any) -> None:
    """Raise for an answer that is no JSON object.

    Raises:
        InvalidResponseError: It is something else.
    """
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="not_a_completion")


def usage_fields(usage: Usage | None) -> dict[str, Any]:
    """Return the fields of an answer that say how many tokens it took, or that the provider did not tell."""
    if usage is None:
        return {"usage": Usage(), "usage_status": UsageStatus.UNSUPPORTED}
    return {"usage": usage, "usage_status": UsageStatus.FINALIZED}


def parse_events(events: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield each event's data as a JSON object; `[DONE]`, which some fronts add to any dialect, is passed over.

    Raises:
        ValueError: An event is not a JSON object.
    """
    for data in events:
        if data.startswith("[DONE]"):
            continue
        payload = json.loads(data)
        if not isinstance(payload, Mapping):
            raise ValueError(f"expected an object, got {type(payload).__name__}")  # noqa: TRY004 - see `checked_stream`
        yield payload


def first_list(payload: Any, context: Context, *names: str) -> list[Any]:
    """Return the first of these fields of an answer that is a list.

    Raises:
        AiLibError: The answer is an error object.
        InvalidResponseError: It has no such list.
    """
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    for name in names:
        found = payload.get(name)
        if isinstance(found, list):
            return found
    if any(payload.get(name) for name in ("error", "errors", "message", "detail")):
        raise context.fail(payload)
    raise InvalidResponseError(
        f"the answer has no {' or '.join(names)}; its keys are: {', '.join(map(str, payload)) or 'none'}",
        code="malformed_answer",
        hint="Check that base_url is that of the provider's API",
    )


def read_input_usage(wire: Any) -> Usage | None:
    """Return the tokens of a call that only reads, such as embedding; None where the provider does not count them."""
    if not isinstance(wire, Mapping):
        return None
    read = first_int(wire.get("prompt_tokens"), wire.get("input_tokens"), wire.get("total_tokens"))
    if read is None:
        return None
    return Usage(
        prompt_tokens=read,
        total_tokens=first_int(wire.get("total_tokens"), read) or read,
        cost=read_cost(wire),
    )


def checked_stream(read: ChunkReader) -> ChunkReader:
    """Make a `decode_stream` that raises `InvalidResponseError` for events that are not formed as promised."""

    @functools.wraps(read)
    def reader(events: Iterable[str], context: Context) -> Iterator[ChatCompletionChunk]:
        try:
            yield from read(events, context)
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as exc:
            # Not JSON, or a value of another kind than the dialect promises, such as a number for an object.
            raise InvalidResponseError(
                f"an event of the stream is not formed as promised: {type(exc).__name__}: {exc}", code="malformed_event"
            ) from exc

    return reader


# --- writing


def owned_data(data: Mapping[str, Any] | None, owner: str) -> Mapping[str, Any]:
    """Return the opaque data that goes back to its owner; "*" is what the user put in by hand."""
    return {**data.get("*", {}), **data.get(owner, {})} if data else {}


def tool_names_by_id(messages: Iterable[Message]) -> dict[str, str]:
    """Return the name of the tool for each call's id, for wires that want it beside a result."""
    return {call.id: call.name for message in messages for call in message.tool_calls}


def encode_arguments(call: ToolCall) -> dict[str, Any]:
    """Return a call's arguments for wires that take only an object.

    What the model wrote and is no object goes back as text in one field, as Anthropic advises, so that the model can
    see its mistake. Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    try:
        return call.arguments
    except ToolArgumentsError:
        return {"INVALID_JSON": call.arguments_json}


_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")


def short_id(call_id: str) -> str:
    """Return a tool call's id as nine letters and digits, which Mistral's models demand; the same for the same id."""
    if _SHORT_ID.fullmatch(call_id):
        return call_id
    return hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:9]


def merge_extensions(
    body: Mapping[str, Any], extensions: Mapping[str, Any], also: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the body with the user's own fields put in; objects on both sides are joined, and there the user's win.

    Args:
        body: What the request made.
        extensions: The user's fields.
        also: Fields that the request sets only at times, and extensions must never.

    Raises:
        InvalidRequestError: A field is set twice.
    """
    clash = [
        key for key in extensions if key in also or (key in body and not _both_objects(body[key], extensions[key]))
    ]
    if clash:
        raise InvalidRequestError(f"extensions repeat fields that the request already sets: {', '.join(sorted(clash))}")
    return _joined(body, extensions)


def _both_objects(one: Any, other: Any) -> bool:
    return isinstance(one, Mapping) and isinstance(other, Mapping)


def _joined(have: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    joined = {key: _joined(have[key], new[key]) for key in new if key in have and _both_objects(have[key], new[key])}
    return {**have, **new, **joined}


def match_model(table: Mapping[str, T], model: str | None) -> T | None:
    """Return the value of the first pattern that fits a model's name, or None: `{"claude-3-*": 4096, "*": 64000}`."""
    return next((value for pattern, value in table.items() if fnmatchcase(model or "", pattern)), None)


def thinking_budget(
    request: ChatCompletionRequest, limit: int | None, shares: Mapping[str, float], refuse: Refuse
) -> int | None:
    """Return the tokens for Claude's thinking; an effort in words is a share of the limit.

    Args:
        request: The request.
        limit: Maximum tokens of the answer, thinking included; None where it is unknown.
        shares: The share of the limit that each effort is worth, 0 to 1.
        refuse: Called for an effort without a share, which is left out.

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


def quirks_reader(cls: type[T], whose: str) -> Callable[[Mapping[str, Any]], T]:
    """Return what makes a dialect's switches from a configuration's table.

    It raises `ConfigurationError` for a switch that does not exist.

    Args:
        cls: The attrs class of the switches.
        whose: Named in the error, such as "dialect openai_chat".
    """

    def make(table: Mapping[str, Any]) -> T:
        known = {field.name for field in attrs.fields(cls)}  # type: ignore[arg-type]
        unknown = sorted(set(table) - known)
        if unknown:
            raise ConfigurationError(
                f"unknown quirk of {whose}: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        return cls(**table)

    return make
