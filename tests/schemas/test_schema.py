"""Types as JSON Schema, and JSON as values of types."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import Enum

import attrs
import pydantic
import pytest

from ai_lib.schemas.schema import convert, decode, schema_components, strict_schema, validation_errors


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
        ([complex], "complex has no form in JSON"),
        ([Town, other_town()], "two different types are called 'Town'; rename one"),
        ([Country, other_country()], "two different types are called 'Country'; rename one"),
        (
            [local_recursion()],
            "name 'Local' is not defined; define what an annotation names at the level of the module",
        ),
        ([Callback], "Callback: Cannot generate a JsonSchema"),
    ],
)
def test_a_type_without_a_schema_is_a_type_error_that_says_why(types, reason):
    with pytest.raises(TypeError, match=reason):
        schema_components(types)


def test_json_becomes_instances_all_the_way_down():
    text = '{"towns": [{"name": "Oslo", "mood": "bad"}], "country": {"name": "NO"}}'
    expected = Trip([Town(name="Oslo", mood=Mood.BAD)], Country("NO"))

    assert decode(text, Trip) == expected
    assert convert({"towns": [{"name": "Oslo", "mood": "bad"}], "country": {"name": "NO"}}, Trip) == expected


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("5", int, 5),
        (5.0, int, 5),
        ("null", str | None, "null"),
        ("1", int | str, "1"),
        ("2026-01-02T03:04:05Z", datetime, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_a_lenient_conversion_bends_only_what_would_not_fit(value, kind, expected):
    assert convert(value, kind, lenient=True) == expected


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ("5", int, "Expected `int`, got `str`"),
        ({"name": 5}, Town, "name: Input should be a valid string"),
        ([{"name": 5, "mood": "odd"}], list[Town], r"name: .*; mood: Input should be 'good' or 'bad' - at `\$\[0\]`"),
        (5, Town, "the whole: Input should be an object"),
        (5, complex, "complex has no form in JSON"),
        ({"name": "\ud83d"}, Town, "surrogates not allowed"),
    ],
)
def test_what_does_not_fit_is_a_value_error_with_its_place(value, kind, reason):
    with pytest.raises(ValueError, match=reason):
        convert(value, kind)


def test_json_without_end_in_depth_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        decode("[" * 100_000, list)


def test_closing_a_schema_leaves_names_and_data_alone():
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


def test_all_complaints_are_told():
    schema = {"properties": {"a": {"type": "string"}}, "required": ["b"]}

    assert list(validation_errors({"a": 1}, schema)) == ["$ lacks 'b'", "$.a must be of type string"]


def test_a_schema_that_goes_in_a_circle_ends_in_a_complaint():
    assert list(validation_errors(1, {"$ref": "#"})) == ["$ is nested too deeply"]


def test_pydantic_is_not_imported_for_other_types():
    code = (
        "import sys; from ai_lib.schemas.schema import schema_components, convert; "
        "schema_components([list[int]]); convert([1], list[int]); print('pydantic' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"
