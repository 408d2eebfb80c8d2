"""JSON values checked against a JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.schemas.validate import decode_valid, validation_errors

NODE = {
    "$defs": {"node": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                                                       "n": {"type": "integer"}}, "required": ["n"]}},
    "$ref": "#/$defs/node",
}  # fmt: skip

GOOD: list[tuple[dict[str, Any], Any]] = [
    ({"type": "integer", "minimum": 0}, 0),
    ({"type": "integer"}, 3.0),
    ({"type": ["string", "null"]}, None),
    ({"enum": ["a", 1]}, 1),
    ({"const": {"a": [1]}}, {"a": [1.0]}),
    ({"multipleOf": 0.1}, 0.3),
    ({"minLength": 2, "maxLength": 2}, "ää"),
    ({"minLength": 2}, 7),
    ({"pattern": "^a"}, "abc"),
    ({"uniqueItems": True}, [1, True, "1"]),
    ({"items": {"type": "integer"}, "minItems": 1}, [1, 2]),
    ({"prefixItems": [{"type": "string"}], "items": False}, ["a"]),
    ({"properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"a": "x"}),
    ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, {"x1": 1}),
    ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 1),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2),
    ({"not": {"type": "string"}}, 1),
    ({"format": "email"}, "no address"),
    ({"if": {"minimum": 5}, "then": {"multipleOf": 5}}, 4),
    ({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 0}}, "a"),
    ({"dependentRequired": {"a": ["b"]}}, {"b": 1}),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"b": 1}),
    ({"propertyNames": {"maxLength": 1}}, {"a": 1}),
    ({"contains": {"type": "string"}, "maxContains": 1}, [1, "a"]),
    ({"contains": {"type": "string"}, "minContains": 0}, [1]),
    ({}, {"anything": None}),
    (NODE, {"n": 1, "next": {"n": 2, "next": None}}),
]
BAD: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "integer", "minimum": 0}, -1, "$ must be at least 0"),
    ({"maximum": 3}, 4, "$ must be at most 3"),
    ({"exclusiveMinimum": 3}, 3, "$ must be above 3"),
    ({"exclusiveMaximum": 3}, 3, "$ must be below 3"),
    ({"multipleOf": 2}, 3, "$ must be a multiple of 2"),
    ({"type": "integer"}, 1.5, "$ must be of type integer"),
    ({"type": "number"}, True, "$ must be of type number"),
    ({"type": ["string", "null"]}, 1, "$ must be of type string or null"),
    ({"enum": ["a", 1]}, True, "$ must be one of ['a', 1]"),
    ({"const": 1}, "1", "$ must be 1"),
    ({"minLength": 2}, "a", "$ must have at least 2 characters"),
    ({"maxLength": 2}, "abc", "$ must have at most 2 characters"),
    ({"pattern": "^a"}, "ba", "$ must match ^a"),
    ({"minItems": 1}, [], "$ must have at least 1 items"),
    ({"maxItems": 1}, [1, 2], "$ must have at most 1 items"),
    ({"uniqueItems": True}, [{"a": 1}, {"a": 1}], "$ must not contain an item twice"),
    ({"items": {"type": "integer"}}, [1, "x"], "$[1] must be of type integer"),
    ({"prefixItems": [{}], "items": False}, [1, 2], "$[1] is not allowed"),
    ({"required": ["a"]}, {}, "$ lacks 'a'"),
    ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "$.a must be of type string"),
    ({"properties": {}, "additionalProperties": False}, {"b": 1}, "$.b is not allowed"),
    ({"minProperties": 1}, {}, "$ must have at least 1 properties"),
    ({"maxProperties": 0}, {"a": 1}, "$ must have at most 0 properties"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", "$ matches none of the allowed schemas"),
    ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, "$ must match exactly one of the allowed schemas"),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 4, "$ must be at most 3"),
    ({"if": {"minimum": 5}, "then": {"minimum": 7}}, 6, "$ must be at least 7"),
    ({"if": {"type": "string"}, "else": {"minimum": 0}}, -1, "$ must be at least 0"),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "$ has 'a' but lacks 'b'"),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}, "$ lacks 'b'"),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "$, the key 'ab', must have at most 1 characters"),
    ({"contains": {"type": "string"}}, [1], "$ has 0 items that match the schema in contains"),
    ({"contains": {"type": "string"}, "maxContains": 1}, ["a", "b"], "$ has 2 items that match the schema in contains"),
    ({"not": {"type": "string"}}, "x", "$ matches a schema that is not allowed"),
    (NODE, {"n": 1, "next": {"next": None}}, "$.next matches none of the allowed schemas"),
]


@pytest.mark.parametrize(("schema", "value"), GOOD)
def test_a_value_that_conforms_is_returned(schema: dict[str, Any], value: Any) -> None:
    assert decode_valid(json.dumps(value), schema) == value


@pytest.mark.parametrize(("schema", "value", "complaint"), BAD)
def test_a_value_that_does_not_conform_raises_with_its_path(schema: dict[str, Any], value: Any, complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode_valid(json.dumps(value), schema)

    assert str(caught.value) == complaint


def test_at_most_ten_errors_are_listed() -> None:
    with pytest.raises(ValueError) as caught:
        decode_valid(json.dumps(["x"] * 20), {"items": {"type": "integer"}})

    assert str(caught.value) == "; ".join(f"$[{number}] must be of type integer" for number in range(10))


def test_text_that_is_not_json_raises() -> None:
    with pytest.raises(ValueError):
        decode_valid("{", {})


def test_all_errors_of_a_value_are_listed() -> None:
    schema = {"properties": {"a": {"type": "string"}}, "required": ["b"]}

    assert list(validation_errors({"a": 1}, schema)) == ["$ lacks 'b'", "$.a must be of type string"]


def test_a_schema_that_refers_to_itself_without_end_is_an_error() -> None:
    assert list(validation_errors(1, {"$ref": "#"})) == ["$ is nested too deeply"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
RULES = st.recursive(
    st.sampled_from([entry[0] for entry in [*GOOD, *BAD] if not {"$ref", "multipleOf"} & set(entry[0])]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"anyOf": parts}),
        inner.map(lambda part: {"items": part, "properties": {"a": part}}),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=200)
@given(schema=RULES, value=VALUES)
def test_validation_agrees_with_a_complete_validator(schema: dict[str, Any], value: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")

    fits = jsonschema.Draft202012Validator(schema).is_valid(value)

    found = True
    try:
        decode_valid(json.dumps(value), schema)
    except ValueError:
        found = False
    assert found == fits
