"""Bedrock Converse: bodies beside botocore's service model, tables of models, and what goes back unchanged."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.dialects.bedrock_converse.quirks import Quirks
from ai_lib.providers.dialects.bedrock_converse.reasoning import MODES
from ai_lib.providers.registry import get_config, load_dialect
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, CITY, PDF, PNG, SCENARIOS, TOOLS, WAV
from tests.support.strategies import requests
from tests.support.wire_cases import Case, adapter_for, cases_of, fold, replay

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NEWER = "global.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-2-lite-v1:0"
MISTRAL = "mistral.mistral-large-2407-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama4-scout-17b-instruct-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
ADAPTER = adapter_for("bedrock")


def asked(model: str = CLAUDE, *, drop: bool = False, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the body, and the names of what was left out."""
    request = ChatCompletionRequest(**{"messages": "hi", "model": model, **fields})
    sent, left_out = ADAPTER.chat_request(request, stream=False, on_unsupported="drop" if drop else "raise")
    assert sent.body is not None
    return json.loads(sent.body), [reason.partition(":")[0] for reason in left_out]


def body_of(model: str = CLAUDE, **fields: Any) -> dict[str, Any]:
    return asked(model, **fields)[0]


def turns(*messages: Message, model: str = CLAUDE, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(model, messages=messages, **fields)["messages"]
    return found


def content(*parts: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = turns(Message.user(*parts))[0]["content"]
    return found


# --- the address --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "escaped"),
    [
        (CLAUDE, "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"),
        (PROFILE, "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123"),
    ],
)
@pytest.mark.parametrize(("stream", "path"), [(False, "converse"), (True, "converse-stream")])
def test_the_model_stands_escaped_in_the_address_and_not_in_the_body(
    model: str, escaped: str, stream: bool, path: str
) -> None:
    sent, _ = ADAPTER.chat_request(ChatCompletionRequest(messages="hi", model=model), stream=stream)

    assert sent.url.endswith(f"/model/{escaped}/{path}")
    assert json.loads(sent.body or b"") == {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    assert (sent.headers["Accept"] == "application/vnd.amazon.eventstream") is stream


# --- botocore's service model ---------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("model", [CLAUDE, NEWER, NOVA, MISTRAL, GPT])
@pytest.mark.parametrize("situation", sorted(SCENARIOS))
@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_botocore_would_send_our_body(report: Any, model: str, situation: str, operation: str) -> None:
    body, _ = asked(model, drop=True, **SCENARIOS[situation])

    assert report(body, operation) == ""


@settings(deadline=None, max_examples=80)
@given(request=requests, model=st.sampled_from([CLAUDE, NEWER, NOVA, MISTRAL, GPT, LLAMA]))
def test_botocore_would_send_whatever_is_asked(report: Any, request: ChatCompletionRequest, model: str) -> None:
    asked_something = [Message.user("hi"), *request.messages]
    request = attrs.evolve(
        request,
        messages=asked_something,
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


def test_botocore_knows_every_format_that_is_sent() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    service = session.get_service_model("bedrock-runtime")
    from ai_lib.providers.dialects.bedrock_converse.parts import FORMATS

    for kind, known in FORMATS.items():
        assert set(known.values()) <= set(service.shape_for(f"{kind.title()}Format").enum)


# --- every field ----------------------------------------------------------------------------------------------------

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
@given(chosen=st.sets(st.sampled_from(sorted(FIELDS))), model=st.sampled_from([CLAUDE, NEWER, NOVA, LLAMA]))
def test_every_field_reaches_the_wire_or_is_reported(chosen: set[str], model: str) -> None:
    fields = {name: FIELDS[name] for name in chosen | ({"tools"} if "tool_choice" in chosen else set())}

    body, left_out = asked(model, drop=True, **fields)

    assert [name for name in fields if PLACES.get(name) not in body and name not in left_out] == []


def test_all_plain_fields_go_under_their_names() -> None:
    body = body_of(
        max_tokens=9, temperature=0.5, top_p=0.9, stop=["a", "b"], metadata={"k": "v"}, parallel_tool_calls=True
    )

    assert body["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["a", "b"]}
    assert body["requestMetadata"] == {"k": "v"}


def test_extensions_join_what_the_request_makes() -> None:
    body = body_of(top_k=5, extensions={"additionalModelRequestFields": {"x": 1}, "serviceTier": {"type": "flex"}})

    assert body["additionalModelRequestFields"] == {"top_k": 5, "x": 1}
    assert body["serviceTier"] == {"type": "flex"}


# --- tables of models -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (CLAUDE, {"top_k": 5}),
        (NOVA, {"inferenceConfig": {"topK": 5}}),
        (MISTRAL, {"top_k": 5}),
        ("cohere.command-r-plus-v1:0", {"k": 5}),
    ],
)
def test_top_k_goes_under_the_models_own_name(model: str, fields: dict[str, Any]) -> None:
    assert body_of(model, top_k=5)["additionalModelRequestFields"] == fields


@pytest.mark.parametrize("model", [LLAMA, GPT, PROFILE])
def test_top_k_is_refused_where_no_name_is_known(model: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=r"top_k: .* pass it in extensions under additionalModelRequest"):
        body_of(model, top_k=5)


def budget(tokens: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def nova(**told: str) -> dict[str, Any]:
    return {"reasoningConfig": told}


OFF = {"thinking": {"type": "disabled"}}
ADAPTIVE = {"thinking": {"type": "adaptive", "display": "summarized"}}
HAIKU_3 = "anthropic.claude-3-haiku-20240307-v1:0"
OPUS_46 = "us.anthropic.claude-opus-4-6-v1"


@pytest.mark.parametrize(
    ("model", "reasoning", "more", "output"),
    [
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "low", budget(6400), None),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "low", budget(3200), None),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "low", budget(6400), None),
        (CLAUDE, "low", budget(6400), None),
        (CLAUDE, "enabled", budget(19200), None),
        (CLAUDE, 2000, budget(2000), None),
        (CLAUDE, "none", OFF, None),
        (CLAUDE, 0, OFF, None),
        (OPUS_46, "max", ADAPTIVE, {"effort": "max"}),
        (OPUS_46, 2000, budget(2000), None),
        (OPUS_46, 0, OFF, None),
        (NEWER, "high", ADAPTIVE, {"effort": "high"}),
        (NEWER, "enabled", ADAPTIVE, None),
        (NEWER, "disabled", OFF, None),
        (NEWER, 0, OFF, None),
        ("us.anthropic.claude-sonnet-5-5", "low", ADAPTIVE, {"effort": "low"}),
        ("us.anthropic.claude-sonnet-5-5", "none", {"thinking": {"type": "between_tools"}}, None),
        (NOVA, "medium", nova(type="enabled", maxReasoningEffort="medium"), None),
        (NOVA, "enabled", nova(type="enabled"), None),
        (NOVA, "none", nova(type="disabled"), None),
        (NOVA, 0, nova(type="disabled"), None),
        (GPT, "low", {"reasoning_effort": "low"}, None),
    ],
)
def test_reasoning_is_asked_for_as_the_model_knows_it(
    model: str, reasoning: str | int, more: dict[str, Any], output: dict[str, Any] | None
) -> None:
    body = body_of(model, reasoning=reasoning)

    assert body["additionalModelRequestFields"] == more
    assert body.get("outputConfig") == output


