"""The decorator that makes a tool of a function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, overload

from ai_lib.types.tool import Tool

__all__ = ["tool"]


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
        strict: Request that the provider enforce the schema of the arguments; None leaves it to the provider.

    Raises:
        InvalidRequestError: A parameter has no annotation, or one that cannot be represented as JSON.
    """
    make = partial(Tool.from_function, name=name, description=description, strict=strict)
    return make if function is None else make(function)
