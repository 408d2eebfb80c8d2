"""The JSON Schema of types."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum

import attrs
import pydantic
import pytest

from ai_lib.schemas.schema import schema_components, strict_schema


@attrs.define
class Country:
    name: str


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Town(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    name: str
    mood: Mood = Mood.GOOD


class Tree(pydantic.BaseModel):
    leaves: int
    branches: "list[Tree]" = []


@dataclass
class Trip:
    towns: list[Town]
    country: Country | None = None


def other_country():
    class Country(pydantic.BaseModel):
        code: str

    return Country


def other_town():
    class Town(pydantic.BaseModel):
        code: str

    return Town


def local_recursion():
    @dataclass
    class Local:
        inner: "Local | None"

    return Local


class Callback(pydantic.BaseModel):
    call: type(print)

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)


def test_pydantic_models_stand_among_the_definitions_of_other_types():
    (schema,), definitions = schema_components([Trip])

    assert schema == {"$ref": "#/$defs/Trip"}
    assert sorted(definitions) == ["Country", "Town", "Town_Mood", "Trip"]
    assert definitions["Trip"]["properties"]["towns"] == {"type": "array", "items": {"$ref": "#/$defs/Town"}}


def test_a_recursive_pydantic_model_refers_to_itself():
    (schema,), definitions = schema_components([Tree])

    assert schema == {"$ref": "#/$defs/Tree"}
    assert definitions["Tree"] == {"$ref": "#/$defs/Tree_Tree"}
    assert definitions["Tree_Tree"]["properties"]["branches"]["items"] == {"$ref": "#/$defs/Tree_Tree"}


def test_times_without_a_zone_have_their_format_too():
    schemas, _ = schema_components([datetime, list[datetime | None], dict[str, time]])

    assert schemas == [
        {"type": "string", "format": "date-time"},
        {"type": "array", "items": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}},
        {"type": "object", "additionalProperties": {"type": "string", "format": "time"}},
    ]


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ([complex], "complex cannot be represented as JSON"),
        ([Town, other_town()], "two different types are called 'Town'; rename one"),
        ([Country, other_country()], "two different types are called 'Country'; rename one"),
        (
            [local_recursion()],
            "name 'Local' is not defined; define the types of annotations at module level",
        ),
        ([Callback], "Callback: Cannot generate a JsonSchema"),
    ],
)
def test_a_type_without_a_schema_is_a_type_error_that_says_why(types, reason):
    with pytest.raises(TypeError, match=reason):
        schema_components(types)


def test_a_strict_schema_keeps_names_and_data_unchanged():
    schema = {
        "type": "object",
        "properties": {"default": {"type": "string", "default": "x"}, "kind": {"enum": [{"default": 1}]}},
        "anyOf": [{"type": "object", "properties": {"a": True}}],
    }

    assert strict_schema(schema) == {
        "type": "object",
        "properties": {"default": {"type": "string"}, "kind": {"enum": [{"default": 1}]}},
        "anyOf": [{"type": "object", "properties": {"a": True}, "required": ["a"], "additionalProperties": False}],
        "required": ["default", "kind"],
        "additionalProperties": False,
    }