@pytest.mark.parametrize(
    ("model", "reasoning", "reason"),
    [
        (LLAMA, "low", "pass that in extensions"),
        (HAIKU_3, "low", "pass that in extensions"),
        ("us.amazon.nova-pro-v1:0", "low", "pass that in extensions"),
        (CLAUDE, "somewhat", "supports only low, medium, enabled, high, xhigh, max, none or a number"),
        (NEWER, 2000, "supports only low, medium, high, xhigh, max, enabled and none, not 2000"),
        (NEWER, "minimal", "supports only low"),
        (NOVA, 2000, "supports only low, medium, high, enabled and none"),
        (NOVA, "max", "supports only low, medium, high, enabled and none"),
        (GPT, 2000, "takes an effort such as 'low', not a number"),
        ("us.anthropic.claude-opus-5-5", "none", "the model always thinks"),
    ],
)
def test_reasoning_that_a_model_cannot_be_asked_for_is_refused(model: str, reasoning: Any, reason: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"reasoning: .*{reason}"):
        body_of(model, reasoning=reasoning)


@pytest.mark.parametrize(("max_tokens", "tokens"), [(20000, 12000), (1100, 1024)])
def test_an_effort_is_worth_a_share_of_the_answer_and_never_less_than_the_model_takes(
    max_tokens: int, tokens: int
) -> None:
    body = body_of(reasoning="high", max_tokens=max_tokens)

    assert body["additionalModelRequestFields"] == budget(tokens)
    assert body["inferenceConfig"] == {"maxTokens": max_tokens}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reasoning": 100}, "reasoning must be at least 1024 tokens, got 100"),
        ({"reasoning": 5000, "max_tokens": 3000}, r"max_tokens \(3000\) must exceed the tokens for reasoning \(5000\)"),
        (
            {"reasoning": "low", "max_tokens": 1000},
            r"max_tokens \(1000\) must exceed the tokens for reasoning \(1024\)",
        ),
    ],
)
def test_limits_that_do_not_go_together_are_an_error_before_anything_is_sent(fields: Any, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        body_of(**fields)


@pytest.mark.parametrize("model", [NEWER, "us.anthropic.claude-sonnet-5-5", "global.openai.gpt-6-sol"])
@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_sampling_is_refused_where_the_model_takes_none(model: str, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"{field}: the model does not accept it"):
        body_of(model, **{field: 1})


@pytest.mark.parametrize("model", [CLAUDE, HAIKU_3, "anthropic.claude-v2:1", NOVA, GPT, LLAMA, PROFILE])
def test_sampling_goes_along_where_the_model_takes_it_or_is_not_known(model: str) -> None:
    assert body_of(model, temperature=0.5)["inferenceConfig"] == {"temperature": 0.5}


@pytest.mark.parametrize("choice", ["required", "add"])
def test_a_tool_cannot_be_required_of_a_model_that_always_thinks(choice: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="tool_choice: the model cannot be made to call a tool"):
        body_of("us.anthropic.claude-opus-5-5", tools=TOOLS, tool_choice=choice)


def test_the_configurations_tables_name_only_what_exists() -> None:
    quirks: Quirks = load_dialect("bedrock_converse").quirks(get_config("bedrock").quirks)

    assert set(quirks.reasoning.values()) <= MODES
    assert all(isinstance(value, bool) for table in (quirks.json_schema, quirks.tool_status, quirks.short_ids)
               for value in table.values())  # fmt: skip


def test_a_schema_goes_as_text_in_the_form_that_is_taken() -> None:
    form = body_of(response_format=CITY)["outputConfig"]["textFormat"]

    structure = form["structure"]["jsonSchema"]
    schema = json.loads(structure["schema"])
    assert form["type"] == "json_schema"
    assert structure["name"] == "city"
    assert schema["properties"]["population"] == {"type": "integer", "description": "minimum: 0"}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("model", [NOVA, LLAMA, "anthropic.claude-3-haiku-20240307-v1:0"])
def test_a_schema_is_refused_where_the_model_is_known_not_to_keep_one(model: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="response_format: the model cannot be held to a schema"):
        body_of(model, response_format=CITY)


@pytest.mark.parametrize("model", [CLAUDE, NEWER, GPT, PROFILE, "qwen.qwen3-32b-v1:0"])
def test_a_schema_is_sent_where_the_model_keeps_it_or_is_not_known(model: str) -> None:
    assert "textFormat" in body_of(model, response_format=CITY)["outputConfig"]


FREE = {"type": "object", "properties": {"counts": {"type": "object", "additionalProperties": {"type": "integer"}}}}


def test_a_schema_with_free_keys_is_refused_for_closing_it_would_leave_it_empty() -> None:
    with pytest.raises(UnsupportedFeatureError, match="response_format: objects must name their properties"):
        body_of(response_format=ResponseFormat(kind="json_schema", schema=FREE))
    with pytest.raises(UnsupportedFeatureError, match="strict: objects must name their properties"):
        body_of(tools=[Tool("f", "F", FREE, strict=True)])
    body, _ = asked(tools=[Tool("f", "F", FREE, strict=True)], drop=True)
    assert body["toolConfig"]["tools"][0]["toolSpec"] == {
        "name": "f", "description": "F", "inputSchema": {"json": FREE}
    }  # fmt: skip


def test_a_schema_without_a_json_form_is_an_error_before_anything_is_sent() -> None:
    schema = {"type": "object", "properties": {"a": {"default": object()}}}

    with pytest.raises(InvalidRequestError, match="the schema holds a value that is not JSON"):
        body_of(response_format=ResponseFormat(kind="json_schema", schema=schema))


def test_json_without_a_schema_has_no_form() -> None:
    with pytest.raises(UnsupportedFeatureError, match="response_format: there is no json_object mode"):
        body_of(response_format=ResponseFormat(kind="json_object"))


def test_only_models_that_know_it_are_told_that_a_tool_failed() -> None:
    failed = Message.tool("c1", "boom", is_error=True)

    def result(model: str) -> Any:
        return turns(Message.user("hi"), failed, model=model)[0]["content"][1]["toolResult"]

    assert result(CLAUDE)["status"] == result(NOVA)["status"] == "error"
    assert "status" not in result(LLAMA)


# --- messages -----------------------------------------------------------------------------------------------------------


def test_system_messages_stand_above_the_conversation_wherever_they_were() -> None:
    body = body_of(messages=[Message.system("A"), Message.user("hi"), Message.system("B", Json({"c": 1}))])

    assert body["system"] == [{"text": "A"}, {"text": "B"}, {"text": '{"c":1}'}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "hi"}]}]


