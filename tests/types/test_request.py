"""A request is checked before anything is sent."""

import pytest

from ai_lib import ChatCompletionRequest, InvalidRequestError, Message, ResponseFormat, Tool, ToolCall
from ai_lib.types import NamedTool

ADD = Tool("add", "Add two numbers")


def request(**fields) -> ChatCompletionRequest:
    fields.setdefault("messages", "hi")
    return ChatCompletionRequest(**fields)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "messages is empty"),
        ("", "the prompt is empty"),
        ("  \n", "the prompt is empty"),
        (5, "messages must be a str"),
        ([5], "a message must be a Message or a dict, not int"),
        ([Message(role="tool", content="5")], "is a tool result without tool_call_id"),
        ([Message(role="user", content="hi", tool_call_id="c")], "has a tool_call_id but role 'user'"),
        ([Message(role="user", content="hi", tool_calls=[ToolCall("c", "f")])], "has tool_calls but role 'user'"),
        ([Message.user()], r"messages\[0\] \(user\) has no content"),
    ],
)
def test_invalid_messages_are_refused(messages, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        request(messages=messages)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("temperature", float("nan"), "temperature must be a finite number, got nan"),
        ("temperature", float("inf"), "temperature must be a finite number"),
        ("temperature", -0.1, "temperature must be at least 0"),
        ("temperature", "1", "temperature must be a finite number, got '1'"),
        ("temperature", True, "temperature must be a finite number"),
        ("top_p", 1.1, "top_p must be between 0 and 1"),
        ("max_tokens", -5, "max_tokens must be at least 1"),
        ("max_tokens", 0, "max_tokens must be at least 1"),
        ("max_tokens", 1.5, "max_tokens must be an integer"),
        ("n", 0, "n must be at least 1"),
        ("seed", 1.5, "seed must be an integer"),
        ("stop", [""], "stop must be a string or a list of strings"),
        ("stop", [1], "stop must be a string or a list of strings"),
        ("reasoning", True, "reasoning must be an effort"),
        ("reasoning", -1, "reasoning must be an effort"),
        ("tool_choice", "auto", "tool_choice requires tools"),
        ("tool_choice", 3, "tool_choice must be 'auto'"),
        ("tools", [3], "a tool must be a Tool, a function, or a dict .*, not int"),
    ],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_field(field, value, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        request(**{field: value})


def test_two_tools_of_the_same_name_are_refused():
    with pytest.raises(InvalidRequestError, match="two tools are called 'add'"):
        request(tools=[ADD, ADD])


def test_choosing_a_tool_that_does_not_exist_lists_the_tools():
    with pytest.raises(InvalidRequestError, match="tool_choice 'sub' is not among the tools: add"):
        request(tools=[ADD], tool_choice="sub")


@pytest.mark.parametrize("choice", ["add", ADD, NamedTool("add"), {"type": "function", "function": {"name": "add"}}])
def test_a_tool_is_chosen_by_name_by_itself_or_by_openais_dict(choice):
    assert request(tools=[ADD], tool_choice=choice).tool_choice == NamedTool("add")


def test_one_stop_string_is_the_same_as_a_list_of_it():
    assert request(stop="END").stop == ("END",)


def test_no_tools_are_the_same_as_an_empty_list():
    assert request(tools=[]).tools is None


@pytest.mark.parametrize("name", ["", "a b", "a.b", "x" * 65, "é"])
def test_a_tool_name_that_providers_refuse_is_refused(name):
    with pytest.raises(InvalidRequestError, match="must be 1 to 64 letters"):
        Tool(name)


def test_the_parameters_of_a_tool_are_an_object():
    with pytest.raises(InvalidRequestError, match="must be a JSON Schema of type object"):
        Tool("add", parameters={"type": "string"})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "xml"}, "kind must be json_object or json_schema"),
        ({"kind": "json_schema"}, "requires a schema if and only if its kind is json_schema"),
        ({"kind": "json_object", "schema": {}}, "requires a schema if and only if"),
    ],
)
def test_an_invalid_response_format_is_refused(fields, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        ResponseFormat(**fields)
