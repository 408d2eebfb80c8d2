"""JSON Schema and Python types: the schema of a type, a type's value out of JSON, and whether JSON fits a schema.

msgspec knows attrs, dataclasses, TypedDict and the standard library's types. pydantic is never imported here: a model
class in somebody's hands means that it is loaded already.

`validation_errors` has the assertions of JSON Schema 2020-12 on one document, but for `unevaluatedProperties` and
`unevaluatedItems`; `format` and other annotations assert nothing, as the standard has it. A library for all of JSON
Schema would bring four packages and 60 ms of import for these rules.
Source: https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

__all__ = ["convert", "decode", "schema_components", "strict_schema", "validation_errors"]

_REF = "#/$defs/{name}"


def schema_components(types: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the JSON Schema of each type, and the definitions that they refer to as `#/$defs/...`.

    Raises:
        TypeError: A type has no form in JSON.
    """
    models: dict[str, Any] = {}

    def of_model(kind: Any) -> dict[str, Any]:
        return _model_schema(kind, models)

    try:
        schemas, definitions = msgspec.json.schema_components(
            [_dated(kind) for kind in types], schema_hook=of_model, ref_template=_REF
        )
    except NameError as exc:
        raise TypeError(f"{exc}; define what an annotation names at the level of the module") from exc
    twice = sorted(models.keys() & definitions.keys())
    if twice:
        raise TypeError(f"two different types are called {twice[0]!r}; rename one")
    return list(schemas), {**definitions, **models}


def _dated(kind: Any) -> Any:
    """Return the type with `format` told for times without a zone too: models need the hint, msgspec leaves it out."""
    if kind is datetime:
        return Annotated[datetime, msgspec.Meta(extra_json_schema={"format": "date-time"})]
    if kind is time:
        return Annotated[time, msgspec.Meta(extra_json_schema={"format": "time"})]
    origin, inner = get_origin(kind), tuple(map(_dated, get_args(kind)))
    if origin in (Union, UnionType):
        return Union[inner]  # noqa: UP007  # the only way to make one of a tuple
    return origin[inner] if origin in (list, dict, tuple, set, frozenset) and inner else kind


def _is_model(kind: Any) -> bool:
    return "pydantic" in sys.modules and isinstance(kind, type) and hasattr(kind, "model_json_schema")


