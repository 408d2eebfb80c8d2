"""JSON values checked against a JSON Schema: what the subset that a provider enforces leaves out is checked here.

The assertions of draft 2020-12 on one document, except `unevaluatedProperties` and `unevaluatedItems`. `format` and
other annotations assert nothing, as the standard has it. A library for all of JSON Schema would bring four packages and
60 ms of import for these rules.
Source: https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from ai_lib.schemas.convert import decode

__all__ = ["decode_valid", "validation_errors"]

# Enough for a model to correct its answer by; a list of a thousand wrong items needs no thousand lines.
_MAX_ERRORS = 10


def decode_valid(text: str, schema: Mapping[str, Any]) -> Any:
    """Return the value of a JSON document that conforms to a schema.

    Raises:
        ValueError: The text is not JSON, or does not conform; the message lists at most ten errors.
    """
    value = decode(text, Any)
    errors = "; ".join(islice(validation_errors(value, schema), _MAX_ERRORS))
    if errors:
        raise ValueError(errors)
    return value


def validation_errors(value: Any, schema: Any) -> Iterator[str]:
    """Yield each reason why a JSON value does not conform to a schema: `$.cities[0].name must be of type string`."""
    try:
        yield from _Validator(schema).errors(value, schema, "$")
    except RecursionError:
        yield "$ is nested too deeply"


_TYPES: dict[str, Callable[[Any], bool]] = {
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


def _equal(a: Any, b: Any) -> bool:
    """Return whether two JSON values are equal; in JSON, true is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(value, b[key]) for key, value in a.items())
    return bool(a == b)


# Assertions on the value alone: the type they apply to, the test of value and keyword's value, the error message.
_ASSERTIONS: dict[str, tuple[str, Callable[[Any, Any], bool], str]] = {
    "minimum": ("number", lambda value, limit: value >= limit, "must be at least {}"),
    "maximum": ("number", lambda value, limit: value <= limit, "must be at most {}"),
    "exclusiveMinimum": ("number", lambda value, limit: value > limit, "must be above {}"),
    "exclusiveMaximum": ("number", lambda value, limit: value < limit, "must be below {}"),
    "multipleOf": (
        "number",
        # 0.3 is a multiple of 0.1, although their quotient is 2.9999999999999996.
        lambda value, step: math.isclose(value / step, round(value / step), rel_tol=1e-9, abs_tol=1e-9),
        "must be a multiple of {}",
    ),
    "minLength": ("string", lambda value, limit: len(value) >= limit, "must have at least {} characters"),
    "maxLength": ("string", lambda value, limit: len(value) <= limit, "must have at most {} characters"),
    "pattern": ("string", lambda value, pattern: re.search(pattern, value) is not None, "must match {}"),
    "minItems": ("array", lambda value, limit: len(value) >= limit, "must have at least {} items"),
    "maxItems": ("array", lambda value, limit: len(value) <= limit, "must have at most {} items"),
    "minProperties": ("object", lambda value, limit: len(value) >= limit, "must have at least {} properties"),
    "maxProperties": ("object", lambda value, limit: len(value) <= limit, "must have at most {} properties"),
}


class _Validator:
    """Checks values against the parts of one schema, to which `$ref` refers."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def errors(self, value: Any, schema: Any, path: str) -> Iterator[str]:
        """Yield each reason why the value at a path does not conform."""
        if schema is False:
            yield f"{path} is not allowed"
        if not isinstance(schema, Mapping):
            return
        types = schema.get("type", ())
        types = [types] if isinstance(types, str) else types
        if types and not any(_TYPES[name](value) for name in types if name in _TYPES):
            yield f"{path} must be of type {' or '.join(types)}"
            return
        if "enum" in schema and not any(_equal(value, option) for option in schema["enum"]):
            yield f"{path} must be one of {schema['enum']}"
        if "const" in schema and not _equal(value, schema["const"]):
            yield f"{path} must be {schema['const']!r}"
        for keyword, (kind, holds, message) in _ASSERTIONS.items():
            if keyword in schema and _TYPES[kind](value) and not holds(value, schema[keyword]):
                yield f"{path} {message.format(schema[keyword])}"
        yield from self._applicator_errors(value, schema, path)
        if isinstance(value, dict):
            yield from self._object_errors(value, schema, path)
        if isinstance(value, list):
            yield from self._array_errors(value, schema, path)

    def conforms(self, value: Any, schema: Any) -> bool:
        return next(self.errors(value, schema, ""), None) is None

    def _applicator_errors(self, value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
        if isinstance(schema.get("$ref"), str):
            target = self._root
            for step in schema["$ref"].removeprefix("#").split("/")[1:]:
                key = step.replace("~1", "/").replace("~0", "~")
                target = target.get(key, True) if isinstance(target, Mapping) else True
            yield from self.errors(value, target, path)
        for part in schema.get("allOf", ()):
            yield from self.errors(value, part, path)
        if "anyOf" in schema and not any(self.conforms(value, part) for part in schema["anyOf"]):
            yield f"{path} matches none of the allowed schemas"
        if "oneOf" in schema and sum(self.conforms(value, part) for part in schema["oneOf"]) != 1:
            yield f"{path} must match exactly one of the allowed schemas"
        if "if" in schema:
            branch = "then" if self.conforms(value, schema["if"]) else "else"
            yield from self.errors(value, schema.get(branch, True), path)
        if "not" in schema and self.conforms(value, schema["not"]):
            yield f"{path} matches a schema that is not allowed"

    def _object_errors(self, value: dict[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
        yield from (f"{path} lacks {name!r}" for name in schema.get("required", ()) if name not in value)
        for name, required in schema.get("dependentRequired", {}).items():
            missing = [other for other in required if other not in value] if name in value else []
            yield from (f"{path} has {name!r} but lacks {other!r}" for other in missing)
        for name, rule in schema.get("dependentSchemas", {}).items():
            yield from self.errors(value, rule if name in value else True, path)
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name, inner in value.items():
            if "propertyNames" in schema:
                yield from self.errors(name, schema["propertyNames"], f"{path}, the key {name!r},")
            rules = [known[name]] if name in known else []
            rules += [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
            for rule in rules or [schema.get("additionalProperties", True)]:
                yield from self.errors(inner, rule, f"{path}.{name}")

    def _array_errors(self, value: list[Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
        first = schema.get("prefixItems", ())
        for index, item in enumerate(value):
            rule = first[index] if index < len(first) else schema.get("items", True)
            yield from self.errors(item, rule, f"{path}[{index}]")
        if "contains" in schema:
            matching = sum(self.conforms(item, schema["contains"]) for item in value)
            if not schema.get("minContains", 1) <= matching <= schema.get("maxContains", math.inf):
                yield f"{path} has {matching} items that match the schema in contains"
        if schema.get("uniqueItems") and any(_equal(a, b) for index, a in enumerate(value) for b in value[:index]):
            yield f"{path} must not contain an item twice"
