"""`response_format`: words, schemas and types."""

from dataclasses import dataclass
from typing import TypedDict

import attrs
import pytest

from ai_lib import AiClient, InvalidRequestError, InvalidResponseError, ProviderConfig
from ai_lib.structured import response_format_from
from tests.server import completion, json_reply, sse_reply, stream_events


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


def client_of(server) -> AiClient:
    return AiClient(ProviderConfig("gateway", base_url=server.url, default_model="m"))


def test_a_class_becomes_a_closed_schema_and_the_answer_an_instance(server):
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


def test_any_json_object_can_be_asked_for(server):
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
def test_a_schema_and_openais_form_are_sent_unchanged(given):
    form = response_format_from(given)

    assert form.name == "A"
    assert form.schema == {"type": "object", "properties": {"a": {"type": "integer"}}, "title": "A"}


def test_text_is_no_format_at_all():
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
def test_what_is_no_format_is_refused(given, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        response_format_from(given)


def test_a_description_beside_the_schema_goes_along_with_it() -> None:
    given = {
        "type": "json_schema",
        "json_schema": {"name": "city", "description": "A city.", "schema": {"type": "object"}},
    }

    form = response_format_from(given)

    assert form is not None
    assert form.schema == {"type": "object", "description": "A city."}


def test_an_unknown_key_beside_the_schema_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="unknown key in response_format's json_schema: shema"):
        response_format_from({"type": "json_schema", "json_schema": {"schema": {}, "shema": {}}})
