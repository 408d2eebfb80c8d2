"""JSON Schemas in the subsets that providers take: what a service refuses is rewritten or left out.

What is left out is still held to: the client checks the answer against the whole schema (`response.parsed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError

__all__ = ["GRAMMAR", "Subset", "has_open_objects", "rewrite_schema"]


def _set(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


@attrs.frozen(kw_only=True)
class Subset:
    """What one service takes of JSON Schema.

    Args:
        drops: Keywords that must not occur.
        described: Keywords that must not occur either, and whose wish is put into the description instead.
        inline_refs: Whether `$ref` must be replaced by what it names.
        close_objects: Whether objects must say additionalProperties false.
        const_as_enum: Whether `const` must be an `enum` of one.
        one_of_as_any_of: Whether `oneOf` must be an `anyOf`.
        nullable: Whether null is said by `nullable: true` instead of in the type (OpenAPI 3.0).
        formats: The values of `format` that are taken; None for all.
    """

    drops: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    described: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    inline_refs: bool = False
    close_objects: bool = False
    const_as_enum: bool = False
    one_of_as_any_of: bool = False
    nullable: bool = False
    formats: frozenset[str] | None = attrs.field(default=None, converter=attrs.converters.optional(_set))


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
"""What services take that compile a schema into a grammar: closed objects, and limits only as words for the model.

Sources: https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations,
https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
"""


# Keywords whose value maps names to schemas; below them a key is a name, not a keyword.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# Keywords whose value is data, to be left as it is.
_DATA = frozenset({"enum", "const", "default", "examples", "required"})


def rewrite_schema(schema: Mapping[str, Any], subset: Subset) -> dict[str, Any]:
    """Return the schema in the form that the service takes.

    Raises:
        InvalidRequestError: A `$ref` leads nowhere, or round in a circle where it must be replaced.
    """
    out: dict[str, Any] = _schema(schema, subset, schema, ())
    if subset.inline_refs:
        out.pop("$defs", None)
        out.pop("definitions", None)
    return out


def has_open_objects(schema: Any) -> bool:
    """Return whether an object in the schema may have keys that it does not name: closing it would leave it empty."""
    if isinstance(schema, list | tuple):
        return any(has_open_objects(item) for item in schema)
    if not isinstance(schema, Mapping):
        return False
    more = schema.get("additionalProperties")
    unnamed = schema.get("type") == "object" and "properties" not in schema and more is not False
    if unnamed or (isinstance(more, Mapping) and more) or schema.get("patternProperties"):
        return True
    named = [inner for key in _NAMED for inner in (schema.get(key) or {}).values()]
    return has_open_objects([*named, *(value for key, value in schema.items() if key not in _NAMED | _DATA)])


def _schema(schema: Any, subset: Subset, root: Mapping[str, Any], seen: tuple[str, ...]) -> Any:
    if not isinstance(schema, Mapping):
        return schema  # true and false are schemas too
    if subset.inline_refs and isinstance(schema.get("$ref"), str):
        ref = schema["$ref"]
        if ref in seen:
            raise InvalidRequestError(f"the schema refers to itself at {ref}, and this provider takes no $ref")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _schema({**_target(root, ref), **beside}, subset, root, (*seen, ref))
    out: dict[str, Any] = {}
    told: list[str] = []
    for key, value in schema.items():
        if key in subset.described or (key == "format" and subset.formats is not None and value not in subset.formats):
            told.append(f"{key}: {value}")
        elif key not in subset.drops:
            out[key] = _value(key, value, subset, root, seen)
    if told:
        out["description"] = "; ".join([*([out["description"]] if out.get("description") else []), *told])
    return _adapted(out, subset)


def _value(key: str, value: Any, subset: Subset, root: Mapping[str, Any], seen: tuple[str, ...]) -> Any:
    if key in _DATA:
        return value
    if key in _NAMED and isinstance(value, Mapping):
        return {name: _schema(inner, subset, root, seen) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_schema(item, subset, root, seen) for item in value]
    return _schema(value, subset, root, seen)


def _adapted(out: dict[str, Any], subset: Subset) -> dict[str, Any]:
    if subset.close_objects and (out.get("type") == "object" or "properties" in out):
        out["additionalProperties"] = False
    if subset.const_as_enum and "const" in out:
        out["enum"] = [out.pop("const")]
    if subset.one_of_as_any_of and "oneOf" in out and "anyOf" not in out:
        out["anyOf"] = out.pop("oneOf")
    if subset.nullable:
        return _nullable(out)
    return out


def _nullable(out: dict[str, Any]) -> dict[str, Any]:
    kinds = out.get("type")
    if isinstance(kinds, list):
        rest = [kind for kind in kinds if kind != "null"]
        if len(rest) < len(kinds):
            out["nullable"] = True
        if len(rest) == 1:
            out["type"] = rest[0]
        else:
            del out["type"]
            out["anyOf"] = [{"type": kind} for kind in rest]
    options = out.get("anyOf")
    if isinstance(options, list):
        rest = [option for option in options if option != {"type": "null"}]
        if len(rest) < len(options):
            out["nullable"] = True
            if len(rest) == 1:
                del out["anyOf"]
                out = {**rest[0], **out}
            else:
                out["anyOf"] = rest
    return out


def _target(root: Mapping[str, Any], ref: str) -> Mapping[str, Any]:
    found: Any = root
    for step in ref.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            raise InvalidRequestError(f"the schema's $ref {ref!r} leads nowhere")
        found = found[name]
    if not ref.startswith("#") or not isinstance(found, Mapping):
        raise InvalidRequestError(f"the schema's $ref {ref!r} leads nowhere; only #/... is known")
    return found
