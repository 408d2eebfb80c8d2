"""JSON as values of types."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import attrs
import pydantic
import pytest

from ai_lib.schemas.convert import convert, decode


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


@dataclass
class Trip:
    towns: list[Town]
    country: Country | None = None


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
def test_a_lenient_conversion_changes_only_what_would_not_fit(value, kind, expected):
    assert convert(value, kind, lenient=True) == expected


def test_the_error_of_a_lenient_conversion_is_about_what_it_cannot_change():
    with pytest.raises(ValueError, match=r"Expected `int`, got `str` - at `\$\[1\]`"):
        convert(["5", "five"], list[int], lenient=True)


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ("5", int, "Expected `int`, got `str`"),
        ({"name": 5}, Town, "name: Input should be a valid string"),
        ([{"name": 5, "mood": "odd"}], list[Town], r"name: .*; mood: Input should be 'good' or 'bad' - at `\$\[0\]`"),
        (5, Town, "the value: Input should be an object"),
        (5, complex, "complex cannot be represented as JSON"),
        ({"name": "\ud83d"}, Town, "surrogates not allowed"),
    ],
)
def test_a_value_that_does_not_fit_is_a_value_error_with_its_path(value, kind, reason):
    with pytest.raises(ValueError, match=reason):
        convert(value, kind)


def test_a_value_nested_too_deeply_is_a_value_error():
    value = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(ValueError, match="Expected `int`, got `array`"):
        convert({"a": value, "b": 1.0}, dict[str, int], lenient=True)


def test_json_nested_too_deeply_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        decode("[" * 100_000, list)


@pytest.mark.parametrize(("text", "kind", "expected"), [("3.0", int, 3), ("[1.0]", list[int], [1])])
def test_a_number_without_a_fraction_is_an_integer(text, kind, expected):
    assert decode(text, kind) == expected


@pytest.mark.parametrize(("text", "kind"), [("3.5", int), ("[3.5, 1.0]", list[int]), ("{", dict)])
def test_the_error_is_about_the_text_as_it_was_written(text, kind):
    with pytest.raises(ValueError, match=r"got `float`|truncated"):
        decode(text, kind)


def test_pydantic_is_not_imported_for_other_types():
    code = (
        "import sys; from ai_lib.schemas.convert import convert; from ai_lib.schemas.schema import schema_components; "
        "schema_components([list[int]]); convert([1], list[int]); print('pydantic' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"
