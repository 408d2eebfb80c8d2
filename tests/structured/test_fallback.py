"""Response formats for providers without JSON Schema."""

import json

import attrs
import pytest

from ai_lib import (
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    InvalidRequestError,
    Message,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
)
from ai_lib.structured import answer_from_tool, format_as_prompt, format_as_tool, lenient_parser, response_format_from
from ai_lib.types import NamedTool


@attrs.define
class City:
    name: str


def request(form, *messages, **fields):
    return ChatCompletionRequest(
        messages=messages or [Message.user("Which city?")], response_format=response_format_from(form), **fields
    )


def answer(*choices):
    return ChatCompletionResponse(choices=choices)


def test_a_schema_becomes_a_tool_that_must_be_called():
    given = request(City)

    made = format_as_tool(given)

    assert made.response_format is None
    assert made.tool_choice == NamedTool("City")
    assert [tool.name for tool in made.tools] == ["City"]
    assert made.tools[0].parameters == given.response_format.schema
    assert made.tools[0].strict is True


def test_the_schemas_description_and_valid_name_become_the_tools():
    schema = {"type": "object", "description": "A city.", "title": "My city"}

    made = format_as_tool(request(schema)).tools[0]

    assert (made.name, made.description) == ("My_city", "A city.")


@pytest.mark.parametrize(
    "given",
    [request(None), request("json_object"), request(City, tools=[Tool("search")])],
    ids=["no format", "no schema", "with tools"],
)
def test_a_request_that_a_tool_cannot_express_is_returned_unchanged(given):
    assert format_as_tool(given) is given


def test_a_schema_that_is_not_an_objects_cannot_be_a_tool():
    form = ResponseFormat(kind="json_schema", schema={"type": "array"})

    with pytest.raises(InvalidRequestError, match="must be a JSON Schema of type object"):
        format_as_tool(request(form))


def test_the_arguments_of_the_call_become_the_answer():
    call = ToolCall("1", "City", '{"name": "Oslo"}')
    message = Message(
        role="assistant", content="Well.", tool_calls=[call], reasoning="Hm.", provider_data={"blocks": [1]}
    )

    read = answer_from_tool(answer(Choice(message=message, finish_reason="tool_calls", raw_finish_reason="tool_use")))

    assert read.text == '{"name": "Oslo"}'
    assert read.message == Message(role="assistant", content='{"name": "Oslo"}', reasoning="Hm.")
    assert (read.finish_reason, read.raw_finish_reason) == ("stop", "tool_use")


def test_a_call_that_was_cut_off_keeps_its_finish_reason():
    message = Message.assistant(tool_calls=[ToolCall("1", "City", '{"na')])

    read = answer_from_tool(answer(Choice(message=message, finish_reason="length")))

    assert (read.text, read.finish_reason) == ('{"na', "length")


def test_a_choice_without_a_call_stays_unchanged():
    refused = Choice(message=Message.assistant("I would rather not."), finish_reason="stop")
    called = Choice(index=1, message=Message.assistant(tool_calls=[ToolCall("1", "City", "{}")]))

    read = answer_from_tool(answer(refused, called))

    assert read.choices[0] is refused
    assert read.choices[1].message.text == "{}"


def test_the_schema_is_at_the_end_of_the_system_message():
    given = request(City, Message.system("Be brief."), Message.user("Which city?"))

    made = format_as_prompt(given)

    assert made.response_format is None
    assert made.messages[0].content[0] == Text("Be brief.")
    assert made.messages[0].text.startswith("Be brief.\n\nAnswer with one JSON value that fits this JSON Schema")
    assert json.loads(made.messages[0].text.split("\n")[-1]) == given.response_format.schema
    assert made.messages[1:] == given.messages[1:]


def test_without_a_system_message_one_is_inserted_first():
    made = format_as_prompt(request("json_object"))

    assert made.messages == (
        Message.system("Answer with one JSON object and with nothing else: no prose, no code fence."),
        Message.user("Which city?"),
    )


def test_a_provider_that_supports_json_objects_is_sent_that_format():
    form = format_as_prompt(request(City), json_object=True).response_format

    assert (form.kind, form.schema) == ("json_object", None)
    assert form.parser('```json\n{"name": "Oslo"}\n```') == City("Oslo")


def test_a_request_without_a_format_is_returned_unchanged():
    given = request(None)

    assert format_as_prompt(given) is given


@pytest.mark.parametrize(
    "text",
    ['{"name": "Oslo"}', '```json\n{"name": "Oslo"}\n```', 'Sure [1]: {"name": "Oslo",} Bye.'],
    ids=["bare", "fenced", "amid prose"],
)
def test_prose_and_fences_around_the_json_are_skipped(text):
    assert lenient_parser(response_format_from(City))(text) == City("Oslo")


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        (City, 'So: {"name": 1}', "Expected `str`, got `int`"),
        (City, "I do not know.", "no JSON in the text"),
        (ResponseFormat(kind="json_schema", schema={"required": ["a"]}), "So: {}", r"\$ lacks 'a'"),
        (ResponseFormat(kind="json_object"), "So: [1]", r"\$ must be of type object"),
    ],
)
def test_a_lenient_parser_still_validates_the_answer(form, text, reason):
    with pytest.raises(ValueError, match=reason):
        lenient_parser(response_format_from(form))(text)
