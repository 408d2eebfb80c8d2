"""Tools: what a model may call, the calls it makes, and which of them it may choose."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError, ToolArgumentsError
from ai_lib.utils import json

__all__ = ["NamedTool", "Tool", "ToolCall", "ToolChoice"]

# The strictest of the providers' rules (OpenAI: letters, digits, _ and -, at most 64).
_TOOL_NAME = r"[a-zA-Z0-9_-]{1,64}"
_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


@attrs.frozen
class Tool:
    """A function that the model may ask the caller to run.

    Args:
        name: Letters, digits, `_` and `-`, at most 64.
        description: What it does, for the model to read.
        parameters: A JSON Schema of type object.
        strict: Ask the provider to hold the arguments to the schema; None leaves it to the provider.
        cache: Asks the provider to cache the prompt up to the end of this tool.
        function: What runs it, for `run_tools`; never sent.
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
        """Make a tool of a function: its annotations and its docstring say what a model must know.

        Args:
            function: A function, a bound method, a `functools.partial` or an object with `__call__`.
            name: The tool's name; None means the function's.
            description: What it does; None means the docstring, without what it says about the parameters.
            strict: Ask the provider to hold the arguments to the schema, which then requires all of them; None leaves
                it to the provider.

        Raises:
            InvalidRequestError: A parameter has no annotation, or one that has no form in JSON.
        """
        # Imported here, since most programs have no tools and `inspect` takes time.
        from ai_lib.schemas.function import function_name, schema_of_function
        from ai_lib.schemas.schema import strict_schema

        called = name or function_name(function)
        try:
            told, parameters = schema_of_function(function)
        except TypeError as exc:
            raise InvalidRequestError(f"tool {called!r}: {exc}") from exc
        return cls(
            called,
            description or told,
            strict_schema(parameters) if strict else parameters,
            strict=strict,
            function=function,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function behind the tool."""
        if self.function is None:
            raise TypeError(f"tool {self.name!r} has no function to call")
        return self.function(*args, **kwargs)


@attrs.frozen
class NamedTool:
    """The tool choice "this one": the model must call the tool of this name."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool


@attrs.frozen
class ToolCall:
    """The model's wish to have a tool run.

    Args:
        id: Ties the result to the call.
        name: The tool's name.
        arguments_json: The arguments as the model wrote them, a JSON text; `"{}"` for none.
        provider_data: What the provider wants back unchanged with the call (signatures and the like).
    """

    id: str
    name: str
    arguments_json: str = "{}"
    provider_data: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True, repr=False)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments, parsed.

        Raises:
            ToolArgumentsError: The model did not write a JSON object; the error carries the text.
        """
        try:
            value = json.loads(self.arguments_json.strip() or "{}")
        except ValueError as exc:
            raise self._malformed(f"not valid JSON ({exc})") from exc
        if not isinstance(value, dict):
            raise self._malformed(f"a JSON {type(value).__name__}, not an object")
        return value

    def _malformed(self, what: str) -> ToolArgumentsError:
        return ToolArgumentsError(
            f"the model's arguments for tool {self.name!r} are {what}",
            arguments_json=self.arguments_json,
            hint="Read .arguments_json, or tell the model in the tool's result and let it try again",
        )
