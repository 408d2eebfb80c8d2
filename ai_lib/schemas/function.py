"""What a function takes, told as JSON Schema, and JSON as what it takes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Annotated, Any, Optional, get_args, get_origin, get_type_hints

import attrs
import msgspec

from ai_lib.schemas.docstring import split_docstring
from ai_lib.schemas.schema import convert, schema_components

__all__ = ["convert_arguments", "function_name", "schema_of_function"]


@attrs.frozen
class _Parameter:
    """One parameter of a function.

    Args:
        name: Its name.
        hint: Its annotation, resolved.
        default: Its default; `inspect.Parameter.empty` for none.
        description: What its annotation says about it.
    """

    name: str
    hint: Any
    default: Any
    description: str | None

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


def function_name(function: Callable[..., Any]) -> str:
    """Return the name of a function, of what a partial binds, or of a callable object's class."""
    inner = _unbound(function)
    return str(getattr(inner, "__name__", type(inner).__name__))


def schema_of_function(function: Callable[..., Any]) -> tuple[str | None, dict[str, Any]]:
    """Return what a function does, and its parameters as a JSON Schema of type object.

    The description is the docstring without its parts about parameters, which go to the parameters; what an
    annotation says (`Annotated[int, "in days"]`) counts more. What `functools.partial` binds by name is left out.

    Raises:
        TypeError: A parameter has no annotation, or one that has no form in JSON; or the function is an asynchronous
            generator.
    """
    parameters = _parameters(function)
    inner = _unbound(function)
    description, told = split_docstring(_documented(inner))
    schemas, definitions = _schemas(parameters)
    properties = {
        parameter.name: _property(schema, parameter, told.get(parameter.name))
        for parameter, schema in zip(parameters, schemas, strict=True)
    }
    whole: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }
    return description, {**whole, "$defs": definitions} if definitions else whole


def _documented(function: Callable[..., Any]) -> str | None:
    if _is_function(function) or type(function).__doc__:
        return inspect.getdoc(function)
    own = type(function).__call__.__doc__  # `getdoc` would find that of Python's own `__call__` where there is none
    return None if own is None else inspect.cleandoc(own)


def convert_arguments(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON arguments as the values that the function's annotations ask for.

    Args:
        function: What is to be called.
        arguments: The arguments by name; those with a default may be missing.

    Raises:
        ValueError: One is missing, unknown, or does not fit; the message names all of these.
        TypeError: The function cannot be described.
    """
    parameters = {parameter.name: parameter for parameter in _parameters(function)}
    faults = [f"{name}: unknown; known: {', '.join(parameters) or 'none'}" for name in arguments.keys() - parameters]
    faults += [f"{name}: missing" for name, known in parameters.items() if known.required and name not in arguments]
    ready: dict[str, Any] = {}
    for name in parameters.keys() & arguments.keys():
        try:
            ready[name] = convert(arguments[name], parameters[name].hint, lenient=True)
        except ValueError as exc:
            faults.append(f"{name}: {exc}")
    if faults:
        raise ValueError("; ".join(sorted(faults)))
    return ready


def _unbound(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _is_function(function: Any) -> bool:
    return inspect.isroutine(function) or hasattr(function, "__wrapped__")


def _parameters(function: Callable[..., Any]) -> list[_Parameter]:
    inner = _unbound(function)
    if isinstance(inner, type):
        raise TypeError("a class cannot be schema_of_function, only a function or an object with __call__")
    code = inner if _is_function(inner) else type(inner).__call__
    if inspect.isasyncgenfunction(code):
        raise TypeError("the function yields values asynchronously; give one that returns one value")
    try:
        given = inspect.signature(function).parameters
    except ValueError as exc:
        raise TypeError(f"its parameters are not known: {exc}") from exc
    hints = _hints(inspect.unwrap(code))
    bound = _bound_by_name(function)
    return [_parameter(one, hints) for one in given.values() if one.name not in bound]


def _bound_by_name(function: Any) -> set[str]:
    bound: set[str] = set()
    while isinstance(function, functools.partial):
        bound |= function.keywords.keys()
        function = function.func
    return bound


def _hints(code: Any) -> dict[str, Any]:
    try:
        # Without what the function returns: its type may be known to type checkers only.
        annotations = {name: hint for name, hint in getattr(code, "__annotations__", {}).items() if name != "return"}
        return get_type_hints(
            SimpleNamespace(__annotations__=annotations), getattr(code, "__globals__", {}), include_extras=True
        )
    except NameError as exc:
        raise TypeError(f"{exc}; define what an annotation names at the level of the module") from exc


def _parameter(given: inspect.Parameter, hints: Mapping[str, Any]) -> _Parameter:
    if given.kind in (given.VAR_POSITIONAL, given.VAR_KEYWORD, given.POSITIONAL_ONLY):
        raise TypeError(f"parameter {given} cannot be passed by name")
    if given.name not in hints:
        raise TypeError(f"parameter {given.name!r} needs a type annotation")
    hint = hints[given.name]
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    texts = (extra if isinstance(extra, str) else getattr(extra, "description", None) for extra in extras)
    # `days: int = None` is how many say that it may be left out.
    hint = Optional[hint] if given.default is None else hint  # noqa: UP045  # a union with a value, not an annotation
    return _Parameter(given.name, hint, given.default, next((text for text in texts if text), None))


def _schemas(parameters: list[_Parameter]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    try:
        return schema_components([parameter.hint for parameter in parameters])
    except TypeError:
        for parameter in parameters:
            _blamed(parameter)
        raise


def _blamed(parameter: _Parameter) -> None:
    try:
        schema_components([parameter.hint])
    except TypeError as exc:
        raise TypeError(f"parameter {parameter.name!r}: {exc}") from exc


def _property(schema: Mapping[str, Any], parameter: _Parameter, documented: str | None) -> dict[str, Any]:
    description = parameter.description or schema.get("description") or documented
    told = {**schema, "description": description} if description else dict(schema)
    if parameter.required:
        return told
    try:
        default = msgspec.to_builtins(parameter.default, str_keys=True, enc_hook=_dumped)
    except TypeError:
        return told  # a marker of the function's own, which means nothing to others
    return {**told, "default": default}


def _dumped(value: Any) -> Any:
    """Return a pydantic model's fields."""
    if not hasattr(value, "model_dump"):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return value.model_dump(mode="json")