def test_neighbours_of_one_role_become_one_turn_with_the_results_of_all_calls() -> None:
    call = ToolCall("c1", "add", '{"a":1}')
    found = turns(
        Message.user("a"), Message.user("b"), Message.assistant("x", tool_calls=[call, attrs.evolve(call, id="c2")]),
        Message.tool("c1", "1"), Message.tool("c2", Json([2])), Message.user("and?"), tools=TOOLS,
    )  # fmt: skip

    assert [turn["role"] for turn in found] == ["user", "assistant", "user"]
    assert found[0]["content"] == [{"text": "a"}, {"text": "b"}]
    assert [next(iter(block)) for block in found[2]["content"]] == ["toolResult", "toolResult", "text"]
    assert found[2]["content"][1] == {"toolResult": {"toolUseId": "c2", "content": [{"text": "[2]"}]}}


def test_system_messages_alone_are_no_conversation() -> None:
    with pytest.raises(InvalidRequestError, match="messages must not consist of system messages only"):
        turns(Message.system("A"), Message.assistant(""))


def test_what_asks_for_what_is_so_anyway_is_not_refused() -> None:
    assert asked(n=1, logprobs=False, parallel_tool_calls=True)[1] == []


def test_blocks_and_turns_without_content_are_left_out() -> None:
    found = turns(Message.user("", "a"), Message.assistant(""), Message.user("b"))

    assert found == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_text_arrives_as_it_was_given(text: str) -> None:
    assert content(text) == [{"text": text}]


