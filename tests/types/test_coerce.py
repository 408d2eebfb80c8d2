"""Plain dicts in the OpenAI chat form become our messages and tools, or say why not."""

from functools import partial

import pytest

from ai_lib import Audio, Document, Image, InvalidRequestError, Message, Text, Tool, ToolCall
from ai_lib.types.coerce import message_from, tools_from

PNG = "data:image/png;base64,iVBORw0KGgo="


def test_every_type_of_part_is_read():
    message = message_from(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
                {"type": "image_url", "image_url": "https://example.com/x.png"},
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
                {"type": "file", "file": {"file_id": "f1"}},
            ],
        }
    )

    assert message.content == (
        Text("look"),
        Image(data=b"\x89PNG\r\n\x1a\n", media_type="image/png", detail="low"),
        Image(url="https://example.com/x.png"),
        Audio(data=b"RIFF", media_type="audio/wav"),
        Document(data=b"%PDF", media_type="application/pdf", name="a.pdf"),
        Document(file_id="f1"),
    )


def test_tool_calls_and_their_results_are_read():
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}

    turn = message_from({"role": "assistant", "content": None, "tool_calls": [call]})
    result = message_from({"role": "tool", "tool_call_id": "c1", "content": "2"})

    assert turn == Message.assistant(tool_calls=[ToolCall("c1", "add", '{"a": 1}')])
    assert result == Message.tool("c1", "2")


def test_the_developer_role_is_the_system_role():
    assert message_from({"role": "developer", "content": "x"}) == Message.system("x")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"role": "user", "content": "x", "colour": "red"}, "unknown key in a message: colour"),
        ({"role": "boss", "content": "x"}, "malformed: .*'boss' is not a valid Role"),
        ({"content": "x"}, "malformed"),
        ({"role": "user", "content": [{"type": "smell"}]}, "unknown type of content part: 'smell'; known: text"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "malformed: KeyError"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "/etc/passwd"}}]}, "must start with"),
        ({"role": "assistant", "tool_calls": [{"id": "c"}]}, "malformed"),
    ],
)
def test_an_unknown_key_or_type_is_refused_and_not_dropped(message, reason):
    with pytest.raises(InvalidRequestError, match=reason):
        message_from(message)


def test_a_key_without_a_value_is_ignored():
    assert message_from({"role": "user", "content": "x", "audio": None}) == Message.user("x")


def test_tools_in_openais_form_are_read():
    schema = {"type": "object", "properties": {"a": {"type": "number"}}}
    function = {"name": "add", "description": "Add", "parameters": schema, "strict": True}

    assert tools_from([{"type": "function", "function": function}]) == (Tool("add", "Add", schema, strict=True),)


def add(a: int, b: int = 1) -> int:
    return a + b


def test_functions_and_other_callables_become_tools():
    tools = tools_from([Tool("a"), add, partial(add, b=1)])

    assert [tool.name for tool in tools] == ["a", "add", "add"]
    assert list(tools[2].parameters["properties"]) == ["a"]


def test_without_tools_there_are_none():
    assert (tools_from(None), tools_from([])) == (None, None)


def test_an_unknown_key_of_a_tool_is_refused():
    with pytest.raises(InvalidRequestError, match="unknown key in tool 'add': colour"):
        tools_from([{"type": "function", "function": {"name": "add", "colour": "red"}}])
