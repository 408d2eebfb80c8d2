"""A tool out of a plain function: name, docstring and annotations say all that a model needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, overload

from ai_lib.errors import InvalidRequestError
from ai_lib.types.tool import Tool

__all__ = ["tool", "tools_from"]


@overload
def tool(function: Callable[..., Any]) -> Tool: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None, strict: bool | None = None
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function; use it as a decorator, with or without arguments. The tool can still be called.

    Args:
        function: The function; its annotations become the JSON Schema of the parameters.
        name: The tool's name; None means the function's.
        description: What it does; None means the docstring.
        strict: Ask the provider to hold the arguments to the schema; None leaves it to the provider.

    Raises:
        InvalidRequestError: A parameter has no annotation, or one that has no JSON form.
    """
    if function is None:
        return partial(Tool.from_function, name=name, description=description, strict=strict)
    return Tool.from_function(function, name=name, description=description, strict=strict)


def tools_from(given: Iterable[Any] | None) -> list[Tool | Mapping[str, Any]] | None:
    """Return what users pass as `tools` with plain functions and other callables made into tools.

    Raises:
        InvalidRequestError: They are no sequence, or a function cannot be a tool.
    """
    if given is None:
        return None
    if not isinstance(given, Iterable):
        raise InvalidRequestError(f"tools must be a sequence of tools, not {type(given).__name__}; give [tool]")
    return [Tool.from_function(item) if callable(item) and not isinstance(item, Tool) else item for item in given]