@pytest.mark.parametrize("arguments", ["[1]", '{"a":', "null", '"x"'])
def test_arguments_that_are_no_object_go_back_as_the_text_they_are(arguments: str) -> None:
    found = turns(Message.user("a"), Message.assistant(tool_calls=[ToolCall("c1", "add", arguments)]), tools=TOOLS)

    assert found[1]["content"][0]["toolUse"]["input"] == {"INVALID_JSON": arguments}


@pytest.mark.parametrize(
    ("model", "call_id", "sent"),
    [
        (CLAUDE, "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"),
        (CLAUDE, "call:1.a-b_c", "call:1.a-b_c"),
        (MISTRAL, "abcDEF123", "abcDEF123"),
    ],
)
def test_an_id_that_the_model_takes_stays(model: str, call_id: str, sent: str) -> None:
    found = turns(Message.user("a"), Message.assistant(tool_calls=[ToolCall(call_id, "add")]), model=model, tools=TOOLS)

    assert found[1]["content"][0]["toolUse"]["toolUseId"] == sent


@pytest.mark.parametrize(
    ("model", "call_id"),
    [(MISTRAL, "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"), (CLAUDE, "a" * 65), (CLAUDE, "ö b"), (CLAUDE, "")],
)
def test_an_id_that_the_model_does_not_take_becomes_a_short_one_in_call_and_result(model: str, call_id: str) -> None:
    found = turns(
        Message.user("a"), Message.assistant(tool_calls=[ToolCall(call_id, "add")]), Message.tool(call_id or "x", "1"),
        model=model, tools=TOOLS,
    )  # fmt: skip

    sent = found[1]["content"][0]["toolUse"]["toolUseId"]
    assert len(sent) == 9
    assert sent.isalnum()
    assert not call_id or found[2]["content"][0]["toolResult"]["toolUseId"] == sent


