"""Messages: the layout of a conversation, and what goes back unchanged."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import ToolCall
from tests.providers.dialects.anthropic.bodies import (
    OPUS_4_8,
    OPUS_5_5,
    SONNET_4_5,
    SONNET_5_5,
    STREAMS,
    WHOLE,
    body_of,
    refusal_of,
    request_of,
    response_of,
    turns_of,
)
from tests.support.scenarios import PDF, PNG
from tests.support.wire_cases import Case, adapter_for, as_params, fold, replay


def test_system_messages_at_the_front_become_system_blocks() -> None:
    body = body_of(
        messages=[Message.system("Be brief."), Message.system(Text("Be kind.", cache="1h")), Message.user("hi")]
    )

    assert body["system"] == [
        {"type": "text", "text": "Be brief."},
        {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]
    assert [turn["role"] for turn in body["messages"]] == ["user"]


LATER = [
    Message.system("One."),
    Message.user("hi"),
    Message.system("Two."),
    Message.assistant("Hello"),
    Message.user("?"),
]


def test_a_system_message_in_the_middle_stays_there_where_the_model_accepts_it() -> None:
    body = body_of(model=OPUS_4_8, messages=LATER)

    assert [block["text"] for block in body["system"]] == ["One."]
    assert [turn["role"] for turn in body["messages"]] == ["user", "system", "assistant", "user"]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Two."}]


def test_a_system_message_at_the_end_stays_there_where_the_model_accepts_it() -> None:
    assert [turn["role"] for turn in turns_of(Message.user("hi"), Message.system("Now!"), model=OPUS_5_5)] == [
        "user", "system",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "messages", "why"),
    [
        (SONNET_4_5, LATER, "the model accepts instructions only before the conversation"),
        (
            OPUS_4_8,
            [Message.user("hi"), Message.assistant("Hello"), Message.system("Two."), Message.user("?")],
            "it can stand only between a user message and the answer",
        ),
    ],
)
def test_a_system_message_that_cannot_stay_is_refused_or_moved_to_the_front(
    model: str, messages: list[Message], why: str
) -> None:
    assert f"system message in the middle: {why}" in refusal_of(model=model, messages=messages)

    prepared, left_out = request_of(model=model, messages=messages)
    body = json.loads(prepared.body or b"")

    assert left_out == ["system message in the middle"]
    assert body["system"][-1] == {"type": "text", "text": "Two."}
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]


def test_system_messages_alone_are_an_error() -> None:
    with pytest.raises(InvalidRequestError, match=r"messages must not consist of system messages only"):
        body_of(messages=[Message.system("Be brief.")])


def test_neighbours_of_one_role_become_one_turn() -> None:
    turns = turns_of(
        Message.user("a"), Message.user("b"), Message.assistant("c"), Message.assistant("d"), Message.user("e")
    )

    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in turns] == [
        ("user", ["a", "b"]), ("assistant", ["c", "d"]), ("user", ["e"]),
    ]  # fmt: skip


def test_all_results_of_a_turn_are_in_one_message_before_the_users_text() -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("c1", "get_time"), ToolCall("c2", "add")]),
        Message.tool("c1", "12:00"),
        Message.user("And hurry."),
        Message.tool("c2", Json({"sum": 5}), is_error=True),
    )

    assert turns[2] == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "12:00"},
            {"type": "tool_result", "tool_use_id": "c2", "content": '{"sum":5}', "is_error": True},
            {"type": "text", "text": "And hurry."},
        ],
    }


def test_a_tool_result_can_hold_media_or_nothing() -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("c1", "scan"), ToolCall("c2", "wipe")]),
        Message.tool("c1", "Here:", PNG, PDF),
        Message.tool("c2"),
    )

    first, second = turns[2]["content"]
    assert [block["type"] for block in first["content"]] == ["text", "image", "document"]
    assert second == {"type": "tool_result", "tool_use_id": "c2"}


def test_ids_of_other_providers_are_reduced_to_the_characters_that_the_api_accepts() -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("functions.add:0", "add", "{}")]),
        Message.tool("functions.add:0", "5"),
    )

    assert turns[1]["content"][0]["id"] == turns[2]["content"][0]["tool_use_id"] == "functions_add_0"


@pytest.mark.parametrize("arguments", ['{"a": 1', "[1]", "nonsense"])
def test_arguments_that_are_not_an_object_go_back_as_the_vendor_advises(arguments: str) -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("c1", "add", arguments)]),
        Message.tool("c1", "not JSON", is_error=True),
    )

    assert turns[1]["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_an_answer_started_by_the_caller_goes_only_to_models_that_continue_it() -> None:
    messages = [Message.user("hi"), Message.assistant("Hel")]

    assert turns_of(*messages)[-1] == {"role": "assistant", "content": [{"type": "text", "text": "Hel"}]}
    assert "assistant message at the end: the model does not continue" in refusal_of(
        model=SONNET_5_5, messages=messages
    )


def test_empty_strings_which_the_api_rejects_are_left_out() -> None:
    turns = turns_of(Message.user("", "a"), Message.assistant(""), Message.user("b"))

    assert turns == [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]


def test_a_name_is_refused_and_a_refusal_goes_back_as_text() -> None:
    assert "does not support name" in refusal_of(messages=[Message.user("hi", name="Ada")])

    no = attrs.evolve(Message.assistant(), refusal="I cannot.")
    assert turns_of(Message.user("?"), no, Message.user("ok"))[1]["content"] == [{"type": "text", "text": "I cannot."}]


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=50))
def test_text_is_sent_unaltered(text: str) -> None:
    body = body_of(messages=[Message.system(text), Message.user(text), Message.assistant(text), Message.user(text)])

    assert body["system"][0]["text"] == text
    assert [turn["content"][0]["text"] for turn in body["messages"]] == [text, text, text]


def returned_blocks(
    message: Message, owner: str = "anthropic", model: str = "claude-sonnet-4-5"
) -> list[dict[str, Any]]:
    """Return the blocks of a message that goes back between two of the user's."""
    provider, _, api = owner.partition("/")
    request = ChatCompletionRequest(model=model, messages=[Message.user("?"), message, Message.user("Go on.")])
    prepared, _ = adapter_for(provider, api or None).chat_request(request, stream=False, on_unsupported="drop")
    turns = json.loads(prepared.body or b"")["messages"]
    return [block for turn in turns if turn["role"] == "assistant" for block in turn["content"]]


