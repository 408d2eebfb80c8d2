"""Cohere v2: every field, the parts of a message, citations, and the list of models."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, CITY, PDF, PNG, TOOLS, WAV
from tests.support.strategies import requests
from tests.support.wire_cases import adapter_for, cases_of, fold, replay

ADAPTER = adapter_for("cohere")
NOTES = Document.from_bytes("Grüße".encode(), "text/plain; charset=utf-8", name="notes.txt")


def asked(*, stream: bool = False, drop: bool = False, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the body, and the names of what was left out."""
    request = ChatCompletionRequest(**{"messages": "hi", "model": "m", **fields})
    sent, left_out = ADAPTER.chat_request(request, stream=stream, on_unsupported="drop" if drop else "raise")
    assert sent.body is not None
    return json.loads(sent.body), [reason.partition(":")[0] for reason in left_out]


def body_of(**fields: Any) -> dict[str, Any]:
    return asked(**fields)[0]


def sent(*messages: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(messages=messages)["messages"]
    return found


# --- every field ----------------------------------------------------------------------------------------------------

FIELDS: dict[str, Any] = {
    "temperature": 0.5, "top_p": 0.5, "top_k": 5, "max_tokens": 400, "stop": ["x"], "seed": 1, "n": 2,
    "presence_penalty": 0.1, "frequency_penalty": 0.2, "logit_bias": {"1": 1}, "logprobs": True, "top_logprobs": 2,
    "tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": False, "response_format": CITY,
    "reasoning": 500, "user": "u", "metadata": {"team": "blue"}, "extensions": {"safety_mode": "STRICT"},
}  # fmt: skip
NAMES = {
    "top_p": "p", "top_k": "k", "stop": "stop_sequences", "reasoning": "thinking", "extensions": "safety_mode",
}  # fmt: skip


def test_every_field_of_a_request_is_tried_here() -> None:
    assert set(FIELDS) | {"messages", "model"} == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=60)
@given(chosen=st.sets(st.sampled_from(sorted(FIELDS))))
def test_every_field_reaches_the_wire_or_is_reported(chosen: set[str]) -> None:
    fields = {name: FIELDS[name] for name in chosen | ({"tools"} if "tool_choice" in chosen else set())}

    body, left_out = asked(drop=True, **fields)

    assert [name for name in fields if NAMES.get(name, name) not in body and name not in left_out] == []


@settings(deadline=None, max_examples=100)
@given(request=requests)
def test_whatever_is_asked_has_a_body_or_a_reason_for_what_is_left_out(request: ChatCompletionRequest) -> None:
    prepared, left_out = ADAPTER.chat_request(request, stream=False, on_unsupported="drop")

    assert prepared.body is not None
    body = json.loads(prepared.body)
    assert len(body["messages"]) == len(request.messages)
    assert [name for name, value in body.items() if value is None and name not in {"model", *request.extensions}] == []
    assert all(": " in reason for reason in left_out)


def test_plain_fields_go_under_coheres_names() -> None:
    body = body_of(top_p=0.5, top_k=5, stop="x", seed=0, logprobs=False, parallel_tool_calls=True, n=1)

    assert body == {
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "p": 0.5, "k": 5, "stop_sequences": ["x"],
        "seed": 0, "logprobs": False,
    }  # fmt: skip


@pytest.mark.parametrize("field", ["n", "logit_bias", "top_logprobs", "user", "metadata", "parallel_tool_calls"])
def test_a_field_without_a_form_is_refused(field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"Cohere does not support {field}:"):
        body_of(**{field: FIELDS[field]})


def test_only_a_stream_is_asked_for_as_one() -> None:
    assert asked(stream=True)[0]["stream"] is True
    assert "stream" not in body_of()


# --- messages ---------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_text_arrives_as_it_was_given(text: str) -> None:
    assert sent(Message.user(text)) == [{"role": "user", "content": text}]


def test_several_parts_are_a_list_and_one_text_is_a_string() -> None:
    found = sent(
        Message.system("A", "B"), Message.user("What?", attrs.evolve(PNG, detail="low")), Message.user(Json({"a": 1})),
        Message.assistant(),
    )  # fmt: skip

    assert found == [
        {"role": "system", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
            ],
        },
        {"role": "user", "content": '{"a":1}'},
        {"role": "assistant", "content": ""},
    ]


def test_text_beside_calls_is_the_plan() -> None:
    call = ToolCall("c1", "add", '{"a":1}')
    wire = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}

    assert sent(Message.assistant("I will ", "add.", tool_calls=[call]), Message.assistant(tool_calls=[call])) == [
        {"role": "assistant", "tool_plan": "I will add.", "tool_calls": [wire]},
        {"role": "assistant", "tool_calls": [wire]},
    ]


