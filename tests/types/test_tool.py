"""A tool call's arguments."""

import pytest

from ai_lib import Tool, ToolCall
from ai_lib.errors import ToolArgumentsError


def test_the_arguments_are_parsed_when_they_are_read():
    assert ToolCall("c", "add", '{"a": 1}').arguments == {"a": 1}


@pytest.mark.parametrize(
    ("text", "reason"), [('{"a": ', "not valid JSON"), ("[1]", "a JSON list, not an object"), ("5", "a JSON int")]
)
def test_arguments_that_are_not_an_object_raise_with_the_models_text(text, reason):
    call = ToolCall("c", "add", text)

    with pytest.raises(ToolArgumentsError, match=reason) as caught:
        _ = call.arguments
    assert caught.value.arguments_json == text


def test_a_tool_can_be_called_when_it_has_a_function():
    assert Tool("add", function=lambda a, b: a + b)(1, b=2) == 3


def test_calling_a_tool_without_a_function_is_a_type_error():
    with pytest.raises(TypeError, match="tool 'add' has no function to call"):
        Tool("add")()


@pytest.mark.parametrize("text", ["", " \n", "{}"])
def test_missing_arguments_are_an_empty_object(text):
    assert ToolCall("1", "now", text).arguments == {}