@pytest.mark.parametrize("case", as_params(WHOLE))
def test_an_answer_goes_back_as_it_came_except_for_what_our_fields_hold(case: Case) -> None:
    content = json.loads(case.body)["content"] or []
    opaque = any(block["type"] not in ("text", "tool_use") for block in content)
    message = attrs.evolve(case.adapter.decode(case.http).message, refusal=None)

    back = returned_blocks(message, case.adapter.config.owner)

    if opaque:
        assert back == content
    else:
        assert "".join(block["text"] for block in back if block["type"] == "text") == message.text
        calls = [block for block in content if block["type"] == "tool_use" and block.get("id")]
        assert [block for block in back if block["type"] == "tool_use" and block["id"] in str(calls)] == [
            {key: value for key, value in block.items() if (key, value) != ("caller", {"type": "direct"})}
            for block in calls
        ]


@pytest.mark.parametrize("case", as_params(STREAMS))
def test_a_streamed_answer_goes_back_with_its_text_calls_and_thinking(case: Case) -> None:
    message = attrs.evolve(fold(replay(case.adapter, [case.body])[0]).message, refusal=None)

    back = returned_blocks(message, case.adapter.config.owner)

    signed = "".join(block["thinking"] for block in back if block["type"] == "thinking")
    assert "".join(block["text"] for block in back if block["type"] == "text") == message.text
    assert [block["name"] for block in back if block["type"] == "tool_use"] == [c.name for c in message.tool_calls]
    assert signed == (message.reasoning or "") or case.name == "written-delta-without-start"


def test_thinking_of_a_stream_goes_back_whole_and_signed() -> None:
    assert returned_blocks(response_of("written-interleaved-thinking-stream").message) == returned_blocks(
        response_of("written-interleaved-thinking").message
    )


def test_a_paused_turn_is_continued_with_all_its_blocks() -> None:
    message = response_of("anthropic-web-search-tool-1").message
    request = ChatCompletionRequest(model="claude-sonnet-5-5", messages=[Message.user("?"), message])

    prepared, left_out = adapter_for("anthropic").chat_request(request, stream=False)

    last = json.loads(prepared.body or b"")["messages"][-1]
    assert left_out == ()
    assert last["role"] == "assistant"
    assert {block["type"] for block in last["content"]} == {"server_tool_use", "web_search_tool_result", "text"}


def test_after_an_edit_only_the_thinking_is_still_the_models_own() -> None:
    message = attrs.evolve(response_of("written-interleaved-thinking").message, content=[Text("Finished.")])

    back = returned_blocks(message)

    assert [block["type"] for block in back] == ["thinking", "redacted_thinking", "thinking", "text", "tool_use"]
    assert back[3] == {"type": "text", "text": "Finished."}


def test_removed_calls_do_not_go_back() -> None:
    message = attrs.evolve(response_of("written-interleaved-thinking").message, tool_calls=())

    assert "tool_use" not in {block["type"] for block in returned_blocks(message)}


def test_a_cache_mark_goes_to_the_models_own_text() -> None:
    message = attrs.evolve(response_of("written-interleaved-thinking").message, content=[Text("Done.", cache="5m")])

    back = returned_blocks(message)

    assert [block.get("cache_control") for block in back] == [None, None, None, None, {"type": "ephemeral"}]
    assert "cache_control" not in str(message.provider_data)


def test_thinking_without_a_signature_does_not_go_back() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm", "signature": ""}, {"type": "text", "text": "Hi"}]
    own = {"anthropic": {"content": blocks}, "deepseek/anthropic": {"content": blocks}}
    message = attrs.evolve(Message.assistant("Hi"), reasoning="Hm", provider_data=own)

    assert [block["type"] for block in returned_blocks(message)] == ["text"]
    assert [block["type"] for block in returned_blocks(message, "deepseek/anthropic")] == ["thinking", "text"]


def test_thinking_of_another_provider_does_not_go_back() -> None:
    message = response_of("minimax-inline-thinking").message

    assert [block["type"] for block in returned_blocks(message, "minimax/anthropic")] == ["thinking", "text"]
    assert [block["type"] for block in returned_blocks(message)] == ["text"]


def test_provider_data_set_by_the_user_is_sent() -> None:
    blocks = [{"type": "text", "text": "own"}, {"type": "search_result", "source": "s"}]
    from_user = attrs.evolve(Message.assistant(), provider_data={"*": {"content": blocks, "clear_at": "next"}})
    request = ChatCompletionRequest(model="claude-opus-5", messages=[Message.user("?"), from_user, Message.user("!")])

    prepared, _ = adapter_for("anthropic").chat_request(request, stream=False)

    assert json.loads(prepared.body or b"")["messages"][1] == {
        "role": "assistant", "content": blocks, "clear_at": "next",
    }  # fmt: skip


def test_a_call_made_by_code_says_so_when_it_goes_back() -> None:
    message = response_of("anthropic-programmatic-tool-calling-1-part2").message

    (call,) = returned_blocks(message)

    assert message.provider_data is None
    assert call["caller"]["type"] == "code_execution_20250825"