def test_the_plan_that_was_read_goes_back_as_the_plan() -> None:
    case = next(case for case in cases_of("cohere_v2", "stream") if case.name == "cohere-tool-call-stream")

    message = fold(replay(ADAPTER, [case.body])[0]).message

    assert message.text == ""
    assert sent(message)[0]["tool_plan"] == case.expected["provider_data"]["cohere"]["tool_plan"]
    assert sent(message)[0]["tool_calls"][1]["id"] == "cityAttractions_pyxssbwnq9fq"


def test_thinking_does_not_go_back() -> None:
    case = next(case for case in cases_of("cohere_v2", "whole") if case.name == "cohere-reasoning")

    assert sent(ADAPTER.decode(case.http).message) == [{"role": "assistant", "content": "2 + 2 = 4"}]


def test_a_refusal_of_the_model_is_what_it_said() -> None:
    assert sent(attrs.evolve(Message.assistant(), refusal="No.")) == [{"role": "assistant", "content": "No."}]


def test_documents_that_are_text_go_beside_the_messages_with_their_names_as_titles() -> None:
    nameless = Document.from_bytes(b"{}", "application/json")

    body = body_of(messages=[Message.user("What?", NOTES), Message.user(nameless, "And?")])

    assert body["documents"] == [{"data": {"text": "Grüße", "title": "notes.txt"}}, {"data": {"text": "{}"}}]
    assert [message["content"] for message in body["messages"]] == ["What?", "And?"]


def test_a_tools_result_is_a_string_or_blocks() -> None:
    found = sent(
        Message.tool("c1", "12:00"), Message.tool("c1", Json({"a": 1})), Message.tool("c1"),
        Message.tool("c1", "see", NOTES, is_error=True, name="find"), Message.tool("c1", NOTES),
    )  # fmt: skip

    document = {"type": "document", "document": {"data": {"text": "Grüße", "title": "notes.txt"}}}
    assert [message["content"] for message in found] == [
        "12:00", '{"a":1}', "", [{"type": "text", "text": "see"}, document], [document],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (Message.user("x", WAV), "audio content"),
        (Message.user("x", PDF), "document content"),
        (Message.user("x", Document.from_bytes(b"\xff", "text/plain")), "document content"),
        (Message.user("x", Document.from_url("https://example.com/a.txt")), "document url"),
        (Message.user("x", Document.from_file_id("f")), "document file_id"),
        (Message.user("x", Image.from_file_id("f")), "image file_id"),
        (Message.user(Text("x", cache="5m")), "cache"),
        (Message.tool("c1", Text("x", cache="5m")), "cache"),
        (Message.user("x", name="Ada"), "name"),
        (Message.system(PNG), "image content"),
        (Message.assistant(Audio.from_url("https://example.com/a.wav")), "audio content"),
        (Message.tool("c1", PNG), "media in a tool's result"),
        (Message.tool("c1", PDF), "document content"),
    ],
)
def test_what_messages_cannot_hold_is_refused(message: Message, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"support {field}:"):
        sent(Message.user("x"), message)


# --- tools, answer format, reasoning --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "wire", "names"),
    [
        (None, None, ["get_time", "add"]),
        ("auto", None, ["get_time", "add"]),
        ("none", "NONE", ["get_time", "add"]),
        ("required", "REQUIRED", ["get_time", "add"]),
        (NamedTool("add"), "REQUIRED", ["add"]),
    ],
)
def test_choices_of_tools_have_their_forms(choice: Any, wire: str | None, names: list[str]) -> None:
    body = body_of(tools=TOOLS, tool_choice=choice)

    assert body.get("tool_choice") == wire
    assert [tool["function"]["name"] for tool in body["tools"]] == names


def test_a_tool_says_only_what_it_has() -> None:
    assert body_of(tools=[Tool("now")])["tools"] == [
        {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}
    ]
    with pytest.raises(UnsupportedFeatureError, match="cache"):
        body_of(tools=[Tool("now", cache="5m")])


@pytest.mark.parametrize(("strict", "wire"), [((None, None), None), ((True, None), True), ((False, False), False)])
def test_strictness_holds_for_all_tools_of_a_request(strict: tuple[Any, Any], wire: bool | None) -> None:
    tools = [attrs.evolve(tool, strict=each) for tool, each in zip(TOOLS, strict, strict=True)]

    assert body_of(tools=tools).get("strict_tools") is wire


def test_tools_that_differ_in_strictness_have_no_form() -> None:
    tools = [attrs.evolve(ADD, strict=True), Tool("now", strict=False)]

    with pytest.raises(UnsupportedFeatureError, match="strict: it must be the same for all tools"):
        body_of(tools=tools)
    assert body_of(tools=tools, tool_choice="add")["strict_tools"] is True


