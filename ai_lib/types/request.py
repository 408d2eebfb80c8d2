"""A chat completion request, validated before anything is sent."""

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
from ai_lib.types.validators import integer, mapping, number

__all__ = ["ChatCompletionRequest", "OnUnsupported", "ResponseFormat"]

OnUnsupported: TypeAlias = Literal["raise", "warn", "drop"]
"""What to do with a request field that the provider does not support."""


@attrs.frozen(kw_only=True)
class ResponseFormat:
    """The format that the text of the answer must have.

    Args:
        kind: "json_object" for any JSON object, "json_schema" for one that conforms to `schema`.
        schema: The JSON Schema; only with "json_schema".
        name: A name for the schema, which some providers show the model.
        strict: Request that the provider enforce the schema; None leaves it to the provider.
        parser: Converts the text to the caller's type and raises ValueError where it does not fit; never sent.

    Raises:
        InvalidRequestError: The kind is unknown, or kind and schema do not match.
    """

    kind: Literal["json_object", "json_schema"]
    schema: Mapping[str, Any] | None = None
    name: str = "response"
    strict: bool | None = None
    parser: Callable[[str], Any] | None = attrs.field(default=None, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.kind not in ("json_object", "json_schema"):
            raise InvalidRequestError(f"response_format kind must be json_object or json_schema, got {self.kind!r}")
        if (self.kind == "json_schema") != (self.schema is not None):
            raise InvalidRequestError("response_format requires a schema if and only if its kind is json_schema")


def _stops(stop: Any) -> tuple[Any, ...] | None:
    if stop is None:
        return None
    return tuple(stop) if isinstance(stop, Iterable) and not isinstance(stop, str) else (stop,)


def _valid_messages(_: object, __: object, messages: tuple[Message, ...]) -> None:
    if not messages:
        raise InvalidRequestError("messages is empty; pass at least one message")
    for index, message in enumerate(messages):
        role = message.role
        if role is Role.TOOL and not message.tool_call_id:
            raise InvalidRequestError(
                f"messages[{index}] is a tool result without tool_call_id; use Message.tool(call.id, ...)"
            )
        if role is not Role.TOOL and message.tool_call_id is not None:
            raise InvalidRequestError(f"messages[{index}] has a tool_call_id but role {role.value!r}, not 'tool'")
        if message.tool_calls and role is not Role.ASSISTANT:
            raise InvalidRequestError(f"messages[{index}] has tool_calls but role {role.value!r}, not 'assistant'")
        if role is Role.USER and all(isinstance(part, Text) and not part.text for part in message.content):
            raise InvalidRequestError(f"messages[{index}] ({role.value}) has no content")


@attrs.frozen(kw_only=True)
class ChatCompletionRequest:
    """A chat completion request; an invalid field raises `InvalidRequestError`, None leaves one to the provider.

    Args:
        messages: The conversation: a str, a `Message`, or a sequence of messages or of dicts in the OpenAI chat format.
        model: The model; None, "" or "auto" means the client's default.
        temperature: Randomness of the answer, >= 0.
        top_p: Probability mass to sample from, 0 to 1.
        top_k: Number of most likely tokens to sample from, >= 0.
        max_tokens: Maximum number of tokens to generate, a positive integer; reasoning may count toward it.
        stop: A string or strings at which generation stops.
        seed: Requests repeatable sampling.
        n: Number of answers, a positive integer.
        presence_penalty: Discourages tokens that occurred, -2 to 2 at most providers.
        frequency_penalty: Discourages tokens by how often they occurred.
        logit_bias: Token id to bias.
        logprobs: Whether to return the log probabilities of the tokens.
        top_logprobs: Number of alternatives to return for each token, >= 0.
        tools: `Tool`s, functions, or dicts in the OpenAI format.
        tool_choice: "auto", "none", "required", or a tool by name.
        parallel_tool_calls: Whether several calls in one turn are allowed.
        response_format: The format of the answer.
        reasoning: An effort ("none", "low", "medium", "high", ..., as the provider names it), or a budget in tokens.
        user: An identifier of the end user, for abuse detection.
        metadata: Tags kept by the provider.
        extensions: Provider-specific fields, added to the body unchanged.
    """

    messages: tuple[Message, ...] = attrs.field(converter=messages_from, validator=_valid_messages)
    model: str | None = None
    temperature: float | None = attrs.field(default=None, validator=number(0))
    top_p: float | None = attrs.field(default=None, validator=number(0, 1))
    top_k: int | None = attrs.field(default=None, validator=integer(0))
    max_tokens: int | None = attrs.field(default=None, validator=integer(1))
    stop: tuple[str, ...] | None = attrs.field(default=None, converter=_stops)
    seed: int | None = attrs.field(default=None, validator=integer(-math.inf))
    n: int | None = attrs.field(default=None, validator=integer(1))
    presence_penalty: float | None = attrs.field(default=None, validator=number(-math.inf))
    frequency_penalty: float | None = attrs.field(default=None, validator=number(-math.inf))
    logit_bias: Mapping[str, float] | None = attrs.field(default=None, validator=mapping)
    logprobs: bool | None = None
    top_logprobs: int | None = attrs.field(default=None, validator=integer(0))
    tools: tuple[Tool, ...] | None = attrs.field(default=None, converter=tools_from)
    tool_choice: ToolChoice | None = attrs.field(default=None, converter=tool_choice_from)
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning: str | int | None = None
    user: str | None = None
    metadata: Mapping[str, str] | None = attrs.field(default=None, validator=mapping)
    extensions: Mapping[str, Any] = attrs.field(factory=dict, validator=mapping)

    def __attrs_post_init__(self) -> None:
        choice = self.tool_choice
        if self.tools is not None or choice is not None:
            names = [tool.name for tool in self.tools or ()]
            duplicate = next((name for name in names if names.count(name) > 1), None)
            if duplicate is not None:
                raise InvalidRequestError(f"two tools are called {duplicate!r}; rename one")
            if choice != "none" and choice is not None and not names:
                raise InvalidRequestError("tool_choice requires tools")
            if isinstance(choice, NamedTool) and choice.name not in names:
                raise InvalidRequestError(f"tool_choice {choice.name!r} is not among the tools: {', '.join(names)}")
        if self.stop is not None and not all(isinstance(text, str) and text for text in self.stop):
            raise InvalidRequestError("stop must be a string or a list of strings, none of them empty")
        effort = self.reasoning
        if effort is None or (isinstance(effort, str) and effort):
            return
        if isinstance(effort, bool) or not isinstance(effort, int) or effort < 0:
            raise InvalidRequestError(f"reasoning must be an effort such as 'low' or an integer >= 0, got {effort!r}")
