"""The parameters of a function as a JSON Schema, and JSON arguments as the values that its annotations require."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Annotated, Any, Optional, get_args, get_origin, get_type_hints

import attrs
import msgspec

from ai_lib.schemas.convert import convert
from ai_lib.schemas.docstring import split_docstring
from ai_lib.schemas.schema import schema_components

__all__ = ["Parameter", "convert_arguments", "function_name", "function_parameters", "schema_of_function"]


@attrs.frozen
class Parameter:
    """One parameter of a function: its resolved annotation, and the description there, as `Annotated[int, "in days"]`.

    The default is `inspect.Parameter.empty` where there is none.
    """

    name: str
    hint: Any
    default: Any
    description: str | None

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty


def function_name(function: Callable[..., Any]) -> str:
    """Return the name of a function, of the function in a partial, or of a callable object's class."""
    inner, _, _ = _unwrap(function)
    return str(getattr(inner, "__name__", type(inner).__name__))


def schema_of_function(function: Callable[..., Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the description of a function, and its parameters as a JSON Schema of type object.

    The description is the docstring without its sections about parameters, which become the descriptions of the
    parameters; a description in an annotation (`Annotated[int, "in days"]`) takes precedence. What `functools.partial`
    binds by name is left out.

    Raises:
        TypeError: A parameter has no annotation, or one that cannot be represented as JSON; or the function is an
            asynchronous generator.
    """
    parameters = function_parameters(function)
    inner, code, _ = _unwrap(function)
    # Not `getdoc(code)`, which finds the docstring of Python's own `__call__` where the class's has none.
    docstring = inspect.getdoc(inner) if inner is code or type(inner).__doc__ else code.__doc__
    description, documented = split_docstring(docstring)
    try:
        schemas, definitions = schema_components([parameter.hint for parameter in parameters])
    except TypeError:
        for parameter in parameters:  # name the parameter, unless its type only clashes with another one's
            try:
                schema_components([parameter.hint])
            except TypeError as exc:
                raise TypeError(f"parameter {parameter.name!r}: {exc}") from exc
        raise
    properties = {}
    for parameter, schema in zip(parameters, schemas, strict=True):
        text = parameter.description or schema.get("description") or documented.get(parameter.name)
        properties[parameter.name] = described = {**schema, **({"description": text} if text else {})}
        if not parameter.required:
            # A default that is not JSON is a marker of the function's own, which means nothing to a model.
            with suppress(TypeError):
                described["default"] = msgspec.to_builtins(parameter.default, str_keys=True, enc_hook=_encode_model)
    result: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }
    return description, {**result, "$defs": definitions} if definitions else result


def convert_arguments(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON arguments by name as the values that a function's annotations require.

    Raises:
        ValueError: Arguments are missing, unknown, or do not fit; the message names all of them.
        TypeError: The function has no schema; see `schema_of_function`.
    """
    parameters = {parameter.name: parameter for parameter in function_parameters(function)}
    errors = [f"{name}: unknown; known: {', '.join(parameters) or 'none'}" for name in arguments.keys() - parameters]
    values: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name in arguments:
            try:
                values[name] = convert(arguments[name], parameter.hint, lenient=True)
            except ValueError as exc:
                errors.append(f"{name}: {exc}")
        elif parameter.required:
            errors.append(f"{name}: missing")
    if errors:
        raise ValueError("; ".join(sorted(errors)))
    return values


def function_parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a function that a caller passes by name."""
    inner, code, bound = _unwrap(function)
    if isinstance(inner, type):
        raise TypeError("a class is not supported, only a function or an object with __call__")
    if inspect.isasyncgenfunction(code):
        raise TypeError("the function is an asynchronous generator; pass one that returns one value")
    try:
        signature = inspect.signature(function)
    except ValueError as exc:
        raise TypeError(f"its parameters are not known: {exc}") from exc
    code = inspect.unwrap(code)
    # Without the return type, which may be imported for type checkers only.
    annotations = {name: hint for name, hint in getattr(code, "__annotations__", {}).items() if name != "return"}
    holder = SimpleNamespace(__annotations__=annotations)
    try:
        hints = get_type_hints(holder, getattr(code, "__globals__", {}), include_extras=True)
    except NameError as exc:
        raise TypeError(f"{exc}; define the types of annotations at module level") from exc
    parameters: list[Parameter] = []
    for name, declared in signature.parameters.items():
        if name in bound:
            continue
        if declared.kind not in (declared.POSITIONAL_OR_KEYWORD, declared.KEYWORD_ONLY):
            raise TypeError(f"parameter {declared} cannot be passed by name")
        if name not in hints:
            raise TypeError(f"parameter {name!r} needs a type annotation")
        hint = hints[name]
        extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        texts = (extra if isinstance(extra, str) else getattr(extra, "description", None) for extra in extras)
        # `days: int = None` is a common way to say that it may be left out.
        hint = Optional[hint] if declared.default is None else hint  # noqa: UP045  # a value, not an annotation
        parameters.append(Parameter(name, hint, declared.default, next(filter(None, texts), None)))
    return parameters


def _unwrap(function: Any) -> tuple[Any, Any, set[str]]:
    """Return the callable in nested partials, its code (for an object, `__call__`), and the names that they bind."""
    bound: set[str] = set()
    while isinstance(function, functools.partial):
        bound |= function.keywords.keys()
        function = function.func
    is_routine = inspect.isroutine(function) or hasattr(function, "__wrapped__")
    return function, function if is_routine else type(function).__call__, bound


def _encode_model(value: Any) -> Any:
    if not hasattr(value, "model_dump"):  # pydantic's
        raise TypeError(f"{type(value).__name__} cannot be represented as JSON")
    return value.model_dump(mode="json")
