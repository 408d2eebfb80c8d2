"""Messages of chat completions: names, refusals, and what goes back to its owner."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.types.message import Citation, Message
from ai_lib.types.tool import ToolCall
from tests.support.scenarios import WAV
from tests.support.wire_cases import adapter_for, adapter_with, body_of


def test_reasoning_goes_back_with_tool_calls_where_the_provider_requires_it() -> None:
    call = ToolCall("c1", "add", provider_data={"wire": {"extra_content": {"google": {"thought_signature": "S"}}}})
    turn = Message(
        role="assistant",
        tool_calls=[call],
        reasoning="hm",
        provider_data={"wire": {"reasoning_details": [{"text": "hm"}]}, "other": {"secret": 1}, "*": {"mine": 2}},
    )
    adapter = adapter_with(echo=["reasoning_content"])

    body = body_of(adapter, messages=[Message.user("hi"), turn, Message.tool("c1", "3")])

    assert body["messages"][1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "add", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "S"}},
            }
        ],
        "mine": 2,
        "reasoning_details": [{"text": "hm"}],
        "reasoning_content": "hm",
    }


def test_names_and_refusals_are_sent_and_citations_are_not() -> None:
    messages = [
        Message.user("hi", name="ada"),
        Message(role="assistant", refusal="no", citations=[Citation("https://a.example")]),
        Message.user("again"),
    ]

    body = body_of(adapter_for("wire"), messages=messages)

    assert body["messages"] == [
        {"role": "user", "content": "hi", "name": "ada"},
        {"role": "assistant", "content": "", "refusal": "no"},
        {"role": "user", "content": "again"},
    ]


@pytest.mark.parametrize(
    ("quirks", "fields", "expected"),
    [
        ({"text_only_as_string": True}, {"messages": Message.user("a", "b")}, [{"role": "user", "content": "ab"}]),
        ({"audio_data_url": True}, {"messages": Message.user(WAV)},
         [{"role": "user", "content": [
             {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,UklGRg==", "format": "wav"}}]}]),
        ({"empty_content": ""}, {"messages": [Message.assistant(tool_calls=[ToolCall("c", "add")]), Message.tool("c", "1")]},
         [{"role": "assistant", "content": "", "tool_calls": [
             {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}]},
          {"role": "tool", "content": "1", "tool_call_id": "c"}]),
    ],
)  # fmt: skip
def test_a_quirk_changes_the_form_of_messages(quirks: dict[str, Any], fields: dict[str, Any], expected: Any) -> None:
    assert body_of(adapter_with(**quirks), **fields)["messages"] == expected
