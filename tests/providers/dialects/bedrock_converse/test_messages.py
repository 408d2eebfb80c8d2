"""Messages: turns, tool results, and what goes back unchanged."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message
from ai_lib.types.tool import Tool, ToolCall
from tests.providers.dialects.bedrock_converse.bodies import (
    CLAUDE,
    LLAMA,
    MISTRAL,
    NOVA,
    blocks_of,
    body_of,
    case_of,
    message_of,
    turns_of,
)
from tests.support.scenarios import ADD, PDF, PNG, TOOLS, WAV


def test_the_status_of_a_tool_result_goes_only_to_models_that_accept_it() -> None:
    failed = Message.tool("c1", "boom", is_error=True)

    def result(model: str) -> Any:
        return turns_of(Message.user("hi"), failed, model=model)[0]["content"][1]["toolResult"]

    assert result(CLAUDE)["status"] == result(NOVA)["status"] == "error"
    assert "status" not in result(LLAMA)


def test_system_messages_become_system_blocks_wherever_they_were() -> None:
    body = body_of(messages=[Message.system("A"), Message.user("hi"), Message.system("B", Json({"c": 1}))])

    assert body["system"] == [{"text": "A"}, {"text": "B"}, {"text": '{"c":1}'}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "hi"}]}]


def test_neighbours_of_one_role_become_one_turn_with_the_results_of_all_calls() -> None:
    call = ToolCall("c1", "add", '{"a":1}')
    found = turns_of(
        Message.user("a"), Message.user("b"), Message.assistant("x", tool_calls=[call, attrs.evolve(call, id="c2")]),
        Message.tool("c1", "1"), Message.tool("c2", Json([2])), Message.user("and?"), tools=TOOLS,
    )  # fmt: skip

    assert [turn["role"] for turn in found] == ["user", "assistant", "user"]
    assert found[0]["content"] == [{"text": "a"}, {"text": "b"}]
    assert [next(iter(block)) for block in found[2]["content"]] == ["toolResult", "toolResult", "text"]
    assert found[2]["content"][1] == {"toolResult": {"toolUseId": "c2", "content": [{"text": "[2]"}]}}


def test_system_messages_alone_are_an_error() -> None:
    with pytest.raises(InvalidRequestError, match="messages must not consist of system messages only"):
        turns_of(Message.system("A"), Message.assistant(""))


def test_blocks_and_turns_without_content_are_left_out() -> None:
    found = turns_of(Message.user("", "a"), Message.assistant(""), Message.user("b"))

    assert found == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_text_is_sent_unaltered(text: str) -> None:
    assert blocks_of(text) == [{"text": text}]


@pytest.mark.parametrize("arguments", ["[1]", '{"a":', "null", '"x"'])
def test_arguments_that_are_not_an_object_go_back_as_the_string_they_are(arguments: str) -> None:
    found = turns_of(Message.user("a"), Message.assistant(tool_calls=[ToolCall("c1", "add", arguments)]), tools=TOOLS)

    assert found[1]["content"][0]["toolUse"]["input"] == {"INVALID_JSON": arguments}


@pytest.mark.parametrize(
    ("model", "call_id", "sent"),
    [
        (CLAUDE, "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"),
        (CLAUDE, "call:1.a-b_c", "call:1.a-b_c"),
        (MISTRAL, "abcDEF123", "abcDEF123"),
    ],
)
def test_a_call_id_that_the_model_accepts_stays(model: str, call_id: str, sent: str) -> None:
    found = turns_of(
        Message.user("a"), Message.assistant(tool_calls=[ToolCall(call_id, "add")]), model=model, tools=TOOLS
    )

    assert found[1]["content"][0]["toolUse"]["toolUseId"] == sent


@pytest.mark.parametrize(
    ("model", "call_id"),
    [(MISTRAL, "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"), (CLAUDE, "a" * 65), (CLAUDE, "ö b"), (CLAUDE, "")],
)
def test_a_call_id_that_the_model_does_not_accept_becomes_a_short_one_in_call_and_result(
    model: str, call_id: str
) -> None:
    found = turns_of(
        Message.user("a"), Message.assistant(tool_calls=[ToolCall(call_id, "add")]), Message.tool(call_id or "x", "1"),
        model=model, tools=TOOLS,
    )  # fmt: skip

    sent = found[1]["content"][0]["toolUse"]["toolUseId"]
    assert len(sent) == 9
    assert sent.isalnum()
    assert not call_id or found[2]["content"][0]["toolResult"]["toolUseId"] == sent


def test_a_name_is_refused_but_not_that_of_a_tool() -> None:
    with pytest.raises(UnsupportedFeatureError, match="name: messages have no names"):
        turns_of(Message.user("hi", name="Ada"))
    assert turns_of(Message.tool("c1", "1", name="add"))


def test_a_refusal_goes_back_as_text() -> None:
    message = attrs.evolve(Message.assistant(), refusal="I would rather not.")

    assert turns_of(Message.user("a"), message)[1]["content"] == [{"text": "I would rather not."}]


def test_a_tool_result_can_hold_images_and_documents_but_no_audio() -> None:
    found = turns_of(Message.user("a"), Message.tool("c1", PNG, PDF, Json({"a": 1}), "x"))[0]["content"][1][
        "toolResult"
    ]

    assert [next(iter(block)) for block in found["content"]] == ["image", "document", "json", "text"]
    with pytest.raises(UnsupportedFeatureError, match="media in a tool's result"):
        turns_of(Message.user("a"), Message.tool("c1", WAV))


POINT = {"cachePoint": {"type": "default"}}
LONG = {"cachePoint": {"type": "default", "ttl": "1h"}}


def test_cache_marks_become_cache_points_after_what_is_marked() -> None:
    body = body_of(
        messages=[
            Message.system(Text("A", cache="1h"), "B"), Message.user(Text("a", cache="5m"), attrs.evolve(PNG, cache="1h")),
            Message.assistant(Text("b", cache="5m"), tool_calls=[ToolCall("c1", "add")]),
            Message.tool("c1", Text("1", cache="5m"), "2"),
        ],
        tools=[attrs.evolve(ADD, cache="5m"), Tool("now")],
    )  # fmt: skip

    assert body["system"] == [{"text": "A"}, LONG, {"text": "B"}]
    user, assistant, results = (turn["content"] for turn in body["messages"])
    assert user[1] == POINT
    assert user[3] == LONG
    assert assistant[:2] == [{"text": "b"}, POINT]
    assert [next(iter(block)) for block in results] == ["toolResult", "cachePoint"]
    assert [next(iter(tool)) for tool in body["toolConfig"]["tools"]] == ["toolSpec", "cachePoint", "toolSpec"]


SIGNED = "written-signed-reasoning-and-calls"
RESULTS = [Message.tool("tooluse_1", "1"), Message.tool("tooluse_2", "2")]
KEPT = case_of(SIGNED).expected["provider_data"]["bedrock"]["content"]


def returned_blocks(message: Message, model: str = CLAUDE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = turns_of(Message.user("a"), message, *RESULTS, model=model, tools=TOOLS)[1]["content"]
    return found


@pytest.mark.parametrize("name", [SIGNED, f"{SIGNED}-stream"])
def test_signed_reasoning_goes_back_unchanged_and_in_its_place(name: str) -> None:
    assert returned_blocks(message_of(name)) == KEPT


@pytest.mark.parametrize("name", ["written-server-tool", "written-server-tool-stream"])
def test_calls_and_results_of_a_server_tool_go_back(name: str) -> None:
    assert returned_blocks(message_of(name)) == case_of(name).expected["provider_data"]["bedrock"]["content"]


@pytest.mark.parametrize(
    "name",
    ["amazon-bedrock-reasoning", "amazon-bedrock-reasoning-stream", "amazon-bedrock-inline-reasoning-signature",
     "amazon-bedrock-inline-reasoning-redacted", "amazon-bedrock-inline-reasoning-multiple"],
)  # fmt: skip
def test_recorded_reasoning_goes_back_in_front_of_its_text(name: str) -> None:
    message = message_of(name)

    sent = returned_blocks(message)

    assert "reasoningContent" in sent[0]
    assert sent[-1]["text"] == message.text


def test_a_recorded_thought_in_a_stream_goes_back_like_that_of_a_whole_answer() -> None:
    whole, stream = (returned_blocks(message_of(f"amazon-bedrock-reasoning{kind}")) for kind in ("", "-stream"))

    assert [sorted(block) for block in whole] == [sorted(block) for block in stream]
    assert all(sent[0]["reasoningContent"]["reasoningText"]["signature"] for sent in (whole, stream))


@pytest.mark.parametrize("name", ["written-unsigned-reasoning", "written-unsigned-reasoning-stream"])
def test_reasoning_without_a_signature_does_not_go_back(name: str) -> None:
    assert returned_blocks(message_of(name)) == [{"text": "Yes."}]


def test_of_a_message_with_changed_text_only_the_reasoning_goes_back() -> None:
    message = attrs.evolve(message_of(SIGNED), content="Other words.")

    assert returned_blocks(message) == [KEPT[0], KEPT[1], KEPT[4], {"text": "Other words."}, KEPT[3], KEPT[5]]


def test_of_a_message_with_changed_calls_only_the_reasoning_goes_back() -> None:
    message = message_of(SIGNED)
    message = attrs.evolve(message, tool_calls=[attrs.evolve(message.tool_calls[0], arguments_json='{"a":2}')])

    sent = returned_blocks(message)

    assert [block for block in sent if "reasoningContent" in block] == [KEPT[0], KEPT[1], KEPT[4]]
    assert [block["toolUse"]["input"] for block in sent if "toolUse" in block] == [{"a": 2}]


def test_a_cache_mark_does_not_change_what_goes_back() -> None:
    message = message_of(SIGNED)

    assert returned_blocks(attrs.evolve(message, content=[Text(message.text, cache="5m")])) == [*KEPT, POINT]


def test_provider_data_of_another_provider_does_not_go_back() -> None:
    message = attrs.evolve(message_of(SIGNED), provider_data={"anthropic": {"content": KEPT}})

    assert [next(iter(block)) for block in returned_blocks(message)] == ["text", "toolUse", "toolUse"]
