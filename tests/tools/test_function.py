"""Functions as tools: the decorator."""

from typing import Annotated, Literal

import attrs
import msgspec
import pytest

from ai_lib import AiClient, InvalidRequestError, ProviderConfig, Tool, tool


@attrs.define
class Place:
    city: str


def weather(place: Place, unit: Literal["C", "F"] = "C", days: Annotated[int, msgspec.Meta(ge=1)] = 1) -> str:
    """Tell the weather.

    For some days.
    """
    return f"{place.city} {unit} {days}"


def test_a_function_becomes_a_tool_with_its_name_docstring_and_schema():
    made = tool(weather)

    assert made.name == "weather"
    assert made.description == "Tell the weather.\n\nFor some days."
    assert made.parameters == {
        "type": "object",
        "properties": {
            "place": {"$ref": "#/$defs/Place"},
            "unit": {"enum": ["C", "F"], "default": "C"},
            "days": {"type": "integer", "minimum": 1, "default": 1},
        },
        "required": ["place"],
        "additionalProperties": False,
        "$defs": {
            "Place": {
                "title": "Place",
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            }
        },
    }


def test_a_decorated_function_can_still_be_called():
    @tool
    def add(a: int, b: int) -> int:
        return a + b

    assert isinstance(add, Tool)
    assert add(1, b=2) == 3


def test_name_and_description_can_be_set():
    @tool(name="plus", description="Add.")
    def add(a: int) -> int:
        return a

    assert (add.name, add.description) == ("plus", "Add.")


def test_a_plain_function_in_tools_is_sent_as_a_tool(server):
    client = AiClient(ProviderConfig("gateway", base_url=server.url, default_model="m"))

    client.chat("hi", tools=[weather], tool_choice="weather")

    assert server.requests[0].json["tools"][0]["function"]["name"] == "weather"


def test_a_strict_tool_requires_all_parameters_and_has_no_defaults():
    made = tool(strict=True)(weather)

    assert made.strict is True
    assert made.parameters["required"] == ["place", "unit", "days"]
    assert made.parameters["properties"]["unit"] == {"enum": ["C", "F"]}
    assert made.parameters["$defs"]["Place"]["additionalProperties"] is False


def test_the_docstring_of_a_parameter_becomes_its_description():
    def add(a: int):
        """Add.

        Args:
            a: The number.
        """

    made = Tool.from_function(add)

    assert made.description == "Add."
    assert made.parameters["properties"] == {"a": {"type": "integer", "description": "The number."}}


def no_annotation(a):
    """Do nothing."""


def anything(*values: int):
    """Do nothing."""


def unsupported(a: object.__class__):
    """Do nothing."""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (no_annotation, "tool 'no_annotation': parameter 'a' needs a type annotation"),
        (anything, r"tool 'anything': parameter \*values: int cannot be passed by name"),
        (unsupported, "tool 'unsupported': parameter 'a'"),
    ],
)
def test_a_function_without_a_schema_is_refused_with_the_parameters_name(function, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        tool(function)