def test_a_name_is_refused_but_not_that_of_a_tool() -> None:
    with pytest.raises(UnsupportedFeatureError, match="name: messages do not carry the speaker's name"):
        turns(Message.user("hi", name="Ada"))
    assert turns(Message.tool("c1", "1", name="add"))


def test_a_refusal_of_the_model_is_what_it_said() -> None:
    message = attrs.evolve(Message.assistant(), refusal="I would rather not.")

    assert turns(Message.user("a"), message)[1]["content"] == [{"text": "I would rather not."}]


# --- media ------------------------------------------------------------------------------------------------------------------


def test_media_go_as_bytes_with_their_format() -> None:
    notes = Document.from_bytes(b"hi", "text/markdown", name="My notes (v1).final.md")

    assert content(PNG, WAV, PDF, notes) == [
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
        {"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}},
        {"document": {"format": "pdf", "name": "doc", "source": {"bytes": "JVBERi0xLjQK"}}},
        {"document": {"format": "md", "name": "My notes (v1) final", "source": {"bytes": "aGk="}}},
    ]


def test_objects_in_s3_go_by_their_address_with_the_format_of_their_ending_or_type() -> None:
    found = content(
        Image.from_file_id("s3://bucket/cat.JPG"), Image.from_file_id("s3://bucket/x", media_type="image/webp"),
        Document.from_file_id("s3://bucket/a.b/report.pdf"),
    )  # fmt: skip

    assert found == [
        {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/cat.JPG"}}}},
        {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/x"}}}},
        {"document": {"format": "pdf", "name": "document", "source": {"s3Location": {"uri": "s3://bucket/a.b/report.pdf"}}}},
    ]  # fmt: skip


NAMES = st.text(max_size=300)


@settings(deadline=None, max_examples=80)
@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_names_of_documents_hold_only_what_is_allowed_and_differ(names: list[str]) -> None:
    parts = [Document.from_bytes(b"x", "text/plain", name=name) for name in [*names, *names]]

    sent = [block["document"]["name"] for block in content(*parts)]

    assert len(set(sent)) == len(sent)
    assert all(0 < len(name) <= 200 and "  " not in name for name in sent)
    assert all(char.isascii() and (char.isalnum() or char in " -()[]") for name in sent for char in name)


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (Image.from_url("https://example.com/cat.png"), "image url"),
        (Document.from_url("https://example.com/a.pdf"), "document url"),
        (Audio.from_url("https://example.com/a.wav"), "audio url"),
        (Image.from_file_id("file-1"), "image file_id"),
        (Image.from_bytes(b"x", "image/tiff"), "image content"),
        (Image.from_file_id("s3://bucket/cat"), "image content"),
        (Document.from_bytes(b"x", "application/zip"), "document content"),
        (Audio.from_bytes(b"x", "audio/midi"), "audio content"),
        (attrs.evolve(PNG, detail="low"), "image detail"),
    ],
)
def test_media_without_a_form_are_refused(part: Any, field: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"support {field}:"):
        content(part)


@pytest.mark.parametrize("message", [Message.system(PNG), Message.assistant(PNG)])
def test_media_outside_user_messages_are_refused(message: Message) -> None:
    with pytest.raises(UnsupportedFeatureError, match=r"image content: .* is text"):
        turns(Message.user("a"), message)


def test_a_tools_result_may_hold_images_and_documents_but_no_sound() -> None:
    found = turns(Message.user("a"), Message.tool("c1", PNG, PDF, Json({"a": 1}), "x"))[0]["content"][1]["toolResult"]

    assert [next(iter(block)) for block in found["content"]] == ["image", "document", "json", "text"]
    with pytest.raises(UnsupportedFeatureError, match="media in a tool's result"):
        turns(Message.user("a"), Message.tool("c1", WAV))


# --- the cache ------------------------------------------------------------------------------------------------------------------

POINT = {"cachePoint": {"type": "default"}}
LONG = {"cachePoint": {"type": "default", "ttl": "1h"}}


def test_marks_become_cache_points_after_what_is_marked() -> None:
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


# --- tools ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "sent"),
    [(None, None), ("auto", {"auto": {}}), ("required", {"any": {}}), (NamedTool("add"), {"tool": {"name": "add"}})],
)
def test_choices_of_tools_have_their_forms(choice: Any, sent: Any) -> None:
    assert body_of(tools=TOOLS, tool_choice=choice)["toolConfig"].get("toolChoice") == sent


