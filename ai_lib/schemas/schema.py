"""The JSON Schema of Python types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from functools import partial
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from ai_lib.schemas.convert import convert, decode, is_pydantic_model

__all__ = ["object_schema", "schema_components", "strict_schema", "type_name"]

_REF = "#/$defs/{name}"
# msgspec leaves the format of times without a zone out, and models need the hint.
_WITH_FORMAT: dict[Any, Any] = {
    datetime: Annotated[datetime, msgspec.Meta(extra_json_schema={"format": "date-time"})],
    time: Annotated[time, msgspec.Meta(extra_json_schema={"format": "time"})],
}


def schema_components(types: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the JSON Schema of each type, and the definitions that they refer to as `#/$defs/...`.

    Raise TypeError for a type that cannot be represented as JSON, and for two of the same name.
    """
    models: dict[str, Any] = {}
    try:
        schemas, definitions = msgspec.json.schema_components(
            [_with_formats(kind) for kind in types],
            schema_hook=partial(_model_schema, models=models),
            ref_template=_REF,
        )
    except NameError as exc:
        raise TypeError(f"{exc}; define the types of annotations at module level") from exc
    ambiguous = sorted(models.keys() & definitions.keys())
    if ambiguous:
        raise TypeError(f"two different types are called {ambiguous[0]!r}; rename one")
    return list(schemas), {**definitions, **models}


def _with_formats(kind: Any) -> Any:
    if kind in (datetime, time):
        return _WITH_FORMAT[kind]
    origin, arguments = get_origin(kind), tuple(map(_with_formats, get_args(kind)))
    if origin in (Union, UnionType):
        return Union[arguments]  # noqa: UP007  # the only way to make one of a tuple
    return origin[arguments] if origin in (list, dict, tuple, set, frozenset) and arguments else kind


def _model_schema(kind: Any, models: dict[str, Any]) -> dict[str, Any]:
    """Add a pydantic model and its definitions to `models`, and return a reference to it."""
    if not is_pydantic_model(kind):
        raise TypeError(f"{getattr(kind, '__name__', kind)} cannot be represented as JSON")
    name = re.sub(r"[^a-zA-Z0-9_.-]", "_", kind.__name__)
    try:
        # The model's definitions get its name as a prefix: msgspec may have its own schema of the same enum.
        schema = kind.model_json_schema(ref_template=f"#/$defs/{name}_{{model}}")
    except (RuntimeError, NameError) as exc:  # pydantic's errors about a class inherit from these
        raise TypeError(f"{kind.__name__}: {str(exc).partition(chr(10))[0]}") from exc
    definitions = {f"{name}_{key}": definition for key, definition in schema.pop("$defs", {}).items()}
    definitions[name] = schema
    for key, definition in definitions.items():
        if models.setdefault(key, definition) != definition:
            raise TypeError(f"two different types are called {key!r}; rename one")
    return {"$ref": _REF.format(name=name)}


# The keys of these keywords' values are names, not keywords.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# The values of these are data, in which a "default" is not a keyword either.
_DATA = frozenset({"enum", "const", "examples", "required"})


def strict_schema(schema: Any) -> Any:
    """Return the schema as OpenAI's strict mode requires it: no additional properties, all properties required.

    Defaults are removed: strict mode refuses them, and the model must write every property.

    Source: https://platform.openai.com/docs/guides/structured-outputs
    """
    if isinstance(schema, list):
        return [strict_schema(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    strict: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, Mapping):
            strict[key] = {name: strict_schema(inner) for name, inner in value.items()}
        elif key != "default":
            strict[key] = value if key in _DATA else strict_schema(value)
    if strict.get("type") == "object" and isinstance(strict.get("properties"), dict):
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    return strict


def object_schema(kind: Any) -> tuple[dict[str, Any], Callable[[str], Any]]:
    """Return the strict JSON Schema of a type, of type object at its top, and a function that decodes a document.

    A type that is not an object in JSON, such as `list[City]`, becomes the only property of one, and the function
    returns that property's value.

    Raises:
        TypeError: The type has no JSON Schema, or is a scalar class such as int.
    """
    try:
        (schema,), definitions = schema_components([kind])
    except TypeError as exc:
        raise TypeError(f"{type_name(kind)} has no JSON Schema: {exc}") from exc
    top = schema
    while "$ref" in top:  # the top of the document must be the object itself
        ref = top["$ref"]
        siblings = {key: value for key, value in top.items() if key != "$ref"}
        top = {**definitions[ref.rpartition("/")[2]], **siblings}
        if f'"{ref}"'.encode() not in msgspec.json.encode(definitions):  # unless the type is recursive
            del definitions[ref.rpartition("/")[2]]
    decoder: Callable[[str], Any]
    if top.get("type") == "object":
        decoder = partial(decode, kind=kind)
    elif get_origin(kind) is None and isinstance(kind, type):
        raise TypeError(f"{type_name(kind)} is not an object in JSON; pass a class with fields, or list[...]")
    else:
        field = "items" if schema.get("type") == "array" else "value"
        top = {"type": "object", "properties": {field: schema}}
        decoder = partial(_decode_field, kind=kind, field=field)
    return strict_schema({**top, "$defs": definitions} if definitions else top), decoder


def _decode_field(text: str, kind: Any, field: str) -> Any:
    value = decode(text, Any)
    # A model that only read the schema in its prompt may leave the object around the list out.
    wrapped = isinstance(value, dict) and value.keys() == {field}
    return convert(value[field] if wrapped else value, kind)


def type_name(kind: Any) -> str:
    """Return the name of a type for messages, such as "list[City]" or "City or NoneType"."""
    origin, arguments = get_origin(kind), [type_name(argument) for argument in get_args(kind)]
    if origin in (Union, UnionType):
        return " or ".join(arguments)
    name = str(getattr(origin or kind, "__name__", kind))
    return f"{name}[{', '.join(arguments)}]" if arguments else name
