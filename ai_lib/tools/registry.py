"""The tools of one conversation, by name; arguments are validated before anything is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ai_lib.errors import InvalidRequestError, ToolArgumentsError
from ai_lib.schemas.function import convert_arguments, schema_of_function
from ai_lib.schemas.validate import validation_errors
from ai_lib.types.coerce import tools_from
from ai_lib.types.tool import Tool, ToolCall

__all__ = ["Toolbox"]


class Toolbox:
    """`Tool`s and plain functions, by name; see `add`."""

    def __init__(self, tools: Iterable[Any] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self.add(*(tools_from(tools) or ()))

    def add(self, *tools: Any) -> None:
        """Add tools and plain functions.

        Raises:
            InvalidRequestError: Two tools have the same name, or one has no function.
        """
        for tool in tools_from(tools) or ():
            if tool.name in self._tools:
                raise InvalidRequestError(f"two tools are called {tool.name!r}; rename one")
            if tool.function is None:
                raise InvalidRequestError(
                    f"tool {tool.name!r} has no function to run; create it with @tool or Tool(..., function=...)"
                )
            self._tools[tool.name] = tool

    def tool(self, function: Any) -> Tool:
        """Add a function; use it as a decorator."""
        self.add(function)
        return next(reversed(self._tools.values()))

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def resolve(self, call: ToolCall) -> tuple[Tool, dict[str, Any]]:
        """Return the tool of a call, and the arguments as values of its function's annotations.

        Raises:
            ToolArgumentsError: There is no such tool, or the arguments are invalid; the message is written for the
                model to read.
        """
        tool = self._tools.get(call.name)
        if tool is None or tool.function is None:
            raise ToolArgumentsError(
                f"there is no tool {call.name!r}; the tools are: {', '.join(self._tools)}",
                code="unknown_tool",
                arguments_json=call.arguments_json,
            )
        arguments = call.arguments
        errors = "; ".join(validation_errors(arguments, tool.parameters))
        try:
            # Arguments that violate the schema may still mean something to the function, such as "5" for an int; but
            # only where the schema says no more than the annotations do.
            if not errors or (not tool.strict and schema_of_function(tool.function)[1] == tool.parameters):
                return tool, convert_arguments(tool.function, arguments)
        except ValueError as exc:
            errors = str(exc)
        except TypeError:  # a function without annotations: the schema given with it has to suffice
            if not errors:
                return tool, arguments
        raise ToolArgumentsError(
            f"the arguments for tool {tool.name!r} are invalid: {errors}", arguments_json=call.arguments_json
        )