def test_no_tools_are_named_when_none_may_be_called() -> None:
    assert "toolConfig" not in body_of(tools=TOOLS, tool_choice="none")


def test_tools_cannot_be_switched_off_while_the_messages_hold_calls() -> None:
    messages = [Message.user("a"), Message.assistant(tool_calls=[ToolCall("c1", "add")]), Message.tool("c1", "1")]

    with pytest.raises(UnsupportedFeatureError, match="tool_choice: tools cannot be switched off"):
        body_of(messages=messages, tools=TOOLS, tool_choice="none")
    body, left_out = asked(messages=messages, tools=TOOLS, tool_choice="none", drop=True)
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


# --- what goes back unchanged -------------------------------------------------------------------------------------------------


def case(name: str) -> Case:
    return next(found for found in cases_of("bedrock_converse", "whole", "stream") if found.name == name)


def answered(name: str) -> Message:
    found = case(name)
    if found.kind == "whole":
        return ADAPTER.decode(found.http).message
    chunks, error = replay(ADAPTER, [found.body])
    assert error is None
    return fold(chunks).message


SIGNED = "written-signed-reasoning-and-calls"
RESULTS = [Message.tool("tooluse_1", "1"), Message.tool("tooluse_2", "2")]
KEPT = case(SIGNED).expected["provider_data"]["bedrock"]["content"]


