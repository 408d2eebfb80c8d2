"""The tools of one run: found by name, their arguments checked before anything is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ai_lib.errors import InvalidRequestError, ToolArgumentsError
from ai_lib.schemas.function import convert_arguments, schema_of_function
from ai_lib.schemas.validate import validation_errors
from ai_lib.tools.function import tools_from
from ai_lib.types.coerce import tools_from as checked
from ai_lib.types.tool import Tool, ToolCall

__all__ = ["Toolbox"]


class Toolbox:
    """Tools by name.

    Args:
        tools: `Tool`s and plain functions.

    Raises:
        InvalidRequestError: Two have one name, or one has nothing to run.
    """

    def __init__(self, tools: Iterable[Any] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self.add(*(tools_from(tools) or ()))

    def add(self, *tools: Any) -> None:
        """Add tools and plain functions.

        Raises:
            InvalidRequestError: As for the class.
        """
        for tool in checked(tools_from(tools)) or ():
            if tool.name in self._tools:
                raise InvalidRequestError(f"two tools are called {tool.name!r}; give each its own name")
            if tool.function is None:
                raise InvalidRequestError(
                    f"tool {tool.name!r} has no function to run; make it with @tool or Tool(..., function=...)"
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
        """Return the tool that a call means, and its arguments as the function takes them.

        Raises:
            ToolArgumentsError: There is no such tool, or the arguments do not fit; the message is written for the
                model to read.
        """
        tool = self._tools.get(call.name)
        if tool is None:
            names = ", ".join(self._tools)
            raise ToolArgumentsError(
                f"there is no tool {call.name!r}; the tools are: {names}",
                code="unknown_tool",
                arguments_json=call.arguments_json,
            )
        given = call.arguments
        assert tool.function is not None  # noqa: S101 - `add` has seen to it
        wrong = "; ".join(validation_errors(given, tool.parameters))
        try:
            # What does not fit to the letter may still mean something to the function: "5" for an int.
            if not wrong or _described_by(tool):
                return tool, convert_arguments(tool.function, given)
        except ValueError as exc:
            wrong = str(exc)
        except TypeError:  # its annotations say nothing: the schema that was given with it has to do
            if not wrong:
                return tool, given
        raise ToolArgumentsError(
            f"the arguments for tool {tool.name!r} do not fit: {wrong}", arguments_json=call.arguments_json
        )


def _described_by(tool: Tool) -> bool:
    """Return whether a tool's schema says no more than its function's annotations."""
    assert tool.function is not None  # noqa: S101 - `add` has seen to it
    return not tool.strict and schema_of_function(tool.function)[1] == tool.parameters
