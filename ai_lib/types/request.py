"""What is asked of a model, checked before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.types.coerce import messages_from, tool_choice_from, tools_from
from ai_lib.types.content import Text
from ai_lib.types.message import Message, Role
from ai_lib.types.tool import NamedTool, Tool, ToolChoice

__all__ = ["ChatCompletionRequest", "OnUnsupported", "ResponseFormat"]

OnUnsupported: TypeAlias = Literal["raise", "warn", "drop"]
"""What to do with a field that the provider has no form for."""


@attrs.frozen(kw_only=True)
class ResponseFormat:
    """The form that the answer's text must have.

    Args:
        kind: "json_object" for any JSON object, "json_schema" for one that fits `schema`.
        schema: The JSON Schema; only with "json_schema".
        name: A name for the schema, which some providers show the model.
        strict: Ask the provider to hold the answer to the schema; None leaves it to the provider.
        parser: Turns the text into the caller's type; never sent.
    """

    kind: Literal["json_object", "json_schema"]
    schema: Mapping[str, Any] | None = None
    name: str = "response"
    strict: bool | None = None
    parser: Callable[[str], Any] | None = attrs.field(default=None, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.kind not in ("json_object", "json_schema"):
            raise InvalidRequestError(f"response_format kind must be json_object or json_schema, not {self.kind!r}")
        if (self.kind == "json_schema") != (self.schema is not None):
            raise InvalidRequestError("response_format needs a schema with json_schema, and only there")


def _number(low: float, high: float = math.inf, *, whole: bool = False) -> Callable[[Any, Any, Any], None]:
    """Return a validator: None, or a finite number (not a bool) from `low` to `high`."""
    kinds = int if whole else (int, float)

    def check(_: object, field: Any, value: object) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
            what = "a whole number" if whole else "a finite number"
            raise InvalidRequestError(f"{field.name} must be {what}, got {value!r}")
        if not low <= value <= high:
            limits = f"from {low:g} to {high:g}" if math.isfinite(high) else f"at least {low:g}"
            raise InvalidRequestError(f"{field.name} must be {limits}, got {value!r}")

    return check


def _mapping(_: object, field: Any, value: object) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise InvalidRequestError(f"{field.name} must be a mapping such as a dict, got {value!r}")


def _stops(stop: Any) -> tuple[Any, ...] | None:
    if stop is None:
        return None
    return tuple(stop) if isinstance(stop, Iterable) and not isinstance(stop, str) else (stop,)


@attrs.frozen(kw_only=True)
class ChatCompletionRequest:
    """A chat completion to ask for. None everywhere means: leave it to the provider.

    Args:
        messages: The conversation: a str, a `Message`, or a sequence of messages or of dicts in the OpenAI chat form.
        model: The model; None, "" or "auto" means the client's default.
        temperature: Randomness, from 0.
        top_p: Probability mass to sample from, 0 to 1.
        top_k: Number of tokens to sample from.
        max_tokens: Most tokens to generate, reasoning included where the provider counts it so.
        stop: Texts at which to end.
        seed: Asks for repeatable sampling.
        n: Number of answers.
        presence_penalty: Discourages tokens that occurred, -2 to 2 at most providers.
        frequency_penalty: Discourages tokens by how often they occurred.
        logit_bias: Token id to bias.
        logprobs: Ask for the log probabilities of the answer's tokens.
        top_logprobs: Number of alternatives for each token.
        tools: `Tool`s or dicts in the OpenAI form.
        tool_choice: "auto", "none", "required", or a tool by name.
        parallel_tool_calls: Whether several calls in one turn are allowed.
        response_format: The form of the answer.
        reasoning: Effort in the provider's words ("none", "low", "medium", "high", ...), or a budget in tokens.
        user: An id of the end user, for abuse detection.
        metadata: Tags kept by the provider.
        extensions: Further fields of the provider's own, put into the body as they are.
    """

    messages: tuple[Message, ...] = attrs.field(converter=messages_from)
    model: str | None = None
    temperature: float | None = attrs.field(default=None, validator=_number(0))
    top_p: float | None = attrs.field(default=None, validator=_number(0, 1))
    top_k: int | None = attrs.field(default=None, validator=_number(0, whole=True))
    max_tokens: int | None = attrs.field(default=None, validator=_number(1, whole=True))
    stop: tuple[str, ...] | None = attrs.field(default=None, converter=_stops)
    seed: int | None = attrs.field(default=None, validator=_number(-math.inf, whole=True))
    n: int | None = attrs.field(default=None, validator=_number(1, whole=True))
    presence_penalty: float | None = attrs.field(default=None, validator=_number(-math.inf))
    frequency_penalty: float | None = attrs.field(default=None, validator=_number(-math.inf))
    logit_bias: Mapping[str, float] | None = attrs.field(default=None, validator=_mapping)
    logprobs: bool | None = None
    top_logprobs: int | None = attrs.field(default=None, validator=_number(0, whole=True))
    tools: tuple[Tool, ...] | None = attrs.field(default=None, converter=tools_from)
    tool_choice: ToolChoice | None = attrs.field(default=None, converter=tool_choice_from)
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning: str | int | None = None
    user: str | None = None
    metadata: Mapping[str, str] | None = attrs.field(default=None, validator=_mapping)
    extensions: Mapping[str, Any] = attrs.field(factory=dict, validator=_mapping)

    def __attrs_post_init__(self) -> None:
        _check_messages(self.messages)
        if self.tools is not None or self.tool_choice is not None:
            _check_tools(self.tools or (), self.tool_choice)
        if self.stop is not None and not all(isinstance(text, str) and text for text in self.stop):
            raise InvalidRequestError("stop must be a text or texts, none of them empty")
        if self.reasoning is not None:
            _check_reasoning(self.reasoning)


def _check_messages(messages: tuple[Message, ...]) -> None:
    if not messages:
        raise InvalidRequestError("messages is empty: give at least one message")
    for number, message in enumerate(messages):
        role = message.role
        if role is Role.TOOL:
            if not message.tool_call_id:
                raise InvalidRequestError(
                    f"messages[{number}] is a tool result without tool_call_id; use Message.tool(call.id, ...)"
                )
        elif message.tool_call_id is not None:
            raise InvalidRequestError(f"messages[{number}] has a tool_call_id but role {role.value!r}, not 'tool'")
        if message.tool_calls and role is not Role.ASSISTANT:
            raise InvalidRequestError(f"messages[{number}] has tool_calls but role {role.value!r}, not 'assistant'")
        if role is Role.USER and all(isinstance(part, Text) and not part.text for part in message.content):
            raise InvalidRequestError(f"messages[{number}] ({role.value}) has no content")


def _check_tools(tools: tuple[Tool, ...], choice: ToolChoice | None) -> None:
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequestError(f"two tools are called {name!r}; give each its own name")
    if choice is not None and choice != "none" and not names:
        raise InvalidRequestError("tool_choice needs tools")
    if isinstance(choice, NamedTool) and choice.name not in names:
        raise InvalidRequestError(
            f"tool_choice names {choice.name!r}, which is not among the tools: {', '.join(names)}"
        )


def _check_reasoning(reasoning: object) -> None:
    if isinstance(reasoning, str) and reasoning:
        return
    if isinstance(reasoning, bool) or not isinstance(reasoning, int) or reasoning < 0:
        raise InvalidRequestError(f"reasoning must be an effort such as 'low' or a number of tokens, got {reasoning!r}")