def test_a_schema_goes_beside_json_object_unchanged() -> None:
    assert body_of(response_format=CITY)["response_format"] == {"type": "json_object", "json_schema": CITY.schema}
    assert body_of(response_format=ResponseFormat(kind="json_object"))["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        ("none", {"type": "disabled"}),
        ("disabled", {"type": "disabled"}),
        (0, {"type": "disabled"}),
        ("enabled", {"type": "enabled"}),
        ("low", {"type": "enabled", "token_budget": 3277}),
        ("high", {"type": "enabled", "token_budget": 19661}),
        (500, {"type": "enabled", "token_budget": 500}),
    ],
)
def test_reasoning_is_a_number_of_tokens_or_a_switch(reasoning: str | int, thinking: dict[str, Any]) -> None:
    assert body_of(reasoning=reasoning)["thinking"] == thinking


def test_an_unknown_effort_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedFeatureError, match="supports only none, disabled, enabled, minimal, low"):
        body_of(reasoning="somewhat")


# --- reading ----------------------------------------------------------------------------------------------------------------


def cited(kind: str | None, index: int | None, start: int = 0, end: int = 4) -> dict[str, Any]:
    told = {"type": kind, "content_index": index, "start": start, "end": end, "text": "some", "sources": None}
    return {name: value for name, value in told.items() if value is not None}


CONTENT = [
    {"type": "thinking", "thinking": "Hm."},
    {"type": "text", "text": "some 1. "},
    {"type": "text", "text": "some 2."},
]
WHOLE = {
    "id": "x",
    "message": {
        "role": "assistant", "tool_plan": "some plan. ", "content": CONTENT,
        "citations": [cited("PLAN", None), cited("TEXT_CONTENT", 1), cited("TEXT_CONTENT", 2), cited(None, None),
                      cited("THINKING_CONTENT", 0)],
    },
    "finish_reason": "COMPLETE",
}  # fmt: skip


def test_a_citation_tells_where_in_the_answers_text_it_belongs() -> None:
    answer = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(WHOLE).encode()))

    assert answer.text == "some 1. some 2."
    assert answer.message.provider_data == {"cohere": {"tool_plan": "some plan. "}}
    assert [(found.start, found.end) for found in answer.citations] == [
        (None, None),
        (0, 4),
        (8, 12),
        (0, 4),
        (None, None),
    ]


def test_a_citation_in_a_stream_tells_the_same() -> None:
    events: list[dict[str, Any]] = [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "some plan. "}}}]
    for index, block in enumerate(CONTENT):
        events.append(
            {"type": "content-start", "index": index, "delta": {"message": {"content": {"type": block["type"]}}}}
        )
        events.append({"type": "content-delta", "index": index, "delta": {"message": {"content": block}}})
    events += [
        {"type": "citation-start", "delta": {"message": {"citations": one}}} for one in WHOLE["message"]["citations"]
    ]
    events.append({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}})

    streamed = fold(ADAPTER.decode_stream(map(json.dumps, events)))

    whole = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(WHOLE).encode()))
    assert streamed.message == whole.message


def test_the_recorded_citations_stand_where_they_say() -> None:
    case = next(case for case in cases_of("cohere_v2", "whole") if case.name == "cohere-citations")

    answer = ADAPTER.decode(case.http)

    assert [answer.text[found.start : found.end] for found in answer.citations] == [
        found.cited_text for found in answer.citations
    ]
    assert answer.citations[0].title == "benefits.txt"


def test_models_come_in_pages() -> None:
    page = {"models": [{"name": "command-a", "context_length": 288000.0, "endpoints": ["chat"]}, {"name": None}],
            "next_page_token": "t/2"}  # fmt: skip
    response, last = (
        HttpResponse(status=200, body=json.dumps(body).encode()) for body in (page, {**page, "next_page_token": ""})
    )

    (model,) = ADAPTER.decode_models(response)

    assert (model.id, model.context_window, model.provider) == ("command-a", 288000, "cohere")
    assert ADAPTER.next_page(response) == {"page_token": "t/2"}
    assert ADAPTER.next_page(last) is None
    assert ADAPTER.models_request({"page_token": "t/2"}).url.endswith("/v1/models?page_token=t%2F2")


# --- what is left out on request ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"messages": Message.user("hi", PDF)}, "document content"),
        ({"messages": Message.user("hi", Document.from_url("https://example.com/a.txt"))}, "document url"),
        ({"messages": Message.user("hi", WAV)}, "audio content"),
        ({"messages": Message.user("hi", Image.from_file_id("f"))}, "image file_id"),
        ({"messages": Message.user(Text("hi", cache="1h"))}, "cache"),
        ({"reasoning": "somewhat"}, "reasoning"),
        ({"n": 2}, "n"),
    ],
)
def test_what_is_left_out_leaves_no_trace(fields: dict[str, Any], left_out: str) -> None:
    body, told = asked(drop=True, **fields)

    assert told == [left_out]
    assert body == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_a_tools_result_of_which_all_is_left_out_is_empty() -> None:
    body, told = asked(drop=True, messages=[Message.user("x"), Message.tool("c1", PDF, PNG)])

    assert told == ["document content", "media in a tool's result"]
    assert body["messages"][1] == {"role": "tool", "tool_call_id": "c1", "content": ""}