def returned(message: Message, model: str = CLAUDE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = turns(Message.user("a"), message, *RESULTS, model=model, tools=TOOLS)[1]["content"]
    return found


@pytest.mark.parametrize("name", [SIGNED, f"{SIGNED}-stream"])
def test_signed_reasoning_goes_back_unchanged_and_in_its_place(name: str) -> None:
    assert returned(answered(name)) == KEPT


@pytest.mark.parametrize("name", ["written-server-tool", "written-server-tool-stream"])
def test_what_a_server_tool_did_goes_back(name: str) -> None:
    assert returned(answered(name)) == case(name).expected["provider_data"]["bedrock"]["content"]


@pytest.mark.parametrize(
    "name",
    ["amazon-bedrock-reasoning", "amazon-bedrock-reasoning-stream", "amazon-bedrock-inline-reasoning-signature",
     "amazon-bedrock-inline-reasoning-redacted", "amazon-bedrock-inline-reasoning-multiple"],
)  # fmt: skip
def test_recorded_reasoning_goes_back_in_front_of_its_text(name: str) -> None:
    message = answered(name)

    sent = returned(message)

    assert "reasoningContent" in sent[0]
    assert sent[-1]["text"] == message.text


def test_a_recorded_thought_in_a_stream_goes_back_like_that_of_a_whole_answer() -> None:
    whole, stream = (returned(answered(f"amazon-bedrock-reasoning{kind}")) for kind in ("", "-stream"))

    assert [sorted(block) for block in whole] == [sorted(block) for block in stream]
    assert all(sent[0]["reasoningContent"]["reasoningText"]["signature"] for sent in (whole, stream))


@pytest.mark.parametrize("name", ["written-unsigned-reasoning", "written-unsigned-reasoning-stream"])
def test_reasoning_without_a_signature_does_not_go_back(name: str) -> None:
    assert returned(answered(name)) == [{"text": "Yes."}]


def test_of_a_message_with_changed_text_only_the_reasoning_goes_back() -> None:
    message = attrs.evolve(answered(SIGNED), content="Other words.")

    assert returned(message) == [KEPT[0], KEPT[1], KEPT[4], {"text": "Other words."}, KEPT[3], KEPT[5]]


def test_of_a_message_with_changed_calls_only_the_reasoning_goes_back() -> None:
    message = answered(SIGNED)
    message = attrs.evolve(message, tool_calls=[attrs.evolve(message.tool_calls[0], arguments_json='{"a":2}')])

    sent = returned(message)

    assert [block for block in sent if "reasoningContent" in block] == [KEPT[0], KEPT[1], KEPT[4]]
    assert [block["toolUse"]["input"] for block in sent if "toolUse" in block] == [{"a": 2}]


def test_a_mark_for_the_cache_does_not_disturb_what_goes_back() -> None:
    message = answered(SIGNED)

    assert returned(attrs.evolve(message, content=[Text(message.text, cache="5m")])) == [*KEPT, POINT]


def test_what_another_provider_kept_stays_here() -> None:
    message = attrs.evolve(answered(SIGNED), provider_data={"anthropic": {"content": KEPT}})

    assert [next(iter(block)) for block in returned(message)] == ["text", "toolUse", "toolUse"]


# --- reading ------------------------------------------------------------------------------------------------------------------


def test_a_citation_spans_the_text_of_its_block() -> None:
    for name in ("written-citations", "written-citations-stream"):
        message = answered(name)

        assert {message.text[cited.start : cited.end] for cited in message.citations} == {"it is blue"}
        assert [cited.url for cited in message.citations] == [None, "https://example.com/sky"]
        assert all(cited.data for cited in message.citations)


def test_a_stream_is_over_with_its_usage_and_waits_for_nothing_more() -> None:
    events = iter(
        ['{"messageStop":{"stopReason":"end_turn"}}', '{"metadata":{"usage":{"inputTokens":1}}}', "never read"]
    )

    chunks: list[ChatCompletionChunk] = list(ADAPTER.decode_stream(events))

    assert chunks[-1].usage is not None
    assert next(events) == "never read"


def test_models_are_read_from_both_lists() -> None:
    models = {"modelSummaries": [{"modelId": "a.b", "modelName": "B", "providerName": "A"}, {}]}
    profiles = {"inferenceProfileSummaries": [{"inferenceProfileId": "us.a.b", "inferenceProfileName": "US B"}]}

    found = [
        ADAPTER.decode_models(HttpResponse(status=200, body=json.dumps(body).encode())) for body in (models, profiles)
    ]

    assert [[(model.id, model.name, model.owned_by) for model in some] for some in found] == [
        [("a.b", "B", "A")],
        [("us.a.b", "US B", None)],
    ]


# --- what is left out on request ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"messages": Message.user("hi", Image.from_bytes(b"x", "image/tiff"))}, "image content"),
        ({"messages": Message.user("hi", Image.from_url("https://example.com/a.png"))}, "image url"),
        ({"messages": [Message.user("hi"), Message.assistant(PNG)]}, "image content"),
        ({"reasoning": "somewhat"}, "reasoning"),
        ({"reasoning": "somewhat", "model": NEWER}, "reasoning"),
        ({"reasoning": "none", "model": "us.anthropic.claude-opus-5-5"}, "reasoning"),
        ({"reasoning": 5000, "model": NOVA}, "reasoning"),
        ({"temperature": 0.5, "top_k": 5, "model": NEWER}, "temperature"),
    ],
)
def test_what_is_left_out_leaves_no_trace(fields: dict[str, Any], left_out: str) -> None:
    model = fields.pop("model", CLAUDE)

    body, told = asked(model, drop=True, **fields)

    assert told[0] == left_out
    assert body == {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
