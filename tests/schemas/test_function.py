"""The JSON Schema of functions, and their arguments from JSON."""

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Optional, TypedDict, Union
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.schemas.function import convert_arguments, function_name, schema_of_function

if TYPE_CHECKING:
    from somewhere import Unknown


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Level(IntEnum):
    LOW = 1


@attrs.define
class City:
    name: str
    founded: date | None = None


@dataclass
class Point:
    x: float
    y: float = 0.0


class Pair(TypedDict, total=False):
    left: int


class Item(msgspec.Struct):
    tags: set[str]
    city: City | None = None


class Model(pydantic.BaseModel):
    n: int = pydantic.Field(ge=0)
    mood: Mood = Mood.GOOD


class Spot(NamedTuple):
    row: int
    column: int


def plan(
    city: City,
    start: datetime,
    mood: Mood = Mood.GOOD,
    days: Annotated[int, "How many days", msgspec.Meta(ge=1)] = 1,
    model: Model = Model(n=1),  # noqa: B008
    note: str = None,  # noqa: RUF013
    *,
    marker: int = object(),
) -> "Unknown":
    """Plan a trip.

    With care.

    Args:
        city: Where to.
        days: Not this, for the annotation says it better.
        note: What else.
    """
    return city, start, mood, days, model, note, marker


class Planner:
    """Plans."""

    def go(self, city: str) -> str:
        """Go there."""
        return city

    @classmethod
    def of(cls, city: str) -> str:
        return city

    @staticmethod
    def to(city: str) -> str:
        return city

    def __call__(self, city: str) -> str:
        return city


class Silent:
    def __call__(self, city: str) -> str:
        return city


class Undocumented:
    def __call__(self, city: str) -> str:
        """Call for a city."""
        return city


def decorated(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@decorated
def wrapped(city: City) -> None:
    """Do it."""


def test_the_schema_has_annotations_defaults_and_the_docstring():
    description, schema = schema_of_function(plan)

    assert description == "Plan a trip.\n\nWith care."
    assert schema["required"] == ["city", "start"]
    assert schema["additionalProperties"] is False
    assert schema["properties"] == {
        "city": {"$ref": "#/$defs/City", "description": "Where to."},
        "start": {"type": "string", "format": "date-time"},
        "mood": {"$ref": "#/$defs/Mood", "default": "good"},
        "days": {"type": "integer", "minimum": 1, "description": "How many days", "default": 1},
        "model": {"$ref": "#/$defs/Model", "default": {"n": 1, "mood": "good"}},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "What else.", "default": None},
        "marker": {"type": "integer"},
    }
    assert sorted(schema["$defs"]) == ["City", "Model", "Model_Mood", "Mood"]


def test_json_arguments_become_values_of_the_annotations():
    given = {
        "city": {"name": "Oslo", "founded": "1048-01-01"},
        "start": "2026-05-01T08:00:00Z",
        "mood": "bad",
        "days": "3",
    }

    ready = convert_arguments(plan, given | {"model": {"n": 2}, "note": None})

    assert ready == {
        "city": City("Oslo", date(1048, 1, 1)),
        "start": datetime(2026, 5, 1, 8, tzinfo=UTC),
        "mood": Mood.BAD,
        "days": 3,
        "model": Model(n=2),
        "note": None,
    }


def test_all_errors_in_the_arguments_are_listed_at_once():
    with pytest.raises(ValueError) as caught:
        convert_arguments(plan, {"city": {"nam": "Oslo"}, "when": 1, "days": 0})

    assert str(caught.value) == (
        "city: Object missing required field `name`; days: Expected `int` >= 1; start: missing; "
        "when: unknown; known: city, start, mood, days, model, note, marker"
    )


def test_a_function_without_parameters_accepts_none():
    def ping():
        pass

    assert schema_of_function(ping) == (
        None,
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    )
    with pytest.raises(ValueError, match="a: unknown; known: none"):
        convert_arguments(ping, {"a": 1})


