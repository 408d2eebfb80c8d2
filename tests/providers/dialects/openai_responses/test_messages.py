"""Messages as items of the input: which items of an answer go back, and when."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import ToolArgumentsError, UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.tool import ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import PNG, TOOLS
from tests.support.wire_cases import adapter_for, adapter_with, body_of, cases_of, fold, replay

OPENAI = adapter_for("openai", "responses")
PLAIN = adapter_with("openai_responses")


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_text_is_sent_unchanged(text: str) -> None:
    body = body_of(PLAIN, [Message.system(text), Message.user(text), Message.assistant(text), Message.user(text)])

    said = [
        item["content"] if isinstance(item["content"], str) else item["content"][0]["text"] for item in body["input"]
    ]
    assert said == [text] * 4


def answered(*items: dict[str, Any], adapter: ProviderAdapter = OPENAI) -> Message:
    payload = {"id": "resp_1", "status": "completed", "model": "m", "output": list(items)}
    return adapter.decode(HttpResponse(status=200, body=json.dumps(payload).encode())).message


SAID = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hello", "annotations": []}]}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


@pytest.mark.parametrize(
    ("thought", "extensions", "goes_back"),
    [
        ({**THOUGHT, "encrypted_content": "E"}, {}, True),
        (THOUGHT, {}, False),
        (THOUGHT, {"store": True}, True),
        (THOUGHT, {"store": False}, False),
        (THOUGHT, {"previous_response_id": "resp_0"}, True),
    ],
)
def test_reasoning_that_is_not_encrypted_goes_back_only_where_the_service_keeps_it(
    thought: dict[str, Any], extensions: dict[str, Any], goes_back: bool
) -> None:
    message = answered(thought, SAID)

    body = body_of(OPENAI, [Message.user("Hi"), message, Message.user("And?")], extensions=extensions)

    plain = {"type": "message", "role": "assistant", "content": "Hello"}
    assert body["input"][1:-1] == ([thought, SAID] if goes_back else [plain])


def test_where_only_messages_and_calls_may_go_back_nothing_else_is_kept() -> None:
    perplexity = adapter_for("perplexity")
    results = {"type": "search_results", "results": [{"id": 1, "title": "T", "url": "https://a", "snippet": "s"}]}
    call = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "add", "arguments": "{}",
            "thought_signature": "S"}  # fmt: skip

    message = answered(results, SAID, call, adapter=perplexity)
    body = body_of(perplexity, [Message.user("1+1?"), message, Message.tool("c1", "2")])

    assert message.provider_data is None
    assert body["input"][1:] == [
        {"type": "message", "role": "assistant", "content": "Hello"},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}", "thought_signature": "S"},
        {"type": "function_call_output", "call_id": "c1", "output": "2", "name": "add", "thought_signature": "S"},
    ]


def test_the_result_of_a_call_that_a_program_made_names_the_program() -> None:
    caller = {"type": "program", "caller_id": "cm_1"}
    call = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}", "caller": caller}

    body = body_of(OPENAI, [Message.user("?"), answered(call), Message.tool("c1", "2")])

    assert [item.get("caller") for item in body["input"]] == [None, caller, caller]


def test_calls_that_came_in_a_wrapper_go_back_one_by_one_with_their_reasoning() -> None:
    uses = [{"recipient_name": f"functions.{name}", "parameters": {"of": name}} for name in ("a", "b")]
    wrapper = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "parallel",
               "arguments": json.dumps({"tool_uses": uses})}  # fmt: skip
    thought = {**THOUGHT, "encrypted_content": "E"}
    message = answered(thought, wrapper)

    body = body_of(OPENAI, [Message.user("?"), message, Message.tool("c1_0", "1"), Message.tool("c1_1", "2")])

    assert [(call.name, call.arguments) for call in message.tool_calls] == [("a", {"of": "a"}), ("b", {"of": "b"})]
    assert body["input"][1] == thought
    assert [item.get("call_id") for item in body["input"][2:]] == ["c1_0", "c1_1", "c1_0", "c1_1"]


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([Message.user("?"), Message.assistant("x", tool_calls=[ToolCall("c1", "a")]), Message.tool("c1", PNG)],
         "media in a tool's result"),
        ([Message.user("?"), attrs.evolve(Message.assistant("x"), refusal="No."), Message.user("!")], "refusal"),
    ],
)  # fmt: skip
def test_a_message_that_a_service_does_not_support_is_refused(messages: list[Message], named: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"does not support {named}:"):
        body_of(adapter_for("perplexity"), messages)


def test_a_refusal_goes_back_as_a_refusal() -> None:
    message = attrs.evolve(Message.assistant("Well."), refusal="I cannot.")

    body = body_of(PLAIN, [Message.user("?"), message, Message.user("!")])

    assert body["input"][1]["content"] == [
        {"type": "output_text", "text": "Well."},
        {"type": "refusal", "refusal": "I cannot."},
    ]


REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Think."}],
    "encrypted_content": "E",
}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "add",
    "arguments": '{"a":1}',
    "status": "completed",
}
CUSTOM = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "sql", "input": "SELECT 1"}


def said(text: str, **fields: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content, **fields}


def answer(*items: dict[str, Any], **fields: Any) -> ChatCompletionResponse:
    payload = {"id": "resp_1", "status": "completed", "model": "m", "output": list(items), **fields}
    return adapter_for("openai", "responses").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


def test_reasoning_and_hosted_items_go_back_unchanged_and_in_order() -> None:
    items = [REASONING, SEARCH, said("Let me add."), CALL]

    first = answer(*items)
    body = body_of(OPENAI, [Message.user("1+1?"), first.message, Message.tool("call_1", "2")], tools=TOOLS)

    assert body["input"][1:] == [*items, {"type": "function_call_output", "call_id": "call_1", "output": "2"}]
    assert first.reasoning == "Think."


def test_items_of_a_message_that_was_changed_do_not_go_back() -> None:
    changed = attrs.evolve(answer(REASONING, said("one")).message, content="two")

    body = body_of(OPENAI, [Message.user("hi"), changed, Message.user("and?")])

    assert body["input"][1] == {"type": "message", "role": "assistant", "content": "two"}


@pytest.mark.parametrize(
    "case", [c for c in cases_of("openai_responses", "stream") if "error" not in c.expected], ids=lambda c: c.name
)
def test_a_streamed_message_goes_back_as_the_items_that_were_sent(case: Any) -> None:
    chunks, _ = replay(case.adapter, [case.body])
    message = fold(chunks).message
    kept = (message.provider_data or {}).get(case.adapter.config.owner, {}).get("output")

    events = [json.loads(event) for event in case.events([case.body]) if event != "[DONE]"]
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    final = events[-1]["response"].get("output") or []
    assert kept is None or kept == (final if len(final) >= len(done) else done)


def test_data_of_another_api_of_the_provider_does_not_go_back() -> None:
    message = attrs.evolve(Message.assistant("hi"), provider_data={"openai": {"reasoning": "canary"}})
    request = ChatCompletionRequest(model="m", messages=[Message.user("x"), message])

    prepared, notes = adapter_for("openai", "responses").chat_request(request, stream=False)

    assert b"canary" not in (prepared.body or b"")
    assert notes[0].startswith("provider_data: data of openai on the messages")


def test_a_call_of_a_custom_tool_has_its_text_and_goes_back_with_its_result() -> None:
    first = answer(CUSTOM)
    call = first.tool_calls[0]

    body = body_of(OPENAI, [Message.user("?"), first.message, Message.tool("call_2", "1")])

    assert (call.name, call.arguments_json, first.finish_reason) == ("sql", "SELECT 1", "tool_calls")
    with pytest.raises(ToolArgumentsError):
        _ = call.arguments
    assert body["input"][1:] == [CUSTOM, {"type": "custom_tool_call_output", "call_id": "call_2", "output": "1"}]


def test_system_messages_are_instructions_where_the_service_has_that_field() -> None:
    body = body_of(
        adapter_for("lmstudio", "responses"), [Message.system("One."), Message.system("Two."), Message.user("hi")]
    )

    assert body["instructions"] == "One.\n\nTwo."
    assert [item["role"] for item in body["input"]] == ["user"]


def test_a_call_of_another_provider_becomes_an_item() -> None:
    call = ToolCall("c1", "add", '{"a":1}')

    body = body_of(
        OPENAI, [Message.user("?"), Message.assistant("Adding.", tool_calls=[call]), Message.tool("c1", "2")]
    )

    assert body["input"][1:3] == [
        {"type": "message", "role": "assistant", "content": "Adding."},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a":1}'},
    ]
