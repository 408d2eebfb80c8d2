"""Messages of Ollama's own API: images as base64, arguments as objects, results with the tool's name."""

from __future__ import annotations

import attrs

from ai_lib.types.message import Message
from ai_lib.types.tool import ToolCall
from tests.support.scenarios import TOOLS
from tests.support.wire_cases import adapter_for, body_of

ADAPTER = adapter_for("ollama")


def test_calls_go_back_with_their_reasoning_and_with_arguments_as_objects() -> None:
    calls = [ToolCall("call_0", "add", '{"a":1}'), ToolCall("call_1", "now", "not json")]
    turn = attrs.evolve(Message.assistant(tool_calls=calls), reasoning="hm")

    messages = body_of(ADAPTER, messages=[Message.user("hi"), turn, Message.tool("call_0", "3")], tools=TOOLS)[
        "messages"
    ]

    assert messages[1:] == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"name": "add", "arguments": {"a": 1}}},
                {"function": {"name": "now", "arguments": {"INVALID_JSON": "not json"}}},
            ],
        },
        {"role": "tool", "content": "3", "tool_name": "add"},
    ]


def test_a_result_belongs_to_the_last_call_before_it_where_ids_repeat() -> None:
    messages = [
        Message.user("hi"),
        Message.assistant(tool_calls=[ToolCall("call_0", "add")]),
        Message.tool("call_0", "3"),
        Message.assistant(tool_calls=[ToolCall("call_0", "now")]),
        Message.tool("call_0", "12:00"),
        Message.tool("call_7", "?"),
    ]

    _, _, first, _, second, unknown = body_of(ADAPTER, messages=messages)["messages"]

    assert (first["tool_name"], second["tool_name"]) == ("add", "now")
    assert "tool_name" not in unknown