@pytest.mark.parametrize(
    ("function", "name", "description"),
    [
        (Planner().go, "go", "Go there."),
        (Planner.of, "of", None),
        (Planner.to, "to", None),
        (Planner(), "Planner", "Plans."),
        (Undocumented(), "Undocumented", "Call for a city."),
        (functools.partial(Planner().go), "go", "Go there."),
        (functools.partial(Planner.go, Planner()), "go", "Go there."),
        (functools.partial(functools.partial(plan, start=1), **dict.fromkeys(["mood", "days", "model", "note", "marker"])),
         "plan", "Plan a trip.\n\nWith care."),
        (wrapped, "wrapped", "Do it."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_every_kind_of_callable_has_a_schema(function, name, description):
    found, schema = schema_of_function(function)

    assert (function_name(function), found) == (name, description)
    assert list(schema["properties"]) == ["city"]
    assert schema["required"] == ["city"]


def bare(a):
    """Do nothing."""


def anything(*values: int):
    """Do nothing."""


def several(fine: int, wrong: complex):
    """Do nothing."""


async def stream(a: int):
    """Yield nothing."""
    yield a


def local():
    class Local:
        pass

    def use(a: "Local"):
        pass

    return use


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (bare, "parameter 'a' needs a type annotation"),
        (Planner.go, "parameter 'self' needs a type annotation"),
        (anything, r"parameter \*values: int cannot be passed by name"),
        (several, "parameter 'wrong': complex cannot be represented as JSON"),
        (stream, "the function is an asynchronous generator"),
        (City, "a class is not supported"),
        (local(), "name 'Local' is not defined; define the types of annotations at module level"),
        (dict().get, "parameter"),
        (min, "its parameters are not known"),
    ],
)
def test_a_function_without_a_schema_is_a_type_error_that_says_why(function, reason):
    with pytest.raises(TypeError, match=reason):
        schema_of_function(function)


def test_types_of_the_same_name_are_refused():
    class Model(pydantic.BaseModel):
        other: str

    def clash(a, b):
        pass

    clash.__annotations__ = {"a": Model, "b": globals()["Model"]}

    with pytest.raises(TypeError, match="two different types are called 'Model'"):
        schema_of_function(clash)


LEAVES = st.sampled_from(
    [
        *(int, str, float, bool, None, Any, bytes, datetime, date, Decimal, UUID),
        *(Mood, Level, City, Point, Pair, Item, Model, Spot),
        *(Literal["a", "b"], Literal[1, "x"], Annotated[str, "a word"], Annotated[int, msgspec.Meta(ge=0, lt=9)]),
    ]
)
HINTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda hint: list[hint]),
        inner.map(lambda hint: dict[str, hint]),
        inner.map(lambda hint: Optional[hint]),  # noqa: UP045
        inner.map(lambda hint: tuple[hint, ...]),
        inner.map(lambda hint: Annotated[hint, "said"]),
        inner.map(lambda hint: Union[hint, list[str]] if hint in (int, str, City, Mood) else hint),  # noqa: UP007
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=100)
@given(hints=st.lists(HINTS, max_size=4), default=st.none() | st.integers() | st.text() | st.builds(City, st.text()))
def test_every_schema_is_valid_in_draft_2020_12(hints, default):
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")

    def function(a=default, b=default, c=default, d=default):
        pass

    hints += [int] * (4 - len(hints))
    function.__annotations__ = dict(zip("abcd", hints, strict=True))

    _, schema = schema_of_function(function)

    jsonschema.Draft202012Validator.check_schema(schema)
    msgspec.json.encode(schema)


@settings(deadline=None)
@given(
    values=st.fixed_dictionaries(
        {"city": st.builds(City, st.text(), st.none() | st.dates()), "start": st.datetimes(timezones=st.just(UTC))},
        optional={"mood": st.sampled_from(Mood), "days": st.integers(1, 2**40), "note": st.text()},
    )
)
def test_values_written_as_json_are_read_back_equal(values):
    written = msgspec.to_builtins(values)

    assert convert_arguments(plan, written) == values


def test_an_object_without_a_docstring_has_no_description():
    assert schema_of_function(Silent())[0] is None
