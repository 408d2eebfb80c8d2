"""JSON Schemas in the subsets that providers take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.schemas import GRAMMAR, Subset, has_open_objects, rewrite_schema

PERSON = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "$defs": {"age": {"type": "integer", "minimum": 0}},
    "properties": {
        "age": {"$ref": "#/$defs/age", "description": "In years."},
        "minimum": {"type": ["string", "null"], "minLength": 1},
        "size": {"const": "small"},
        "pet": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string", "format": "slug"}, "minItems": 1},
    },
    "required": ["age", "minimum"],
}


@pytest.mark.parametrize(
    ("subset", "place", "expected"),
    [
        (Subset(), (), PERSON),
        (Subset(drops=["$schema"]), ("$schema",), None),
        # a property may be called like a keyword
        (Subset(drops=["minimum"]), ("properties", "minimum"), {"type": ["string", "null"], "minLength": 1}),
        (Subset(drops=["minimum"]), ("$defs", "age"), {"type": "integer"}),
        (Subset(described=["minimum"]), ("$defs", "age"), {"type": "integer", "description": "minimum: 0"}),
        (
            Subset(inline_refs=True, described=["minimum"]),
            ("properties", "age"),
            {"type": "integer", "description": "In years.; minimum: 0"},
        ),
        (Subset(inline_refs=True), ("$defs",), None),
        (Subset(close_objects=True), ("additionalProperties",), False),
        (Subset(const_as_enum=True), ("properties", "size"), {"enum": ["small"]}),
        (Subset(nullable=True), ("properties", "minimum"), {"type": "string", "nullable": True, "minLength": 1}),
        (Subset(nullable=True), ("properties", "pet"), {"type": "string", "nullable": True}),
        (Subset(formats=["date"]), ("properties", "tags", "items"), {"type": "string", "description": "format: slug"}),
        (Subset(formats=["slug"]), ("properties", "tags", "items"), {"type": "string", "format": "slug"}),
    ],
)
def test_a_subset_changes_what_it_says_and_nothing_else(subset: Subset, place: tuple[str, ...], expected: Any) -> None:
    found: Any = rewrite_schema(PERSON, subset)
    for step in place:
        found = found.get(step) if isinstance(found, dict) else None

    assert found == expected


def test_several_types_and_null_become_a_choice() -> None:
    schema = {"type": ["string", "integer", "null"]}

    assert rewrite_schema(schema, Subset(nullable=True)) == {
        "nullable": True,
        "anyOf": [{"type": "string"}, {"type": "integer"}],
    }


def test_one_of_becomes_any_of_where_only_that_is_taken() -> None:
    schema = {"oneOf": [{"type": "string"}, {"type": "integer"}]}

    assert rewrite_schema(schema, Subset(one_of_as_any_of=True)) == {"anyOf": [{"type": "string"}, {"type": "integer"}]}


def test_data_inside_a_schema_is_left_as_it_is() -> None:
    schema = {"enum": [{"minimum": 1}], "default": {"minimum": 2}, "const": {"minimum": 3}}

    assert rewrite_schema(schema, Subset(drops=["minimum"])) == schema


@pytest.mark.parametrize("ref", ["#/$defs/nothing", "other.json", "#/properties/size/const"])
def test_a_reference_without_a_target_is_an_invalid_request(ref: str) -> None:
    with pytest.raises(InvalidRequestError, match="has no target"):
        rewrite_schema(
            {"type": "object", "properties": {"size": {"const": "x"}, "a": {"$ref": ref}}}, Subset(inline_refs=True)
        )


def test_a_schema_that_holds_itself_cannot_be_written_without_references() -> None:
    schema = {"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"}

    with pytest.raises(InvalidRequestError, match=r"refers to itself at #/\$defs/node"):
        rewrite_schema(schema, Subset(inline_refs=True))
    assert rewrite_schema(schema, Subset()) == schema


@pytest.mark.parametrize(
    ("schema", "free"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, False),
        ({"type": "object"}, True),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, True),
        ({"type": "object", "additionalProperties": False}, False),
        ({"type": "array", "items": {"type": "object"}}, True),
        ({"type": "object", "properties": {"type": {"type": "string"}}}, False),
        ({"enum": [{"type": "object"}]}, False),
    ],
)
def test_objects_with_keys_of_any_name_are_found(schema: dict[str, Any], free: bool) -> None:
    assert has_open_objects(schema) is free


KEYWORDS = st.sampled_from(sorted(GRAMMAR.drops | GRAMMAR.described))
SCHEMAS = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": "integer", "minimum": 1}, {"const": 1}]),
    lambda inner: st.one_of(
        st.dictionaries(KEYWORDS, inner, min_size=1, max_size=3).map(
            lambda named: {"type": "object", "properties": named}
        ),
        inner.map(lambda item: {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}),
        st.tuples(KEYWORDS, inner).map(lambda pair: {"type": "object", "properties": {}, pair[0]: pair[1]}),
    ),
    max_leaves=6,
)


def keywords_in(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {word for item in schema for word in keywords_in(item)}
    if not isinstance(schema, dict):
        return set()
    inner = [
        *schema.get("properties", {}).values(),
        *(schema[key] for key in schema if key not in ("properties", "const")),
    ]
    return {*schema, *keywords_in(inner)}


@settings(deadline=None, max_examples=150)
@given(schema=SCHEMAS)
def test_what_a_service_refuses_is_nowhere_left(schema: dict[str, Any]) -> None:
    out = rewrite_schema(schema, GRAMMAR)

    assert not keywords_in(out) & (GRAMMAR.drops | GRAMMAR.described)
    assert rewrite_schema(out, GRAMMAR) == out


@settings(deadline=None, max_examples=100)
@given(schema=SCHEMAS)
def test_a_schema_is_never_changed_in_place(schema: dict[str, Any]) -> None:
    before = repr(schema)

    rewrite_schema(schema, GRAMMAR)

    assert repr(schema) == before
