"""`response_format`: words, JSON Schemas and types."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, TypedDict

import attrs
import msgspec
import pydantic
import pytest

from ai_lib import InvalidRequestError
from ai_lib.errors import InvalidResponseError
from ai_lib.structured import response_format_from
from tests.support.clients import client_of
from tests.support.server import completion, json_reply, sse_reply, stream_events


@attrs.define
class Country:
    name: str


@attrs.define
class City:
    name: str
    inhabitants: int
    country: Country | None = None


@dataclass
class Point:
    x: float
    y: float


class Pair(TypedDict):
    left: int
    right: str


class Mood(Enum):
    GOOD = "good"


class Town(pydantic.BaseModel):
    name: str
    mood: Mood = Mood.GOOD


class Tree(pydantic.BaseModel):
    leaves: int
    branches: "list[Tree]" = []


@dataclass
class Node:
    value: int
    rest: "Node | None" = None


CITY_SCHEMA = {
    "title": "City",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "inhabitants": {"type": "integer"},
        "country": {"anyOf": [{"$ref": "#/$defs/Country"}, {"type": "null"}]},
    },
    "required": ["name", "inhabitants", "country"],
    "additionalProperties": False,
    "$defs": {
        "Country": {
            "title": "Country",
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}


def test_a_class_becomes_a_strict_schema_and_the_answer_an_instance(server):
    server.script(json_reply(200, completion('{"name": "Oslo", "inhabitants": 700000, "country": {"name": "NO"}}')))

    answer = client_of(server).chat("Which city?", response_format=City)

    assert server.requests[0].json["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "City", "schema": CITY_SCHEMA, "strict": True},
    }
    assert answer.parsed == City("Oslo", 700000, Country("NO"))


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [(Point, '{"x": 1, "y": 2}', Point(1, 2)), (Pair, '{"left": 1, "right": "r"}', {"left": 1, "right": "r"})],
)
def test_dataclasses_and_typed_dicts_work_as_well(server, kind, text, expected):
    server.script(json_reply(200, completion(text)))

    assert client_of(server).chat("?", response_format=kind).parsed == expected


def test_an_answer_that_does_not_fit_raises_when_it_is_read_and_keeps_its_text(server):
    server.script(json_reply(200, completion('{"name": "Oslo", "inhab')))

    answer = client_of(server).chat("?", response_format=City)

    assert answer.text == '{"name": "Oslo", "inhab'
    with pytest.raises(InvalidResponseError, match="the answer does not fit response_format"):
        _ = answer.parsed


def test_a_streamed_answer_is_parsed_as_well(server):
    server.script(sse_reply(stream_events('{"x": 1,', ' "y": 2}')))

    assert client_of(server).stream("?", response_format=Point).final_response().parsed == Point(1, 2)


def test_any_json_object_can_be_requested(server):
    server.script(json_reply(200, completion('{"a": 1}')))

    answer = client_of(server).chat("?", response_format="json_object")

    assert server.requests[0].json["response_format"] == {"type": "json_object"}
    assert answer.parsed == {"a": 1}


@pytest.mark.parametrize(
    "given",
    [
        {"type": "object", "properties": {"a": {"type": "integer"}}, "title": "A"},
        {
            "type": "json_schema",
            "json_schema": {
                "name": "A",
                "schema": {"type": "object", "properties": {"a": {"type": "integer"}}, "title": "A"},
            },
        },
    ],
)
def test_a_schema_and_openais_dict_are_sent_unchanged(given):
    form = response_format_from(given)

    assert form.name == "A"
    assert form.schema == {"type": "object", "properties": {"a": {"type": "integer"}}, "title": "A"}


def test_text_means_no_format():
    assert response_format_from("text") is None
    assert response_format_from({"type": "text"}) is None
    assert response_format_from(None) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("xml", "response_format 'xml' is unknown"),
        (5, "must be a word, a JSON Schema or a class, not int"),
        (int, "int is not an object in JSON"),
        ({"type": "array"}, "must be OpenAI's form or a JSON Schema"),
        ({"type": "json_schema"}, "needs {'json_schema'"),
    ],
)
def test_a_value_that_is_not_a_format_is_refused(given, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        response_format_from(given)


def test_a_description_next_to_the_schema_is_put_into_it() -> None:
    given = {
        "type": "json_schema",
        "json_schema": {"name": "city", "description": "A city.", "schema": {"type": "object"}},
    }

    form = response_format_from(given)

    assert form is not None
    assert form.schema == {"type": "object", "description": "A city."}


def test_an_unknown_key_next_to_the_schema_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="unknown key in response_format's json_schema: shema"):
        response_format_from({"type": "json_schema", "json_schema": {"schema": {}, "shema": {}}})


def test_a_pydantic_model_becomes_a_schema_and_the_answer_an_instance(server):
    server.script(json_reply(200, completion('{"name": "Oslo", "mood": "good"}')))

    answer = client_of(server).chat("Which town?", response_format=Town)

    sent = server.requests[0].json["response_format"]["json_schema"]
    assert sent["name"] == "Town"
    assert sent["schema"]["required"] == ["name", "mood"]
    assert sent["schema"]["additionalProperties"] is False
    assert answer.parsed == Town(name="Oslo", mood=Mood.GOOD)


def test_a_pydantic_model_that_does_not_fit_says_which_field():
    form = response_format_from(Town)

    with pytest.raises(ValueError, match="name: Input should be a valid string"):
        form.parser('{"name": 1}')


@pytest.mark.parametrize(
    ("given", "name", "text", "expected"),
    [
        (list[City], "list_City", '{"items": [{"name": "Oslo", "inhabitants": 1}]}', [City("Oslo", 1)]),
        (list[Town], "list_Town", '{"items": [{"name": "Oslo"}]}', [Town(name="Oslo")]),
        (tuple[int, str], "tuple_int_str", '{"items": [1, "a"]}', (1, "a")),
        (City | None, "City_or_NoneType", '{"value": null}', None),
        (Literal["yes", "no"], "Literal_yes_no", '{"value": "no"}', "no"),
        (dict[str, int], "dict_str_int", '{"items": 1}', {"items": 1}),
        (Annotated[Point, msgspec.Meta(description="A place.")], None, '{"x": 1, "y": 2}', Point(1, 2)),
    ],
)
def test_a_type_made_of_types_is_requested_as_the_property_of_an_object(given, name, text, expected):
    form = response_format_from(given)

    assert form.schema["type"] == "object"
    assert form.name == name or name is None
    assert form.parser(text) == expected


def test_a_list_is_the_only_property_of_a_strict_object():
    assert response_format_from(list[Country]).schema == {
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/Country"}}},
        "required": ["items"],
        "additionalProperties": False,
        "$defs": {"Country": CITY_SCHEMA["$defs"]["Country"]},
    }


def test_a_list_without_the_object_around_it_is_accepted():
    assert response_format_from(list[int]).parser("[1, 2]") == [1, 2]


def test_the_description_in_an_annotation_is_in_the_schema():
    form = response_format_from(Annotated[Country, msgspec.Meta(description="A land.")])

    assert form.schema["description"] == "A land."


@pytest.mark.parametrize("kind", [Node, Tree])
def test_a_recursive_type_keeps_the_definition_it_refers_to(kind):
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")

    schema = response_format_from(kind).schema

    assert schema["type"] == "object"
    good = {"value": 1, "rest": {"value": 2, "rest": None}, "leaves": 1, "branches": [{"leaves": 1, "branches": []}]}
    fitting = {name: good[name] for name in schema["properties"]}
    assert jsonschema.Draft202012Validator(schema).is_valid(fitting)


def test_a_type_whose_fields_have_no_schema_is_refused():
    with pytest.raises(
        InvalidRequestError, match=r"list\[complex\] has no JSON Schema: complex cannot be represented as JSON"
    ):
        response_format_from(list[complex])
