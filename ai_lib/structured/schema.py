"""The JSON Schema that an answer must fit to become a value of a type, and the answer's text as that value."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import UnionType
from typing import Any, Union, get_args, get_origin

from ai_lib.errors import InvalidRequestError
from ai_lib.schemas.schema import convert, decode, schema_components, strict_schema

__all__ = ["form_of", "parse", "schema_name"]

_MOST_LETTERS = 64  # of a schema's name, at OpenAI


def form_of(kind: Any) -> tuple[dict[str, Any], Callable[[str], Any]]:
    """Return the JSON Schema of a type, in the form that OpenAI's strict mode takes, and what reads a fitting answer.

    Source: https://platform.openai.com/docs/guides/structured-outputs (all fields required, no additional properties).
    The wire wants an object: `list[City]` and the like are asked for as its one field, which the reader takes out.

    Raises:
        InvalidRequestError: The type has no schema.
    """
    try:
        (schema,), definitions = schema_components([kind])
    except TypeError as exc:
        raise InvalidRequestError(f"{_called(kind)} has no JSON Schema: {exc}") from exc
    resolved = _resolved(schema, definitions)
    if resolved.get("type") == "object":
        whole, reader = resolved, partial(parse, kind)
    elif get_origin(kind) is None and isinstance(kind, type):
        raise InvalidRequestError(f"{_called(kind)} is not an object in JSON; give a class with fields, or list[...]")
    else:
        field = "items" if schema.get("type") == "array" else "value"
        whole, reader = {"type": "object", "properties": {field: schema}}, partial(_parse_field, kind, field)
    if definitions:
        whole = {**whole, "$defs": definitions}
    return strict_schema(whole), reader


def parse(kind: Any, text: str) -> Any:
    """Return the JSON text as a value of the type.

    Raises:
        ValueError: The text is not JSON, or does not fit; the message names the place.
    """
    try:
        return decode(text, kind)
    except ValueError as exc:
        fault = exc
    # To JSON Schema, and so to a provider that holds the model to it, 3.0 is an integer.
    with suppress(ValueError, RecursionError):
        return convert(_with_integers(decode(text, Any)), kind)
    raise fault


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _with_integers(inner) for name, inner in value.items()}
    return [_with_integers(inner) for inner in value] if isinstance(value, list) else value


def schema_name(kind: Any) -> str:
    """Return a type's name in the letters that a schema's name may have: "City", "list_City"."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", _called(kind)).strip("_")[:_MOST_LETTERS] or "response"


def _called(kind: Any) -> str:
    outer, inner = get_origin(kind), [_called(part) for part in get_args(kind)]
    if outer in (Union, UnionType):
        return " or ".join(inner)
    name = str(getattr(outer or kind, "__name__", kind))
    return f"{name}[{', '.join(inner)}]" if inner else name


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a mere reference stands for; its definition goes unless something else needs it."""
    if "$ref" not in schema:
        return schema
    ref = schema["$ref"]
    name = ref.rpartition("/")[2]
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    found = {**_resolved(definitions[name], definitions), **beside}
    if not _mentions(definitions, ref):
        del definitions[name]
    return found


def _mentions(part: Any, ref: str) -> bool:
    if isinstance(part, dict):
        return part.get("$ref") == ref or any(_mentions(inner, ref) for inner in part.values())
    return isinstance(part, list) and any(_mentions(inner, ref) for inner in part)


def _parse_field(kind: Any, field: str, text: str) -> Any:
    value = decode(text, Any)
    # A model that was only told of the schema in words may leave the object round the list out.
    wrapped = isinstance(value, dict) and value.keys() == {field}
    return convert(value[field] if wrapped else value, kind)
