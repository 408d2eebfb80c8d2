"""Whether a JSON value fits a JSON Schema: what a provider's subset left out is held to here.

The assertions of JSON Schema 2020-12 on one document; `format` and other annotations assert nothing, as the standard
has it. A library for all of JSON Schema would bring four packages and 60 ms of import for these few rules.
Source: https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from ai_lib.structured.schema import parse

__all__ = ["parser_for"]


def parser_for(schema: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what turns a text into JSON that fits the schema, and raises `ValueError` where it does not."""
    return partial(_parsed, schema)


def _parsed(schema: Mapping[str, Any], text: str) -> Any:
    value = parse(Any, text)
    for complaint in _Check(schema).complaints(value, schema, "$"):
        raise ValueError(complaint)
    return value


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

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def complaints(self, value: Any, schema: Any, place: str) -> Iterator[str]:
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
        return next(self.complaints(value, schema, ""), None) is None

    def _combined(self, value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
        if isinstance(schema.get("$ref"), str):
            yield from self.complaints(value, self._target(schema["$ref"]), place)
        for part in schema.get("allOf", ()):
            yield from self.complaints(value, part, place)
        if "anyOf" in schema and not any(self._fits(value, part) for part in schema["anyOf"]):
            yield f"{place} fits none of the forms it may have"
        if "oneOf" in schema and sum(self._fits(value, part) for part in schema["oneOf"]) != 1:
            yield f"{place} must fit exactly one of the forms it may have"
        if "not" in schema and self._fits(value, schema["not"]):
            yield f"{place} has a form that it must not have"

    def _in_object(self, value: dict[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place} lacks {name!r}"
        known = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for name, inner in value.items():
            rules = [known[name]] if name in known else []
            rules += [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
            for rule in rules or [schema.get("additionalProperties", True)]:
                yield from self.complaints(inner, rule, f"{place}.{name}")

    def _in_array(self, value: list[Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
        first = schema.get("prefixItems", ())
        for number, item in enumerate(value):
            rule = first[number] if number < len(first) else schema.get("items", True)
            yield from self.complaints(item, rule, f"{place}[{number}]")
        if schema.get("uniqueItems") and any(_same(a, b) for n, a in enumerate(value) for b in value[:n]):
            yield f"{place} must not hold an item twice"

    def _target(self, ref: str) -> Any:
        found: Any = self._root
        for step in ref.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, Mapping) else True
        return found
