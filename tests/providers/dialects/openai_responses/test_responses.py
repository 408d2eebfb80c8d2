"""What is particular to the Responses API; `tests/providers/dialects/test_replay.py` replays what was recorded."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from ai_lib.errors import InvalidRequestError, ToolArgumentsError, UnsupportedFeatureError
from ai_lib.providers.registry import load_operation
from ai_lib.types.content import Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, PNG, TOOLS
from tests.support.wire_cases import adapter_for, cases_of, fold, replay

OWNER = "openai/responses"
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


def body_of(messages: Any, provider: str = "openai", **fields: Any) -> dict[str, Any]:
    request = ChatCompletionRequest(**{"model": "m", "messages": messages, **fields})
    content = adapter_for(provider, "responses").chat_request(request, stream=False)[0].body
    assert content is not None
    body: dict[str, Any] = json.loads(content)
    return body


# --- what goes back ---------------------------------------------------------------------------------------------------


def test_reasoning_and_hosted_items_go_back_unchanged_and_in_order() -> None:
    items = [REASONING, SEARCH, said("Let me add."), CALL]

    asked = answer(*items)
    body = body_of([Message.user("1+1?"), asked.message, Message.tool("call_1", "2")], tools=TOOLS)

    assert body["input"][1:] == [*items, {"type": "function_call_output", "call_id": "call_1", "output": "2"}]
    assert asked.reasoning == "Think."


def test_items_of_a_message_that_was_changed_do_not_go_back() -> None:
    changed = attrs.evolve(answer(REASONING, said("one")).message, content="two")

    body = body_of([Message.user("hi"), changed, Message.user("and?")])

    assert body["input"][1] == {"type": "message", "role": "assistant", "content": "two"}


def test_plain_answers_keep_nothing() -> None:
    assert answer(said("hi"), CALL).message.provider_data is None
    assert answer(said("hi", phase="commentary")).message.provider_data is not None


@pytest.mark.parametrize(
    "case", [c for c in cases_of("openai_responses", "stream") if "error" not in c.expected], ids=lambda c: c.name
)
def test_a_streamed_message_goes_back_as_the_items_that_were_sent(case: Any) -> None:
    chunks, _ = replay(case.adapter, [case.body])
    message = fold(chunks).message
    kept = (message.provider_data or {}).get(case.adapter.config.owner, {}).get("output")

    events = [json.loads(event) for event in case.events([case.body]) if event != "[DONE]"]
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    told = events[-1]["response"].get("output") or []
    assert kept is None or kept == (told if len(told) >= len(done) else done)


def test_what_another_api_of_the_provider_made_stays_behind() -> None:
    message = attrs.evolve(Message.assistant("hi"), provider_data={"openai": {"reasoning": "canary"}})
    request = ChatCompletionRequest(model="m", messages=[Message.user("x"), message])

    prepared, notes = adapter_for("openai", "responses").chat_request(request, stream=False)

    assert b"canary" not in (prepared.body or b"")
    assert notes[0].startswith("provider_data: what openai put on the messages")


# --- custom tools -----------------------------------------------------------------------------------------------------


def test_a_custom_tools_call_has_its_text_and_goes_back_with_its_result() -> None:
    asked = answer(CUSTOM)
    call = asked.tool_calls[0]

    body = body_of([Message.user("?"), asked.message, Message.tool("call_2", "1")])

    assert (call.name, call.arguments_json, asked.finish_reason) == ("sql", "SELECT 1", "tool_calls")
    with pytest.raises(ToolArgumentsError):
        _ = call.arguments
    assert body["input"][1:] == [CUSTOM, {"type": "custom_tool_call_output", "call_id": "call_2", "output": "1"}]


# --- the request ------------------------------------------------------------------------------------------------------


def test_several_parts_stay_in_order() -> None:
    body = body_of(Message.user("Look", PNG, Json({"a": 1}), Image.from_file_id("file-1", detail="low")))

    assert body["input"][0]["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"},
        {"type": "input_text", "text": '{"a":1}'},
        {"type": "input_image", "file_id": "file-1", "detail": "low"},
    ]


def test_log_probabilities_are_asked_for_beside_what_the_user_includes() -> None:
    body = body_of("hi", logprobs=True, top_logprobs=3, extensions={"include": ["reasoning.encrypted_content"]})

    assert body["include"] == ["message.output_text.logprobs", "reasoning.encrypted_content"]
    assert body["top_logprobs"] == 3


def test_the_users_own_fields_join_those_of_the_request() -> None:
    body = body_of("hi", reasoning="low", extensions={"reasoning": {"summary": "auto"}, "store": False})

    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["store"] is False


@pytest.mark.parametrize("extensions", [{"model": "x"}, {"stream": True}, {"input": []}])
def test_an_extension_that_repeats_a_field_is_refused(extensions: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="repeat fields"):
        body_of("hi", extensions=extensions)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"stop": "x"}, "stop"),
        ({"seed": 1}, "seed"),
        ({"n": 2}, "n"),
        ({"top_k": 5}, "top_k"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"presence_penalty": 1}, "presence_penalty"),
        ({"reasoning": 500}, "reasoning"),
        ({"messages": Message.user(Text("x", cache="5m"))}, "cache"),
        ({"messages": Message.user("x", name="Ada")}, "name"),
        ({"tools": [Tool("t", cache="1h")]}, "cache"),
        ({"messages": [Message.system("x", PNG), Message.user("y")]}, "media in a system message"),
    ],
)
def test_what_has_no_form_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"does not support {named}:"):
        body_of(**{"messages": "hi", **fields})


def test_system_messages_are_instructions_where_the_service_wants_them_so() -> None:
    body = body_of([Message.system("One."), Message.system("Two."), Message.user("hi")], "lmstudio")

    assert body["instructions"] == "One.\n\nTwo."
    assert [item["role"] for item in body["input"]] == ["user"]


def test_keys_that_a_service_refuses_are_left_out_of_the_schemas_of_tools() -> None:
    (tool,) = body_of("hi", "xai", tools=[TOOLS[0]])["tools"]

    assert "additionalProperties" not in tool["parameters"]
    assert tool["parameters"]["required"] == ["zone"]


def test_every_plain_field_has_its_name() -> None:
    body = body_of("hi", temperature=0.5, top_p=0.9, max_tokens=5, user="u", metadata={"a": "b"},
                   parallel_tool_calls=False, tools=[ADD])  # fmt: skip

    wanted = {"temperature": 0.5, "top_p": 0.9, "max_output_tokens": 5, "user": "u", "metadata": {"a": "b"},
              "parallel_tool_calls": False}  # fmt: skip
    assert {key: body[key] for key in wanted} == wanted


def test_a_call_of_another_provider_becomes_an_item() -> None:
    call = ToolCall("c1", "add", '{"a":1}')

    body = body_of([Message.user("?"), Message.assistant("Adding.", tool_calls=[call]), Message.tool("c1", "2")])

    assert body["input"][1:3] == [
        {"type": "message", "role": "assistant", "content": "Adding."},
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a":1}'},
    ]


# --- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "finish", "raw"),
    [
        ({}, "stop", "completed"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            "max_output_tokens",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
            "content_filter",
        ),
        ({"status": "in_progress"}, None, "in_progress"),
    ],
)
def test_the_end_is_told_by_status_and_details(fields: dict[str, Any], finish: str | None, raw: str) -> None:
    found = answer(said("hi"), **fields)

    assert (found.finish_reason, found.raw_finish_reason) == (finish, raw)


def test_a_refusal_is_told() -> None:
    refused = {**said(""), "content": [{"type": "refusal", "refusal": "I cannot."}]}

    assert answer(refused).refusal == "I cannot."


@pytest.mark.parametrize("api", [None, "responses"])
def test_tokens_are_counted_by_the_service(api: str | None) -> None:
    operation = load_operation("count_tokens", "openai_responses")
    adapter = adapter_for("openai", api)
    endpoint = adapter.config.count_tokens
    assert endpoint is not None

    request, _ = adapter.operation_request(
        endpoint, operation, ChatCompletionRequest(model="m", messages="hi", tools=TOOLS)
    )
    counted = adapter.decode_operation(endpoint, operation, HttpResponse(status=200, body=b'{"input_tokens": 11}'))

    assert request.url.endswith("/responses/input_tokens")
    assert json.loads(request.body or b"").keys() == {"model", "input", "tools"}
    assert counted == 11
