"""Bodies of the Responses API: every field, at every service that speaks it, and what the service keeps."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.registry import configs, load_operation
from ai_lib.types.content import Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.tool import Tool
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, CITY, PNG, TOOLS
from tests.support.strategies import REQUEST_FIELDS
from tests.support.wire_cases import adapter_for, adapter_with, body_of

SEALED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
SPEAKERS = [
    (config.id, name)
    for config in configs()
    for name in (None, *config.apis)
    if (config if name is None else config.apis[name]).dialect == "openai_responses"
]
OPENAI = adapter_for("openai", "responses")
PLAIN = adapter_with("openai_responses")
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
def test_a_rejected_field_raises_an_error_with_its_name(field: str) -> None:
    value = {"tools": TOOLS, "tool_choice": "auto", "response_format": CITY, "reasoning": "low", "stop": "x",
             "user": "u", "metadata": {"a": "b"}, "logit_bias": {"1": 1}, "logprobs": True,
             "parallel_tool_calls": True}.get(field, 1)  # fmt: skip

    with pytest.raises(UnsupportedFeatureError, match=f"wire does not support {field}:"):
        body_of(adapter_with("openai_responses", rejects=[field]), **{**NEEDED.get(field, {}), field: value})


def test_a_request_without_options_has_only_a_model_and_input() -> None:
    expected = {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}

    assert body_of(PLAIN) == expected
    assert body_of(PLAIN, n=1, stop=[], logprobs=False) == expected


@pytest.mark.parametrize(("fields", "top_logprobs"), [({"logprobs": True}, None), ({"top_logprobs": 2}, 2)])
def test_log_probabilities_are_included(fields: dict[str, Any], top_logprobs: int | None) -> None:
    body = body_of(PLAIN, **fields)

    assert body["include"] == [LOGPROBS]
    assert body.get("top_logprobs") == top_logprobs


def test_tools_in_extensions_come_after_the_functions() -> None:
    search = {"type": "web_search"}

    both = body_of(PLAIN, tools=TOOLS, extensions={"tools": [search]})
    alone = body_of(PLAIN, extensions={"tools": [search]})

    assert [tool["type"] for tool in both["tools"]] == ["function", "function", "web_search"]
    assert alone["tools"] == [search]


def test_an_extension_that_is_not_a_list_cannot_join_one() -> None:
    with pytest.raises(InvalidRequestError, match="repeat fields"):
        body_of(PLAIN, tools=TOOLS, extensions={"tools": "web_search"})


def test_the_answer_format_may_be_sent_as_in_chat_completions() -> None:
    body = body_of(adapter_with("openai_responses", chat_format=True), response_format=CITY)

    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"].keys() == {"name", "schema", "strict"}
    assert "text" not in body


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
def test_openai_keeps_nothing_and_encrypts_the_reasoning_of_models_that_reason(model: str, sealed: bool) -> None:
    body = body_of(OPENAI, model=model)

    assert body["store"] is False
    assert body.get("include") == ([SEALED] if sealed else None)


@pytest.mark.parametrize(
    "state",
    [{"store": True}, {"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"background": True}],
    ids=lambda state: next(iter(state)),
)
def test_a_caller_who_relies_on_kept_state_is_not_contradicted(state: dict[str, Any]) -> None:
    body = body_of(OPENAI, model="gpt-5", extensions=state)

    assert "include" not in body
    assert {key: body[key] for key in state} == state
    assert body.get("store") in (None, True)


def test_includes_of_the_caller_are_added_once() -> None:
    body = body_of(OPENAI, model="gpt-5", logprobs=True, extensions={"include": [SEALED, "file_search_call.results"]})

    assert body["include"] == [LOGPROBS, SEALED, "file_search_call.results"]


def test_log_probabilities_are_included_along_with_what_the_caller_includes() -> None:
    body = body_of(OPENAI, "hi", logprobs=True, top_logprobs=3, extensions={"include": ["reasoning.encrypted_content"]})

    assert body["include"] == ["message.output_text.logprobs", "reasoning.encrypted_content"]
    assert body["top_logprobs"] == 3


def test_extensions_are_merged_with_the_fields_of_the_request() -> None:
    body = body_of(OPENAI, "hi", reasoning="low", extensions={"reasoning": {"summary": "auto"}, "store": False})

    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["store"] is False


@pytest.mark.parametrize("extensions", [{"model": "x"}, {"stream": True}, {"input": []}])
def test_an_extension_that_repeats_a_field_is_refused(extensions: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="repeat fields"):
        body_of(OPENAI, "hi", extensions=extensions)


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
def test_an_unsupported_field_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"does not support {named}:"):
        body_of(OPENAI, **{"messages": "hi", **fields})


def test_keys_that_a_service_rejects_are_left_out_of_the_schemas_of_tools() -> None:
    (tool,) = body_of(adapter_for("xai", "responses"), "hi", tools=[TOOLS[0]])["tools"]

    assert "additionalProperties" not in tool["parameters"]
    assert tool["parameters"]["required"] == ["zone"]


def test_every_plain_field_is_sent_under_its_name() -> None:
    body = body_of(OPENAI, "hi", temperature=0.5, top_p=0.9, max_tokens=5, user="u", metadata={"a": "b"},
                   parallel_tool_calls=False, tools=[ADD])  # fmt: skip

    expected = {"temperature": 0.5, "top_p": 0.9, "max_output_tokens": 5, "user": "u", "metadata": {"a": "b"},
              "parallel_tool_calls": False}  # fmt: skip
    assert {key: body[key] for key in expected} == expected


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
