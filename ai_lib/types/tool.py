"""Tools: functions that a model may call, its calls, and the choice between tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError, ToolArgumentsError
from ai_lib.utils import json

__all__ = ["NamedTool", "Tool", "ToolCall", "ToolChoice"]

# OpenAI's rule, the strictest of the providers': a tool with such a name works everywhere.
_TOOL_NAME = r"[a-zA-Z0-9_-]{1,64}"
_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


@attrs.frozen
class Tool:
    """A function that the model may call; an invalid field raises `InvalidRequestError`.

    Args:
        name: Letters, digits, `_` and `-`, at most 64.
        description: What the tool does, for the model.
        parameters: A JSON Schema of type object.
        strict: Request that the provider enforce the schema of the arguments; None leaves it to the provider.
        cache: Requests that the provider cache the prompt up to the end of this tool, for this long.
        function: The function to run, for `run_tools`; never sent.
    """

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] = attrs.field(default=_NO_PARAMETERS)
    strict: bool | None = attrs.field(default=None, kw_only=True)
    cache: Literal["5m", "1h"] | None = attrs.field(default=None, kw_only=True)
    function: Callable[..., Any] | None = attrs.field(default=None, kw_only=True, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(_TOOL_NAME, self.name):
            raise InvalidRequestError(f"tool name {self.name!r} must be 1 to 64 letters, digits, '_' or '-'")
        if not isinstance(self.parameters, Mapping) or self.parameters.get("type", "object") != "object":
            raise InvalidRequestError(f"parameters of tool {self.name!r} must be a JSON Schema of type object")

    @classmethod
    def from_function(
        cls,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
    ) -> Tool:
        """Create a tool from a function: annotations and docstring become the schema and the descriptions.

        Args:
            function: A function, a bound method, a `functools.partial` or an object with `__call__`.
            name: The tool's name; None means the function's.
            description: What the tool does; None means the docstring without its sections about parameters.
            strict: Request that the provider enforce the schema, which then requires all arguments.

        Raises:
            InvalidRequestError: A parameter has no annotation, or one that cannot be represented as JSON.
        """
        # Imported here, since most programs have no tools and `inspect` takes time to import.
        from ai_lib.schemas.function import function_name, schema_of_function
        from ai_lib.schemas.schema import strict_schema

        name = name or function_name(function)
        try:
            documented, parameters = schema_of_function(function)
        except TypeError as exc:
            raise InvalidRequestError(f"tool {name!r}: {exc}") from exc
        parameters = strict_schema(parameters) if strict else parameters
        return cls(name, description or documented, parameters, strict=strict, function=function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function of the tool; raise TypeError where it has none."""
        if self.function is None:
            raise TypeError(f"tool {self.name!r} has no function to call")
        return self.function(*args, **kwargs)


@attrs.frozen
class NamedTool:
    """A tool choice: the model must call the tool of this name."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool


@attrs.frozen
class ToolCall:
    """A call of a tool by the model.

    Args:
        id: The id of the call, to which its result refers.
        name: The tool's name.
        arguments_json: The arguments as the model wrote them, usually a JSON object; `"{}"` for none.
        provider_data: Opaque data, such as a signature, that is sent back unchanged with the call.
    """

    id: str
    name: str
    arguments_json: str = "{}"
    provider_data: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True, repr=False)

    @property
    def arguments(self) -> dict[str, Any]:
        """The decoded arguments.

        Raises:
            ToolArgumentsError: The model did not write a JSON object; its text is on `error.arguments_json`.
        """
        cause = None
        try:
            value = json.loads(self.arguments_json.strip() or "{}")
            if isinstance(value, dict):
                return value
            fault = f"a JSON {type(value).__name__}, not an object"
        except ValueError as exc:
            fault, cause = f"not valid JSON ({exc})", exc
        raise ToolArgumentsError(
            f"the model's arguments for tool {self.name!r} are {fault}",
            arguments_json=self.arguments_json,
            hint="Read .arguments_json, or report the error to the model in the tool's result",
        ) from cause