def _model_schema(kind: Any, models: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to a pydantic model's schema, which is put among the models with what it needs."""
    if not _is_model(kind):
        raise TypeError(f"{getattr(kind, '__name__', kind)} has no form in JSON")
    name = re.sub(r"[^a-zA-Z0-9_.-]", "_", kind.__name__)
    try:
        # What the model needs goes under its name: msgspec may have its own form of the same enum.
        schema = kind.model_json_schema(ref_template=f"#/$defs/{name}_{{model}}")
    except (RuntimeError, NameError) as exc:  # pydantic's errors about a class inherit from these
        raise TypeError(f"{kind.__name__}: {str(exc).partition(chr(10))[0]}") from exc
    found = {f"{name}_{key}": definition for key, definition in schema.pop("$defs", {}).items()}
    found[name] = schema
    for key, definition in found.items():
        if models.setdefault(key, definition) != definition:
            raise TypeError(f"two different types are called {key!r}; rename one")
    return {"$ref": _REF.format(name=name)}


# Below these a key is a name, not a keyword; the values of the others are data, to be left as they are.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_DATA = frozenset({"enum", "const", "examples", "required"})


def strict_schema(schema: Any) -> Any:
    """Return the schema with every object closed and all its properties required; defaults are not for the model.

    Source: https://platform.openai.com/docs/guides/structured-outputs
    """
    if isinstance(schema, list):
        return [strict_schema(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    out = {key: _closed(key, value) for key, value in schema.items() if key != "default"}
    if out.get("type") == "object" and isinstance(out.get("properties"), dict):
        out["required"] = list(out["properties"])
        out["additionalProperties"] = False
    return out


def _closed(key: str, value: Any) -> Any:
    if key in _DATA:
        return value
    if key in _NAMED and isinstance(value, Mapping):
        return {name: strict_schema(inner) for name, inner in value.items()}
    return strict_schema(value)


def decode(text: str, kind: Any) -> Any:
    """Return a JSON text as a value of the type.

    Raises:
        ValueError: The text is not JSON, or does not fit; the message names the place.
    """
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=_from_json)
    except RecursionError as exc:
        raise ValueError("the JSON is nested too deeply") from exc
    except msgspec.MsgspecError as exc:  # which older versions do not derive from ValueError
        raise ValueError(str(exc)) from exc


def convert(value: Any, kind: Any, *, lenient: bool = False) -> Any:
    """Return a JSON value as a value of the type.

    Args:
        value: What came out of JSON.
        kind: The type.
        lenient: Also take "5" or 5.0 where 5 is asked for, and the like, where the value would not fit as it is.

    Raises:
        ValueError: It does not fit; the message names the place.
    """
    try:
        try:
            return msgspec.convert(value, kind, dec_hook=_from_json)
        except msgspec.ValidationError:
            if not lenient:
                raise
        return msgspec.convert(value, kind, strict=False, dec_hook=_from_json)
    except msgspec.MsgspecError as exc:  # as above
        raise ValueError(str(exc)) from exc


def _from_json(kind: Any, value: Any) -> Any:
    if not _is_model(kind):
        raise TypeError(f"{getattr(kind, '__name__', kind)} has no form in JSON")
    try:
        # As JSON: a strict model takes an enum's or a date's text only there.
        return kind.model_validate_json(msgspec.json.encode(value))
    except ValueError as exc:
        faults: list[dict[str, Any]] = getattr(exc, "errors", list)()
        told = [f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}" for fault in faults]
        raise ValueError("; ".join(told) or str(exc)) from exc


def validation_errors(value: Any, schema: Any) -> Iterator[str]:
    """Yield what is wrong with a JSON value, each with its place (`$.cities[0].name must be of type string`)."""
    try:
        yield from _Check(schema).validation_errors(value, schema, "$")
    except RecursionError:
        yield "$ is nested too deeply"


_KINDS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}


def _same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; in JSON, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    return bool(one == other)


def _multiple(value: float, step: float) -> bool:
    quotient = value / step
    return math.isclose(quotient, round(quotient), rel_tol=1e-9, abs_tol=1e-9)


# Rules that need the value and the keyword's own value, each for one kind of value, with the words of a complaint.
_SIMPLE: dict[str, tuple[str, Callable[[Any, Any], bool], str]] = {
    "minimum": ("number", lambda value, limit: value >= limit, "must be at least {}"),
    "maximum": ("number", lambda value, limit: value <= limit, "must be at most {}"),
    "exclusiveMinimum": ("number", lambda value, limit: value > limit, "must be above {}"),
    "exclusiveMaximum": ("number", lambda value, limit: value < limit, "must be below {}"),
    "multipleOf": ("number", _multiple, "must be a multiple of {}"),
    "minLength": ("string", lambda value, limit: len(value) >= limit, "must have at least {} characters"),
    "maxLength": ("string", lambda value, limit: len(value) <= limit, "must have at most {} characters"),
    "pattern": ("string", lambda value, pattern: re.search(pattern, value) is not None, "must match {}"),
    "minItems": ("array", lambda value, limit: len(value) >= limit, "must have at least {} items"),
    "maxItems": ("array", lambda value, limit: len(value) <= limit, "must have at most {} items"),
    "minProperties": ("object", lambda value, limit: len(value) >= limit, "must have at least {} properties"),
    "maxProperties": ("object", lambda value, limit: len(value) <= limit, "must have at most {} properties"),
}


class _Check:
    """Checks values against parts of one schema."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def validation_errors(self, value: Any, schema: Any, place: str) -> Iterator[str]:
        """Yield what is wrong with a value, and where."""
        if schema is False:
            yield f"{place} must not be there"
        if not isinstance(schema, Mapping):
            return
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(_KINDS[kind](value) for kind in kinds if kind in _KINDS):
            yield f"{place} must be of type {' or '.join(kinds)}"
            return
        yield from self._alone(value, schema, place)
        yield from self._combined(value, schema, place)
        if isinstance(value, dict):
            yield from self._in_object(value, schema, place)
        if isinstance(value, list):
            yield from self._in_array(value, schema, place)

    def _alone(self, value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
        if "enum" in schema and not any(_same(value, option) for option in schema["enum"]):
            yield f"{place} must be one of {schema['enum']}"
        if "const" in schema and not _same(value, schema["const"]):
            yield f"{place} must be {schema['const']!r}"
        for keyword, (kind, holds, words) in _SIMPLE.items():
            if keyword in schema and _KINDS[kind](value) and not holds(value, schema[keyword]):
                yield f"{place} {words.format(schema[keyword])}"

    def _fits(self, value: Any, schema: Any) -> bool:
        return next(self.validation_errors(value, schema, ""), None) is None

    def _combined(self, value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
        if isinstance(schema.get("$ref"), str):
            yield from self.validation_errors(value, self._target(schema["$ref"]), place)
        for part in schema.get("allOf", ()):
            yield from self.validation_errors(value, part, place)
        if "anyOf" in schema and not any(self._fits(value, part) for part in schema["anyOf"]):
            yield f"{place} fits none of the forms it may have"
        if "oneOf" in schema and sum(self._fits(value, part) for part in schema["oneOf"]) != 1:
            yield f"{place} must fit exactly one of the forms it may have"
        if "if" in schema:
            follows = "then" if self._fits(value, schema["if"]) else "else"
            yield from self.validation_errors(value, schema.get(follows, True), place)
        if "not" in schema and self._fits(value, schema["not"]):
            yield f"{place} has a form that it must not have"

    def _in_object(self, value: dict[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place} lacks {name!r}"
        yield from self._dependent(value, schema, place)
        for name in value if "propertyNames" in schema else ():
            yield from self.validation_errors(name, schema["propertyNames"], f"{place}, the key {name!r},")
        known = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for name, inner in value.items():
            rules = [known[name]] if name in known else []
            rules += [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
            for rule in rules or [schema.get("additionalProperties", True)]:
                yield from self.validation_errors(inner, rule, f"{place}.{name}")

    def _dependent(self, value: dict[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
        for name, needed in schema.get("dependentRequired", {}).items():
            lacking = [other for other in needed if other not in value] if name in value else []
            yield from (f"{place} has {name!r} but lacks {other!r}" for other in lacking)
        for name, rule in schema.get("dependentSchemas", {}).items():
            if name in value:
                yield from self.validation_errors(value, rule, place)

    def _in_array(self, value: list[Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
        first = schema.get("prefixItems", ())
        for number, item in enumerate(value):
            rule = first[number] if number < len(first) else schema.get("items", True)
            yield from self.validation_errors(item, rule, f"{place}[{number}]")
        if "contains" in schema:
            fitting = sum(self._fits(item, schema["contains"]) for item in value)
            if not schema.get("minContains", 1) <= fitting <= schema.get("maxContains", math.inf):
                yield f"{place} holds {fitting} items of the form that some must have"
        if schema.get("uniqueItems") and any(_same(a, b) for n, a in enumerate(value) for b in value[:n]):
            yield f"{place} must not hold an item twice"

    def _target(self, ref: str) -> Any:
        found: Any = self._root
        for step in ref.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, Mapping) else True
        return found
