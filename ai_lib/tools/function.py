"""A tool out of a plain function: name, docstring and annotations say all that a model needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints, overload

import msgspec

from ai_lib.errors import InvalidRequestError
from ai_lib.types.tool import Tool

__all__ = ["tool", "tools_from"]


@overload
def tool(function: Callable[..., Any]) -> Tool: ...
@overload
def tool(*, name: str | None = None, description: str | None = None) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None, *, name: str | None = None, description: str | None = None
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function; use it as a decorator, with or without arguments. The tool can still be called.

    Args:
        function: The function; its annotations become the JSON Schema of the parameters.
        name: The tool's name; None means the function's.
        description: What it does; None means the docstring.

    Raises:
        InvalidRequestError: A parameter has no annotation, or one that has no JSON form.
    """
    if function is None:
        return lambda function: _tool(function, name, description)
    return _tool(function, name, description)


def _tool(function: Callable[..., Any], name: str | None, description: str | None) -> Tool:
    return Tool(
        name or function.__name__,
        description or inspect.getdoc(function),
        _parameters(function),
        function=function,
    )


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(function, include_extras=True)
    properties: dict[str, Any] = {}
    required: list[str] = []
    definitions: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise InvalidRequestError(f"tool {function.__name__!r}: parameter {parameter} cannot be passed by name")
        if parameter.name not in hints:
            raise InvalidRequestError(
                f"tool {function.__name__!r}: parameter {parameter.name!r} needs a type annotation"
            )
        try:
            (schema,), found = msgspec.json.schema_components([hints[parameter.name]], ref_template="#/$defs/{name}")
        except TypeError as exc:
            raise InvalidRequestError(f"tool {function.__name__!r}: parameter {parameter.name!r}: {exc}") from exc
        properties[parameter.name] = schema
        definitions.update(found)
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    whole: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    whole["additionalProperties"] = False
    if definitions:
        whole["$defs"] = definitions
    return whole


def tools_from(given: Iterable[Any] | None) -> list[Tool | Mapping[str, Any]] | None:
    """Return what users pass as `tools` with plain functions made into tools."""
    if given is None:
        return None
    return [_tool(item, None, None) if inspect.isroutine(item) else item for item in given]
