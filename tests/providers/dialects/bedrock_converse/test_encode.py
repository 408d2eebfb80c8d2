"""Bodies of Converse: every field, botocore's service model, tools and response formats."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.types.content import Image
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from tests.providers.dialects.bedrock_converse.bodies import (
    ADAPTER,
    CLAUDE,
    GPT,
    HAIKU_3,
    LLAMA,
    MISTRAL,
    NOVA,
    OPUS_48,
    body_and_omissions,
    body_of,
)
from tests.support.scenarios import CITY, PNG, SCENARIOS, TOOLS
from tests.support.strategies import requests

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"


@pytest.mark.parametrize(
    ("model", "escaped"),
    [
        (CLAUDE, "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"),
        (PROFILE, "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123"),
    ],
)
@pytest.mark.parametrize(("stream", "path"), [(False, "converse"), (True, "converse-stream")])
def test_the_model_is_in_the_url_and_not_in_the_body(model: str, escaped: str, stream: bool, path: str) -> None:
    sent, _ = ADAPTER.chat_request(ChatCompletionRequest(messages="hi", model=model), stream=stream)

    assert sent.url.endswith(f"/model/{escaped}/{path}")
    assert json.loads(sent.body or b"") == {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    assert (sent.headers["Accept"] == "application/vnd.amazon.eventstream") is stream


@pytest.fixture(scope="module")
def report() -> Any:
    """What botocore finds wrong with a body; "" when it would send it."""
    session = pytest.importorskip("botocore.session").get_session()
    validator = pytest.importorskip("botocore.validate").ParamValidator()
    service = session.get_service_model("bedrock-runtime")

    def check(body: dict[str, Any], operation: str = "Converse") -> str:
        shape = service.operation_model(operation).input_shape
        found: str = validator.validate({"modelId": "m", **body}, shape).generate_report()
        return found

    return check


@pytest.mark.parametrize("model", [CLAUDE, OPUS_48, NOVA, MISTRAL, GPT])
@pytest.mark.parametrize("situation", sorted(SCENARIOS))
@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_botocore_would_send_our_body(report: Any, model: str, situation: str, operation: str) -> None:
    body, _ = body_and_omissions(model, drop=True, **SCENARIOS[situation])

    assert report(body, operation) == ""


@settings(deadline=None, max_examples=80)
@given(request=requests, model=st.sampled_from([CLAUDE, OPUS_48, NOVA, MISTRAL, GPT, LLAMA]))
def test_botocore_would_send_the_body_of_any_request(report: Any, request: ChatCompletionRequest, model: str) -> None:
    messages_with_content = [Message.user("hi"), *request.messages]
    request = attrs.evolve(
        request,
        messages=messages_with_content,
        model=model,
        extensions={},
        temperature=None,
        metadata=None,
        reasoning="low",
        max_tokens=None,
    )

    sent, _ = ADAPTER.chat_request(request, stream=False, on_unsupported="drop")

    assert sent.body is not None
    assert report(json.loads(sent.body)) == ""


FIELDS: dict[str, Any] = {
    "temperature": 0.5, "top_p": 0.5, "top_k": 5, "max_tokens": 4000, "stop": ["x"], "seed": 1, "n": 2,
    "presence_penalty": 0.1, "frequency_penalty": 0.1, "logit_bias": {"1": 1}, "logprobs": True, "top_logprobs": 2,
    "tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": False, "response_format": CITY,
    "reasoning": "low", "user": "u", "metadata": {"team": "blue"}, "extensions": {"guardrailConfig": {"x": 1}},
}  # fmt: skip
PLACES = {
    "temperature": "inferenceConfig", "top_p": "inferenceConfig", "top_k": "additionalModelRequestFields",
    "max_tokens": "inferenceConfig", "stop": "inferenceConfig", "tools": "toolConfig", "tool_choice": "toolConfig",
    "response_format": "outputConfig", "reasoning": "additionalModelRequestFields", "metadata": "requestMetadata",
    "extensions": "guardrailConfig",
}  # fmt: skip


def test_every_field_of_a_request_is_tried_here() -> None:
    assert set(FIELDS) | {"messages", "model"} == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=60)
@given(chosen=st.sets(st.sampled_from(sorted(FIELDS))), model=st.sampled_from([CLAUDE, OPUS_48, NOVA, LLAMA]))
def test_every_field_reaches_the_wire_or_is_reported(chosen: set[str], model: str) -> None:
    fields = {name: FIELDS[name] for name in chosen | ({"tools"} if "tool_choice" in chosen else set())}

    body, left_out = body_and_omissions(model, drop=True, **fields)

    assert [name for name in fields if PLACES.get(name) not in body and name not in left_out] == []


def test_plain_fields_are_renamed() -> None:
    body = body_of(
        max_tokens=9, temperature=0.5, top_p=0.9, stop=["a", "b"], metadata={"k": "v"}, parallel_tool_calls=True
    )

    assert body["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["a", "b"]}
    assert body["requestMetadata"] == {"k": "v"}


def test_extensions_are_joined_with_the_fields_of_the_request() -> None:
    body = body_of(top_k=5, extensions={"additionalModelRequestFields": {"x": 1}, "serviceTier": {"type": "flex"}})

    assert body["additionalModelRequestFields"] == {"top_k": 5, "x": 1}
    assert body["serviceTier"] == {"type": "flex"}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (CLAUDE, {"top_k": 5}),
        (NOVA, {"inferenceConfig": {"topK": 5}}),
        (MISTRAL, {"top_k": 5}),
        ("cohere.command-r-plus-v1:0", {"k": 5}),
    ],
)
def test_top_k_goes_under_the_name_that_the_model_has_for_it(model: str, fields: dict[str, Any]) -> None:
    assert body_of(model, top_k=5)["additionalModelRequestFields"] == fields


@pytest.mark.parametrize("model", [LLAMA, GPT, PROFILE])
def test_top_k_is_refused_where_no_name_is_known(model: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=r"top_k: .* pass it in extensions under additionalModelRequest"):
        body_of(model, top_k=5)


@pytest.mark.parametrize("model", [OPUS_48, "us.anthropic.claude-sonnet-5-5", "global.openai.gpt-6-sol"])
@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_sampling_is_refused_where_the_model_does_not_accept_it(model: str, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"{field}: the model does not accept it"):
        body_of(model, **{field: 1})


@pytest.mark.parametrize("model", [CLAUDE, HAIKU_3, "anthropic.claude-v2:1", NOVA, GPT, LLAMA, PROFILE])
def test_sampling_is_sent_where_the_model_accepts_it_or_is_unknown(model: str) -> None:
    assert body_of(model, temperature=0.5)["inferenceConfig"] == {"temperature": 0.5}


@pytest.mark.parametrize("choice", ["required", "add"])
def test_a_tool_cannot_be_required_of_a_model_that_always_thinks(choice: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="tool_choice: the model cannot be made to call a tool"):
        body_of("us.anthropic.claude-opus-5-5", tools=TOOLS, tool_choice=choice)


def test_a_schema_is_sent_as_a_string_in_the_subset_that_is_accepted() -> None:
    form = body_of(response_format=CITY)["outputConfig"]["textFormat"]

    structure = form["structure"]["jsonSchema"]
    schema = json.loads(structure["schema"])
    assert form["type"] == "json_schema"
    assert structure["name"] == "city"
    assert schema["properties"]["population"] == {"type": "integer", "description": "minimum: 0"}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("model", [NOVA, LLAMA, "anthropic.claude-3-haiku-20240307-v1:0"])
def test_a_schema_is_refused_where_the_model_is_known_not_to_support_one(model: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="response_format: the model cannot be held to a schema"):
        body_of(model, response_format=CITY)


@pytest.mark.parametrize("model", [CLAUDE, OPUS_48, GPT, PROFILE, "qwen.qwen3-32b-v1:0"])
def test_a_schema_is_sent_where_the_model_supports_it_or_is_unknown(model: str) -> None:
    assert "textFormat" in body_of(model, response_format=CITY)["outputConfig"]


FREE = {"type": "object", "properties": {"counts": {"type": "object", "additionalProperties": {"type": "integer"}}}}


def test_a_schema_with_free_keys_is_refused_since_closing_it_would_empty_it() -> None:
    with pytest.raises(UnsupportedFeatureError, match="response_format: objects must name their properties"):
        body_of(response_format=ResponseFormat(kind="json_schema", schema=FREE))
    with pytest.raises(UnsupportedFeatureError, match="strict: objects must name their properties"):
        body_of(tools=[Tool("f", "F", FREE, strict=True)])
    body, _ = body_and_omissions(tools=[Tool("f", "F", FREE, strict=True)], drop=True)
    assert body["toolConfig"]["tools"][0]["toolSpec"] == {
        "name": "f", "description": "F", "inputSchema": {"json": FREE}
    }  # fmt: skip


def test_a_schema_that_is_not_json_is_an_error_before_anything_is_sent() -> None:
    schema = {"type": "object", "properties": {"a": {"default": object()}}}

    with pytest.raises(InvalidRequestError, match="the schema holds a value that is not JSON"):
        body_of(response_format=ResponseFormat(kind="json_schema", schema=schema))


def test_json_without_a_schema_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="response_format: there is no json_object mode"):
        body_of(response_format=ResponseFormat(kind="json_object"))


def test_a_value_that_requests_the_default_behaviour_is_accepted() -> None:
    assert body_and_omissions(n=1, logprobs=False, parallel_tool_calls=True)[1] == []


@pytest.mark.parametrize(
    ("choice", "sent"),
    [(None, None), ("auto", {"auto": {}}), ("required", {"any": {}}), (NamedTool("add"), {"tool": {"name": "add"}})],
)
def test_a_tool_choice_is_encoded(choice: Any, sent: Any) -> None:
    assert body_of(tools=TOOLS, tool_choice=choice)["toolConfig"].get("toolChoice") == sent


def test_no_tools_are_named_when_none_may_be_called() -> None:
    assert "toolConfig" not in body_of(tools=TOOLS, tool_choice="none")


def test_tools_cannot_be_switched_off_while_the_messages_hold_calls() -> None:
    messages = [Message.user("a"), Message.assistant(tool_calls=[ToolCall("c1", "add")]), Message.tool("c1", "1")]

    with pytest.raises(UnsupportedFeatureError, match="tool_choice: tools cannot be switched off"):
        body_of(messages=messages, tools=TOOLS, tool_choice="none")
    body, left_out = body_and_omissions(messages=messages, tools=TOOLS, tool_choice="none", drop=True)
    assert len(body["toolConfig"]["tools"]) == 2
    assert "toolChoice" not in body["toolConfig"]
    assert left_out == ["tool_choice"]


@pytest.mark.parametrize("description", [None, ""])
def test_an_empty_description_is_left_out(description: str | None) -> None:
    spec = body_of(tools=[Tool("now", description)])["toolConfig"]["tools"][0]["toolSpec"]

    assert spec == {"name": "now", "inputSchema": {"json": {"type": "object", "properties": {}}}}


def test_only_a_strict_tools_schema_is_rewritten() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}}

    strict, plain = (
        body_of(tools=[Tool("f", "F", schema, strict=strict)])["toolConfig"]["tools"][0]["toolSpec"]
        for strict in (True, False)
    )

    assert (strict["strict"], plain["strict"]) == (True, False)
    assert strict["inputSchema"]["json"] == {
        "type": "object", "properties": {"n": {"type": "integer", "description": "minimum: 0"}},
        "additionalProperties": False,
    }  # fmt: skip
    assert plain["inputSchema"]["json"] == schema


def test_parallel_calls_cannot_be_switched_off() -> None:
    with pytest.raises(UnsupportedFeatureError, match="parallel_tool_calls"):
        body_of(tools=TOOLS, parallel_tool_calls=False)


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"messages": Message.user("hi", Image.from_bytes(b"x", "image/tiff"))}, "image content"),
        ({"messages": Message.user("hi", Image.from_url("https://example.com/a.png"))}, "image url"),
        ({"messages": [Message.user("hi"), Message.assistant(PNG)]}, "image content"),
        ({"reasoning": "low", "model": LLAMA}, "reasoning"),
        ({"reasoning": 2000, "model": GPT}, "reasoning"),
        ({"reasoning": "somewhat"}, "reasoning"),
        ({"reasoning": "somewhat", "model": OPUS_48}, "reasoning"),
        ({"reasoning": "none", "model": "us.anthropic.claude-opus-5-5"}, "reasoning"),
        ({"reasoning": 5000, "model": NOVA}, "reasoning"),
        ({"temperature": 0.5, "top_k": 5, "model": OPUS_48}, "temperature"),
    ],
)
def test_what_is_left_out_leaves_nothing_in_the_body(fields: dict[str, Any], left_out: str) -> None:
    model = fields.pop("model", CLAUDE)

    body, omissions = body_and_omissions(model, drop=True, **fields)

    assert omissions[0] == left_out
    assert body == {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
