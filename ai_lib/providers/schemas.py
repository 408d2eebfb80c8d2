"""JSON Schemas in the subsets that providers support: what a service rejects is rewritten or left out.

What is left out still holds: the client validates the answer against the whole schema (`response.parsed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError

__all__ = ["GRAMMAR", "Subset", "has_open_objects", "rewrite_schema"]


def _keywords(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@attrs.frozen(kw_only=True)
class Subset:
    """The part of JSON Schema that one service supports.

    Args:
        drops: Keywords to leave out.
        described: Keywords to leave out and to repeat in the description, for the model to read.
        inline_refs: Whether to replace each `$ref` by its target.
        close_objects: Whether to set additionalProperties to false on every object.
        const_as_enum: Whether to write `const` as an `enum` of one value.
        one_of_as_any_of: Whether to write `oneOf` as `anyOf`.
        nullable: Whether to write the type null as `nullable: true` (OpenAPI 3.0).
        formats: The supported values of `format`; None for all.
    """

    drops: frozenset[str] = attrs.field(default=frozenset(), converter=_keywords)
    described: frozenset[str] = attrs.field(default=frozenset(), converter=_keywords)
    inline_refs: bool = False
    close_objects: bool = False
    const_as_enum: bool = False
    one_of_as_any_of: bool = False
    nullable: bool = False
    formats: frozenset[str] | None = attrs.field(default=None, converter=attrs.converters.optional(_keywords))


GRAMMAR = Subset(
    described=(
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern"),
        *("minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
        *("minProperties", "maxProperties"),
    ),
    drops=(
        *("not", "if", "then", "else", "contains", "prefixItems", "propertyNames", "patternProperties"),
        *("dependentSchemas", "dependentRequired", "unevaluatedProperties", "unevaluatedItems", "discriminator"),
    ),
    close_objects=True,
    one_of_as_any_of=True,
    formats=("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"),
)
"""The subset of services that compile a schema into a grammar: closed objects, and limits only as words for the model.

Sources: https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations,
https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
"""

# Keywords whose value maps names to schemas: the keys below them are names, not keywords.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# Keywords whose value is data, to be left as it is.
_DATA = frozenset({"enum", "const", "default", "examples", "required"})


def rewrite_schema(schema: Mapping[str, Any], subset: Subset) -> dict[str, Any]:
    """Return the schema within the subset.

    Raises:
        InvalidRequestError: A `$ref` has no target, or refers to itself where it must be inlined.
    """
    rewritten: dict[str, Any] = _rewrite(schema, subset, schema, ())
    if subset.inline_refs:
        rewritten.pop("$defs", None)
        rewritten.pop("definitions", None)
    return rewritten


def has_open_objects(schema: Any) -> bool:
    """Return whether an object in the schema accepts keys that it does not name; closed, it would always be empty."""
    if isinstance(schema, list | tuple):
        return any(has_open_objects(item) for item in schema)
    if not isinstance(schema, Mapping):
        return False
    additional = schema.get("additionalProperties")
    unnamed = schema.get("type") == "object" and "properties" not in schema and additional is not False
    if unnamed or (isinstance(additional, Mapping) and additional) or schema.get("patternProperties"):
        return True
    named = [inner for key in _NAMED for inner in (schema.get(key) or {}).values()]
    return has_open_objects([*named, *(value for key, value in schema.items() if key not in _NAMED | _DATA)])


def _rewrite(schema: Any, subset: Subset, root: Mapping[str, Any], seen: tuple[str, ...]) -> Any:
    if isinstance(schema, list | tuple):
        return [_rewrite(item, subset, root, seen) for item in schema]
    if not isinstance(schema, Mapping):
        return schema  # true and false are schemas too
    if subset.inline_refs and isinstance(schema.get("$ref"), str):
        ref = schema["$ref"]
        if ref in seen:
            raise InvalidRequestError(f"the schema refers to itself at {ref}, and this provider does not support $ref")
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        return _rewrite({**_resolve_ref(root, ref), **siblings}, subset, root, (*seen, ref))
    out: dict[str, Any] = {}
    described: list[str] = []
    for key, value in schema.items():
        if key in subset.described or (key == "format" and subset.formats is not None and value not in subset.formats):
            described.append(f"{key}: {value}")
        elif key in _NAMED and isinstance(value, Mapping) and key not in subset.drops:
            out[key] = {name: _rewrite(inner, subset, root, seen) for name, inner in value.items()}
        elif key not in subset.drops:
            out[key] = value if key in _DATA else _rewrite(value, subset, root, seen)
    if described:
        out["description"] = "; ".join([*([out["description"]] if out.get("description") else []), *described])
    return _adapt(out, subset)


def _adapt(out: dict[str, Any], subset: Subset) -> dict[str, Any]:
    if subset.close_objects and (out.get("type") == "object" or "properties" in out):
        out["additionalProperties"] = False
    if subset.const_as_enum and "const" in out:
        out["enum"] = [out.pop("const")]
    if subset.one_of_as_any_of and "oneOf" in out and "anyOf" not in out:
        out["anyOf"] = out.pop("oneOf")
    return _as_nullable(out) if subset.nullable else out


def _as_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with `nullable: true` in place of the type null, in its `type` or among its `anyOf`."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        rest = [kind for kind in kinds if kind != "null"]
        if len(rest) < len(kinds):
            schema["nullable"] = True
        if len(rest) == 1:
            schema["type"] = rest[0]
        else:
            del schema["type"]
            schema["anyOf"] = [{"type": kind} for kind in rest]
    options = schema.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        schema["nullable"] = True
        schema["anyOf"] = [option for option in options if option != {"type": "null"}]
        if len(schema["anyOf"]) == 1:
            (only,) = schema.pop("anyOf")
            schema = {**only, **schema}
    return schema


def _resolve_ref(root: Mapping[str, Any], ref: str) -> Mapping[str, Any]:
    target: Any = root
    for step in ref.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")  # RFC 6901 section 4
        target = target.get(name) if isinstance(target, Mapping) else None
    if not ref.startswith("#") or not isinstance(target, Mapping):
        raise InvalidRequestError(f"the schema's $ref {ref!r} has no target; only #/... is supported")
    return target
