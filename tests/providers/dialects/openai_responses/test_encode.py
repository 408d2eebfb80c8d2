"""Requests of the Responses API: every field, at every service that speaks it; what stays there; and its parts."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs, get_config, load_dialect
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import CITY, PDF, PNG, TOOLS, WAV
from tests.support.strategies import REQUEST_FIELDS
from tests.support.wire_cases import BASE_URL, adapter_for

SEALED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
SPEAKERS = [
    (config.id, name)
    for config in configs()
    for name in (None, *config.apis)
    if (config if name is None else config.apis[name]).dialect == "openai_responses"
]


def adapter_with(**quirks: Any) -> ProviderAdapter:
    config = ProviderConfig(
        "wire", base_url=BASE_URL, dialect="openai_responses", chat_path="/responses", quirks=quirks
    )
    return ProviderAdapter(config=config, dialect=load_dialect("openai_responses"), base_url=BASE_URL)


def body_of(adapter: ProviderAdapter, messages: Any = "hi", **fields: Any) -> dict[str, Any]:
    request = ChatCompletionRequest(**{"model": "m", "messages": messages, **fields})
    body: dict[str, Any] = json.loads(adapter.chat_request(request, stream=False)[0].body or b"")
    return body


OPENAI = adapter_for("openai", "responses")
PLAIN = adapter_with()

# --- every field -------------------------------------------------------------------------------------------------

FIELDS = {
    **REQUEST_FIELDS,
    "n": st.integers(2, 8),
    "logprobs": st.just(True),
    "reasoning": st.one_of(st.sampled_from(["none", "low", "high"]), st.integers(0, 9999)),
}
NAMES = {
    "messages": {"input"},
    "max_tokens": {"max_output_tokens"},
    "logprobs": {"include"},
    "response_format": {"text", "response_format"},
}
NEEDED = {"tool_choice": {"tools": TOOLS}}


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) == set(attrs.fields_dict(ChatCompletionRequest))


@pytest.mark.parametrize(("provider", "api"), SPEAKERS)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(provider: str, api: str | None, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=12)) | {"messages", "model"}
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    for name in chosen:
        fields.update(NEEDED.get(name, {}))
    request = ChatCompletionRequest(**fields)

    prepared, left_out = adapter_for(provider, api).chat_request(request, stream=False, on_unsupported="drop")

    body = json.loads(prepared.body or b"")
    reported = {reason.partition(":")[0] for reason in left_out}
    found = {name: NAMES.get(name, {name}) & set(body) for name in fields if name != "extensions"}
    assert [name for name, keys in found.items() if not keys and name not in reported] == []
    assert set(request.extensions) <= set(body)
    assert None not in [value for key, value in body.items() if key != "tools"]


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"messages", "model", "extensions", "n"}))
def test_a_field_that_a_provider_refuses_raises_with_its_name(field: str) -> None:
    value = {"tools": TOOLS, "tool_choice": "auto", "response_format": CITY, "reasoning": "low", "stop": "x",
             "user": "u", "metadata": {"a": "b"}, "logit_bias": {"1": 1}, "logprobs": True,
             "parallel_tool_calls": True}.get(field, 1)  # fmt: skip

    with pytest.raises(UnsupportedFeatureError, match=f"wire does not support {field}:"):
        body_of(adapter_with(rejects=[field]), **{**NEEDED.get(field, {}), field: value})


def test_a_request_without_options_has_only_a_model_and_input() -> None:
    wanted = {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}

    assert body_of(PLAIN) == wanted
    assert body_of(PLAIN, n=1, stop=[], logprobs=False) == wanted


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_text_is_sent_as_given(text: str) -> None:
    body = body_of(PLAIN, [Message.system(text), Message.user(text), Message.assistant(text), Message.user(text)])

    said = [
        item["content"] if isinstance(item["content"], str) else item["content"][0]["text"] for item in body["input"]
    ]
    assert said == [text] * 4


@pytest.mark.parametrize(("asked", "told"), [({"logprobs": True}, None), ({"top_logprobs": 2}, 2)])
def test_log_probabilities_come_only_where_they_are_included(asked: dict[str, Any], told: int | None) -> None:
    body = body_of(PLAIN, **asked)

    assert body["include"] == [LOGPROBS]
    assert body.get("top_logprobs") == told


def test_the_users_tools_stand_behind_the_functions() -> None:
    search = {"type": "web_search"}

    both = body_of(PLAIN, tools=TOOLS, extensions={"tools": [search]})
    alone = body_of(PLAIN, extensions={"tools": [search]})

    assert [tool["type"] for tool in both["tools"]] == ["function", "function", "web_search"]
    assert alone["tools"] == [search]


def test_what_is_no_list_cannot_stand_beside_one() -> None:
    with pytest.raises(InvalidRequestError, match="repeat fields"):
        body_of(PLAIN, tools=TOOLS, extensions={"tools": "web_search"})


def test_a_form_may_stand_where_chat_completions_have_it() -> None:
    body = body_of(adapter_with(chat_format=True), response_format=CITY)

    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"].keys() == {"name", "schema", "strict"}
    assert "text" not in body


def test_a_summary_is_asked_for_only_with_an_effort() -> None:
    adapter = adapter_with(summary="auto")

    assert body_of(adapter, reasoning="low")["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body_of(adapter, reasoning="none")["reasoning"] == {"effort": "none"}


# --- what stays at the service -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "sealed"),
    [
        ("gpt-5", True),
        ("gpt-5.6-sol", True),
        ("gpt-6-luna", True),
        ("o3-mini", True),
        ("codex-mini-latest", True),
        ("gpt-4o", False),
        ("gpt-4.1-mini", False),
        ("gpt-5-chat-latest", False),
        ("chatgpt-4o-latest", False),
        ("ft:gpt-4.1:me", False),
    ],
)
def test_openai_keeps_nothing_and_seals_the_reasoning_of_models_that_reason(model: str, sealed: bool) -> None:
    body = body_of(OPENAI, model=model)

    assert body["store"] is False
    assert body.get("include") == ([SEALED] if sealed else None)


@pytest.mark.parametrize(("reasoning", "sealed"), [(None, False), ("none", False), ("low", True)])
def test_an_unknown_models_reasoning_is_sealed_where_the_request_asks_for_it(
    reasoning: str | None, sealed: bool
) -> None:
    body = body_of(adapter_for("azure_openai", "responses"), model="my-deployment", reasoning=reasoning)

    assert (SEALED in body.get("include", ())) is sealed
    assert "store" not in body


@pytest.mark.parametrize(
    "state",
    [{"store": True}, {"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"background": True}],
    ids=lambda state: next(iter(state)),
)
def test_a_user_who_goes_by_what_is_kept_there_is_not_contradicted(state: dict[str, Any]) -> None:
    body = body_of(OPENAI, model="gpt-5", extensions=state)

    assert "include" not in body
    assert {key: body[key] for key in state} == state
    assert body.get("store") in (None, True)


def test_the_users_includes_join_ours_once() -> None:
    body = body_of(OPENAI, model="gpt-5", logprobs=True, extensions={"include": [SEALED, "file_search_call.results"]})

    assert body["include"] == [LOGPROBS, SEALED, "file_search_call.results"]


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
def test_reasoning_that_is_not_sealed_goes_back_only_where_the_service_keeps_it(
    thought: dict[str, Any], extensions: dict[str, Any], goes_back: bool
) -> None:
    message = answered(thought, SAID)

    body = body_of(OPENAI, [Message.user("Hi"), message, Message.user("And?")], extensions=extensions)

    plain = {"type": "message", "role": "assistant", "content": "Hello"}
    assert body["input"][1:-1] == ([thought, SAID] if goes_back else [plain])


def test_where_only_messages_and_calls_go_in_again_nothing_else_is_kept() -> None:
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


def test_a_result_of_a_call_that_a_program_made_says_so_too() -> None:
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


def test_a_tool_that_only_has_the_wrappers_name_is_called_as_it_is() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "parallel", "arguments": '{"lines":2}'}

    (found,) = answered(call).tool_calls

    assert (found.id, found.name, found.arguments) == ("c1", "parallel", {"lines": 2})


# --- parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "wire"),
    [
        (Text("a"), {"type": "input_text", "text": "a"}),
        (Json([1]), {"type": "input_text", "text": "[1]"}),
        (Image.from_url("https://a/b.png", detail="high"),
         {"type": "input_image", "image_url": "https://a/b.png", "detail": "high"}),
        (Image.from_file_id("file-1"), {"type": "input_image", "file_id": "file-1"}),
        (PNG, {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}),
        (Document.from_url("https://a/b.pdf"), {"type": "input_file", "file_url": "https://a/b.pdf"}),
        (Document.from_file_id("file-1"), {"type": "input_file", "file_id": "file-1"}),
        (PDF, {"type": "input_file", "filename": "doc.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}),
        (Document.from_bytes(b"notes", "text/plain"),
         {"type": "input_file", "filename": "document.txt", "file_data": "data:text/plain;base64,bm90ZXM="}),
    ],
)  # fmt: skip
def test_a_part_has_its_form_in_a_message_and_in_a_result(part: Any, wire: dict[str, Any]) -> None:
    call = Message.assistant(tool_calls=[ToolCall("c1", "look")])

    body = body_of(PLAIN, [Message.user("x", part), call, Message.tool("c1", "y", part)])

    assert body["input"][0]["content"] == [{"type": "input_text", "text": "x"}, wire]
    text_alone = isinstance(part, Text | Json)
    assert body["input"][2]["output"] == (
        "y" + wire["text"] if text_alone else [{"type": "input_text", "text": "y"}, wire]
    )


@pytest.mark.parametrize(
    ("provider", "part", "named"),
    [
        ("openai", WAV, "audio content"),
        ("openai", Audio.from_file_id("file-1"), "audio content"),
        ("openai", attrs.evolve(PNG, cache="5m"), "cache"),
        ("xai", PDF, "document content"),
        ("perplexity", PDF, "document content"),
        ("perplexity", Image.from_file_id("file-1"), "image file_id"),
    ],
)
def test_a_part_without_a_form_is_refused(provider: str, part: Any, named: str) -> None:
    api = None if get_config(provider).dialect == "openai_responses" else "responses"

    with pytest.raises(UnsupportedFeatureError, match=f"does not support {named}:"):
        body_of(adapter_for(provider, api), Message.user("x", part))


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([Message.user("?"), Message.assistant("x", tool_calls=[ToolCall("c1", "a")]), Message.tool("c1", PNG)],
         "media in a tool's result"),
        ([Message.user("?"), attrs.evolve(Message.assistant("x"), refusal="No."), Message.user("!")], "refusal"),
    ],
)  # fmt: skip
def test_a_message_that_a_service_has_no_form_for_is_refused(messages: list[Message], named: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"does not support {named}:"):
        body_of(adapter_for("perplexity"), messages)


def test_a_refusal_goes_back_as_one() -> None:
    message = attrs.evolve(Message.assistant("Well."), refusal="I cannot.")

    body = body_of(PLAIN, [Message.user("?"), message, Message.user("!")])

    assert body["input"][1]["content"] == [
        {"type": "output_text", "text": "Well."},
        {"type": "refusal", "refusal": "I cannot."},
    ]
