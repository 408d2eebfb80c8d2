"""Bodies of the Messages API: every field, what each model takes, how a conversation is laid out."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import ConfigurationError, InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import get_config, load_dialect, load_operation
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall
from ai_lib.types.wire import HttpRequest
from tests.support.scenarios import ADD, GET_TIME, PDF, PNG, SCENARIOS, TOOLS, WAV
from tests.support.strategies import REQUEST_FIELDS
from tests.support.wire_cases import BASE_URL, KEY, adapter_for

HAIKU_3, SONNET_4_5, OPUS_4_6, OPUS_4_7 = (
    "claude-3-haiku-20240307",
    "claude-sonnet-4-5",
    "claude-opus-4-6",
    "claude-opus-4-7",
)
OPUS_4_8, SONNET_5_5, OPUS_5_5 = "claude-opus-4-8", "claude-sonnet-5-5", "claude-opus-5-5"


def adapter_with(**quirks: Any) -> ProviderAdapter:
    config = ProviderConfig("wire", base_url=BASE_URL, dialect="anthropic", chat_path="/v1/messages", quirks=quirks)
    return ProviderAdapter(config=config, dialect=load_dialect("anthropic"), base_url=BASE_URL)


def sent(
    adapter: ProviderAdapter | None = None, *, stream: bool = False, **fields: Any
) -> tuple[HttpRequest, list[str]]:
    request = ChatCompletionRequest(**{"model": SONNET_4_5, "messages": "hi", **fields})
    prepared, left_out = (adapter or adapter_for("anthropic")).chat_request(
        request, stream=stream, on_unsupported="drop"
    )
    return prepared, [reason.partition(":")[0] for reason in left_out]


def body_of(adapter: ProviderAdapter | None = None, **fields: Any) -> dict[str, Any]:
    prepared, left_out = sent(adapter, **fields)
    assert left_out == []
    body: dict[str, Any] = json.loads(prepared.body or b"")
    return body


def refused(adapter: ProviderAdapter | None = None, **fields: Any) -> str:
    request = ChatCompletionRequest(**{"model": SONNET_4_5, "messages": "hi", **fields})
    with pytest.raises(UnsupportedFeatureError) as caught:
        (adapter or adapter_for("anthropic")).chat_request(request, stream=False)
    return caught.value.message


def turns_of(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(messages=list(messages), **fields)["messages"]
    return found


# --- every field -------------------------------------------------------------------------------------------------

FIELDS = {
    **REQUEST_FIELDS,
    "model": st.sampled_from([HAIKU_3, SONNET_4_5, OPUS_4_6, OPUS_4_7, SONNET_5_5, OPUS_5_5, "of-another"]),
    "temperature": st.floats(0, 1),
    "max_tokens": st.integers(4096, 10**6),
    "n": st.integers(2, 8),
    "logprobs": st.just(True),
    "reasoning": st.one_of(st.sampled_from(["low", "high", "enabled", "some"]), st.integers(1024, 2048)),
}
NAMES = {
    "stop": {"stop_sequences"},
    "reasoning": {"thinking"},
    "user": {"metadata"},
    "response_format": {"output_config"},
    "parallel_tool_calls": {"tool_choice"},
}
NEEDED = {"tool_choice": {"tools": TOOLS}, "parallel_tool_calls": {"tools": TOOLS}}


def test_every_field_of_a_request_has_a_strategy_here() -> None:
    assert set(FIELDS) == set(attrs.fields_dict(ChatCompletionRequest))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_every_field_reaches_the_wire_or_is_reported(data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=12)) | {"messages", "model"}
    fields = {name: data.draw(FIELDS[name], label=name) for name in sorted(chosen)}
    for name in chosen:
        fields.update(NEEDED.get(name, {}))

    prepared, reported = sent(**fields)

    body = json.loads(prepared.body or b"")
    own = {**NAMES, "extensions": set(fields.get("extensions", ()))}
    assert [name for name in fields if not own.get(name, {name}) & set(body) and name not in reported] == []
    assert "metadata" not in body or body["metadata"] == {"user_id": fields["user"]}


def test_a_request_without_options_has_a_model_a_limit_and_messages() -> None:
    assert body_of() == {
        "model": SONNET_4_5,
        "max_tokens": 64000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }


@pytest.mark.parametrize(
    "fields",
    [{"n": 1}, {"logprobs": False}, {"metadata": {}}, {"logit_bias": {}}],
    ids=lambda fields: next(iter(fields)),
)
def test_what_asks_for_nothing_is_no_reason_to_refuse(fields: dict[str, Any]) -> None:
    assert body_of(**fields) == body_of()


def test_the_fields_that_have_other_names_here_are_renamed() -> None:
    body = body_of(stop="END", user="u1", temperature=0.3, top_k=4)

    assert (body["stop_sequences"], body["metadata"], body["temperature"], body["top_k"]) == (
        ["END"], {"user_id": "u1"}, 0.3, 4,
    )  # fmt: skip


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k", "stop", "user", "parallel_tool_calls"])
def test_a_field_that_a_provider_rejects_is_refused(field: str) -> None:
    value = {"stop": "x", "user": "u", "parallel_tool_calls": False}.get(field, 1)

    told = refused(adapter_with(rejects=[field]), **{**NEEDED.get(field, {}), field: value})

    assert f"does not support {field}: the provider does not accept it" in told


def test_an_unknown_quirk_is_named() -> None:
    with pytest.raises(ConfigurationError, match="unknown quirk of dialect anthropic: sparkle"):
        adapter_with(sparkle=True)


# --- other hosts ---------------------------------------------------------------------------------------------------


def test_a_host_that_has_the_model_in_its_address_gets_a_version_in_its_place() -> None:
    vertex = adapter_with(model_in_body=False, fixed={"anthropic_version": "vertex-2023-10-16"})

    body = body_of(vertex, stream=True)

    assert "model" not in body
    assert (body["anthropic_version"], body["stream"]) == ("vertex-2023-10-16", True)


def test_a_host_that_streams_by_its_address_gets_no_flag() -> None:
    assert "stream" not in body_of(adapter_with(stream_in_body=False), stream=True)


def test_the_version_of_the_api_goes_with_every_request() -> None:
    config = get_config("anthropic")
    adapter = ProviderAdapter(
        config=config, dialect=load_dialect("anthropic"), base_url=config.base_url, api_key=KEY, headers=config.headers
    )

    prepared, _ = sent(adapter)

    assert prepared.url == "https://api.anthropic.com/v1/messages"
    assert prepared.headers["anthropic-version"] == "2023-06-01"
    assert prepared.headers["x-api-key"] == KEY
    assert "anthropic-beta" not in prepared.headers


@pytest.mark.parametrize(
    "message",
    [
        Message.user("?", Document.from_file_id("file_1")),
        Message.user("?", Image.from_file_id("file_1")),
    ],
    ids=["document", "image"],
)
def test_a_file_named_by_id_brings_the_header_of_its_beta(message: Message) -> None:
    prepared, _ = sent(messages=[message])

    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"


def test_a_file_in_a_tools_result_brings_the_header_too() -> None:
    call = Message.assistant(tool_calls=[ToolCall("c1", "scan")])

    prepared, _ = sent(messages=[Message.user("?"), call, Message.tool("c1", Image.from_file_id("file_1"))])

    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"


def test_the_users_own_beta_headers_are_joined_to_it() -> None:
    adapter = attrs.evolve(adapter_for("anthropic"), headers={"Anthropic-Beta": "context-1m-2025-08-07"})

    prepared, _ = sent(adapter, messages=[Message.user("?", Image.from_file_id("file_1"))])

    values = [value for name, value in prepared.headers.items() if name.lower() == "anthropic-beta"]
    assert values == ["context-1m-2025-08-07, files-api-2025-04-14"]


def test_a_service_with_efforts_but_no_budgets_gets_the_effort_beside_enabled_thinking() -> None:
    deepseek = adapter_for("deepseek", "anthropic")

    body = body_of(deepseek, model="deepseek-flash", reasoning="high", temperature=1.5)

    assert body["thinking"] == {"type": "enabled"}
    assert body["output_config"] == {"effort": "high"}
    assert body["temperature"] == 1.5
    assert "takes an effort such as 'low'" in refused(deepseek, model="deepseek-flash", reasoning=2000)
    assert sent(deepseek)[0].url == f"{BASE_URL}/anthropic/v1/messages"


def test_a_service_that_only_switches_thinking_knows_no_efforts() -> None:
    minimax = adapter_for("minimax", "anthropic")

    assert body_of(minimax, model="MiniMax-M3", reasoning="enabled")["thinking"] == {"type": "adaptive"}
    assert body_of(minimax, model="MiniMax-M3", reasoning="none")["thinking"] == {"type": "disabled"}
    assert "supports only 'enabled' and 'none', not 'high'" in refused(minimax, model="MiniMax-M3", reasoning="high")
    assert "the model always thinks" in refused(minimax, model="MiniMax-M2.7", reasoning="none")


def test_foundry_takes_the_key_in_the_header_of_the_vendors_own_api() -> None:
    config = get_config("azure_openai").with_api("anthropic")
    adapter = ProviderAdapter(
        config=config, dialect=load_dialect("anthropic"), base_url="https://r.services.ai.azure.com/anthropic",
        api_key=KEY, headers=config.headers,
    )  # fmt: skip

    prepared, _ = sent(adapter)

    assert config.base_url == "https://{resource}.services.ai.azure.com/anthropic"
    assert prepared.url == "https://r.services.ai.azure.com/anthropic/v1/messages"
    assert (prepared.headers["x-api-key"], prepared.headers["anthropic-version"]) == (KEY, "2023-06-01")


# --- limits and thinking -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (HAIKU_3, 4096),
        ("claude-3-5-sonnet-20241022", 8192),
        ("claude-3-7-sonnet-20250219", 64000),
        ("claude-opus-4-20250514", 32000),
        ("claude-sonnet-4-20250514", 64000),
        ("claude-opus-4-1-20250805", 32000),
        ("claude-opus-4-5-20251101", 64000),
        ("claude-haiku-4-5-20251001", 64000),
        ("claude-sonnet-4-6", 128000),
        (OPUS_4_7, 128000),
        (SONNET_5_5, 128000),
        ("anthropic/claude-sonnet-4.5", 64000),
        ("my-deployment", 32000),
    ],
)
def test_a_request_without_a_limit_gets_that_of_the_model(model: str, limit: int) -> None:
    assert body_of(model=model)["max_tokens"] == limit


@pytest.mark.parametrize("word", ["low", "medium", "high", "xhigh", "max"])
@pytest.mark.parametrize("model", [OPUS_4_6, OPUS_4_7, SONNET_5_5, OPUS_5_5])
def test_an_effort_goes_beside_adaptive_thinking(model: str, word: str) -> None:
    body = body_of(model=model, reasoning=word)

    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": word}


@pytest.mark.parametrize(
    ("word", "max_tokens", "budget"),
    [("low", 4000, 1024), ("low", 64000, 6400), ("medium", 10000, 3000), ("high", 10000, 6000), ("max", 10000, 9000)],
)
def test_an_effort_is_a_part_of_the_limit_where_thinking_has_a_budget(word: str, max_tokens: int, budget: int) -> None:
    body = body_of(reasoning=word, max_tokens=max_tokens)

    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert body["max_tokens"] == max_tokens
    assert "output_config" not in body


@pytest.mark.parametrize("model", [SONNET_4_5, OPUS_4_6])
def test_a_number_of_tokens_is_a_budget(model: str) -> None:
    assert body_of(model=model, reasoning=2000)["thinking"] == {"type": "enabled", "budget_tokens": 2000}


def test_thinking_can_be_switched_on_without_an_effort() -> None:
    body = body_of(model=OPUS_4_7, reasoning="enabled")

    assert body["thinking"]["type"] == "adaptive"
    assert "output_config" not in body


@pytest.mark.parametrize("word", ["none", "disabled", 0])
def test_thinking_can_be_switched_off(word: Any) -> None:
    assert body_of(reasoning=word)["thinking"] == {"type": "disabled"}
    assert body_of(model=SONNET_5_5, reasoning=word)["thinking"] == {"type": "between_tools"}
    assert "thinking" not in body_of(model=HAIKU_3, reasoning=word)


@pytest.mark.parametrize(
    ("model", "reasoning", "why"),
    [
        (OPUS_5_5, "none", "the model always thinks"),
        ("claude-fable-5-2", "none", "the model always thinks"),
        (OPUS_4_7, 2000, "the model takes an effort such as 'low', not a number of tokens"),
        (OPUS_4_7, "minimal", "the efforts are high, low, max, medium, xhigh, and 'none'; not 'minimal'"),
        (SONNET_4_5, "minimal", "it is one of low, medium, enabled, high, xhigh, max, none, or a number of tokens"),
        (HAIKU_3, "low", "the model does not think before it answers"),
    ],
)
def test_what_a_model_cannot_be_asked_is_refused(model: str, reasoning: Any, why: str) -> None:
    assert f"reasoning: {why}" in refused(model=model, reasoning=reasoning)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"reasoning": 2000, "max_tokens": 2000},
            r"^max_tokens \(2000\) must exceed the tokens for reasoning \(2000\)",
        ),
        (
            {"reasoning": "low", "max_tokens": 1000},
            r"^max_tokens \(1000\) must exceed the tokens for reasoning \(1024\)",
        ),
        ({"reasoning": 70000}, r"^the model's limit for max_tokens \(64000\) must exceed .* \(70000\)"),
        ({"reasoning": 1000}, "^reasoning must be at least 1024 tokens, got 1000"),
    ],
)
def test_a_budget_that_leaves_no_answer_is_told_before_anything_is_sent(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequestError, match=why):
        body_of(**fields)


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_newer_models_refuse_to_be_told_how_to_choose(field: str) -> None:
    assert f"{field}: the model rejects it" in refused(model=OPUS_4_7, **{field: 1})


def test_temperature_and_top_p_go_together_only_on_older_models() -> None:
    assert body_of(model=HAIKU_3, temperature=0.5, top_p=0.9)["top_p"] == 0.9
    assert body_of(model="claude-sonnet-4-20250514", temperature=0.5, top_p=0.9)["top_p"] == 0.9
    assert "top_p: the model accepts temperature or top_p, not both" in refused(temperature=0.5, top_p=0.9)


@pytest.mark.parametrize(("field", "value"), [("temperature", 0.5), ("top_p", 0.9), ("top_k", 5)])
def test_a_model_that_thinks_refuses_to_be_told_how_to_choose(field: str, value: float) -> None:
    assert f"{field}: the model rejects it while it thinks" in refused(reasoning="low", **{field: value})


def test_what_does_no_harm_while_the_model_thinks_is_sent() -> None:
    assert body_of(reasoning="low", temperature=1)["temperature"] == 1
    assert body_of(reasoning="low", top_p=0.95)["top_p"] == 0.95


# --- the conversation ----------------------------------------------------------------------------------------------


def test_system_messages_at_the_front_are_blocks_of_their_own() -> None:
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


def test_an_instruction_in_the_middle_stays_there_where_the_model_takes_it() -> None:
    body = body_of(model=OPUS_4_8, messages=LATER)

    assert [block["text"] for block in body["system"]] == ["One."]
    assert [turn["role"] for turn in body["messages"]] == ["user", "system", "assistant", "user"]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Two."}]


def test_an_instruction_at_the_end_stays_there_where_the_model_takes_it() -> None:
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
def test_an_instruction_that_cannot_stay_is_refused_or_moved_to_the_front(
    model: str, messages: list[Message], why: str
) -> None:
    assert f"system message in the middle: {why}" in refused(model=model, messages=messages)

    prepared, left_out = sent(model=model, messages=messages)
    body = json.loads(prepared.body or b"")

    assert left_out == ["system message in the middle"]
    assert body["system"][-1] == {"type": "text", "text": "Two."}
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]


def test_instructions_alone_are_no_conversation() -> None:
    with pytest.raises(InvalidRequestError, match=r"messages must not consist of system messages only"):
        body_of(messages=[Message.system("Be brief.")])


def test_neighbours_of_one_role_are_one_turn() -> None:
    turns = turns_of(
        Message.user("a"), Message.user("b"), Message.assistant("c"), Message.assistant("d"), Message.user("e")
    )

    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in turns] == [
        ("user", ["a", "b"]), ("assistant", ["c", "d"]), ("user", ["e"]),
    ]  # fmt: skip


def test_all_results_of_a_turn_stand_in_one_message_in_front_of_what_the_user_says() -> None:
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


def test_a_result_can_hold_media_and_need_not_hold_anything() -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("c1", "scan"), ToolCall("c2", "wipe")]),
        Message.tool("c1", "Here:", PNG, PDF),
        Message.tool("c2"),
    )

    first, second = turns[2]["content"]
    assert [block["type"] for block in first["content"]] == ["text", "image", "document"]
    assert second == {"type": "tool_result", "tool_use_id": "c2"}


def test_ids_of_other_providers_are_brought_into_the_letters_that_the_api_takes() -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("functions.add:0", "add", "{}")]),
        Message.tool("functions.add:0", "5"),
    )

    assert turns[1]["content"][0]["id"] == turns[2]["content"][0]["tool_use_id"] == "functions_add_0"


@pytest.mark.parametrize("arguments", ['{"a": 1', "[1]", "nonsense"])
def test_arguments_that_are_no_object_go_back_as_the_vendor_advises(arguments: str) -> None:
    turns = turns_of(
        Message.user("?"),
        Message.assistant(tool_calls=[ToolCall("c1", "add", arguments)]),
        Message.tool("c1", "not JSON", is_error=True),
    )

    assert turns[1]["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_an_answer_begun_by_the_caller_goes_only_to_models_that_continue_it() -> None:
    begun = [Message.user("hi"), Message.assistant("Hel")]

    assert turns_of(*begun)[-1] == {"role": "assistant", "content": [{"type": "text", "text": "Hel"}]}
    assert "assistant message at the end: the model does not continue" in refused(model=SONNET_5_5, messages=begun)


def test_empty_texts_which_the_api_refuses_are_no_blocks() -> None:
    turns = turns_of(Message.user("", "a"), Message.assistant(""), Message.user("b"))

    assert turns == [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]


def test_a_name_is_refused_and_a_refusal_is_what_the_assistant_said() -> None:
    assert "does not support name" in refused(messages=[Message.user("hi", name="Ada")])

    no = attrs.evolve(Message.assistant(), refusal="I cannot.")
    assert turns_of(Message.user("?"), no, Message.user("ok"))[1]["content"] == [{"type": "text", "text": "I cannot."}]


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=50))
def test_text_arrives_as_it_was_written(text: str) -> None:
    body = body_of(messages=[Message.system(text), Message.user(text), Message.assistant(text), Message.user(text)])

    assert body["system"][0]["text"] == text
    assert [turn["content"][0]["text"] for turn in body["messages"]] == [text, text, text]


# --- parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Image.from_url("https://e.com/a.png"), {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}),
        (PNG, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}),
        (Image.from_file_id("f1"), {"type": "image", "source": {"type": "file", "file_id": "f1"}}),
        (Image.from_url("https://e.com/a.png", detail="auto"),
         {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}),
        (Document.from_url("https://e.com/a.pdf", name="a.pdf"),
         {"type": "document", "source": {"type": "url", "url": "https://e.com/a.pdf"}, "title": "a.pdf"}),
        (PDF, {"type": "document", "title": "doc.pdf",
               "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}}),
        (Document.from_file_id("f2"), {"type": "document", "source": {"type": "file", "file_id": "f2"}}),
        (Document.from_bytes("Grüße\n".encode(), "text/plain", name="n.txt"),
         {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße\n"}, "title": "n.txt"}),
        (Document.from_bytes(b"a;b\n", "text/csv"),
         {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a;b\n"}}),
        (Json({"a": [1, None]}), {"type": "text", "text": '{"a":[1,null]}'}),
    ],
)  # fmt: skip
def test_a_part_becomes_its_block(part: Any, block: dict[str, Any]) -> None:
    assert turns_of(Message.user("?", part))[0]["content"][1] == block


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (WAV, "audio content"),
        (Audio.from_url("https://e.com/a.wav"), "audio content"),
        (Image.from_url("https://e.com/a.png", detail="high"), "image detail"),
        (Document.from_bytes(b"PK\3\4", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
         "document content"),
    ],
)  # fmt: skip
def test_a_part_without_a_form_is_refused(part: Any, field: str) -> None:
    assert f"does not support {field}" in refused(messages=[Message.user("?", part)])


def test_a_text_document_must_be_text() -> None:
    with pytest.raises(InvalidRequestError, match="a text document must be UTF-8: invalid start byte at byte 0"):
        body_of(messages=[Message.user("?", Document.from_bytes(b"\xff\xfe", "text/plain"))])


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_media_stand_only_in_what_the_user_says(role: str) -> None:
    message = Message(role=role, content=["see", PNG])

    assert "does not support media in a" in refused(messages=[Message.user("?"), message, Message.user("?")])


def test_a_mark_for_the_cache_goes_to_the_block_and_names_only_the_longer_time() -> None:
    turns = turns_of(
        Message.user(Text("a", cache="5m"), attrs.evolve(PDF, cache="1h")),
        Message.assistant(Text("b", cache="5m"), tool_calls=[ToolCall("c1", "add")]),
        Message.tool("c1", Text("5", cache="1h")),
    )
    short, long = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}

    assert [block.get("cache_control") for block in turns[0]["content"]] == [short, long]
    assert [block.get("cache_control") for block in turns[1]["content"]] == [short, None]
    assert turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": "5", "cache_control": long},
    ]
    assert body_of(tools=[attrs.evolve(ADD, cache="5m")])["tools"][0]["cache_control"] == short


def test_a_provider_that_does_not_heed_marks_refuses_them() -> None:
    marked = Message.user(Text("a", cache="5m"))

    assert "does not support cache" in refused(adapter_with(rejects=["cache"]), messages=[marked])


# --- tools and forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "parallel", "wire"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("none", None, {"type": "none"}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("add", None, {"type": "tool", "name": "add"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, True, {"type": "auto", "disable_parallel_tool_use": False}),
        ("add", False, {"type": "tool", "name": "add", "disable_parallel_tool_use": True}),
    ],
)
def test_a_choice_of_tools_and_parallel_calls_are_one_object(choice: Any, parallel: Any, wire: Any) -> None:
    body = body_of(tools=TOOLS, tool_choice=choice, parallel_tool_calls=parallel)

    assert body.get("tool_choice") == wire


@pytest.mark.parametrize("choice", ["required", NamedTool("add")])
def test_a_tool_cannot_be_forced_on_a_model_that_thinks(choice: Any) -> None:
    always = refused(model=SONNET_5_5, tools=TOOLS, tool_choice=choice)
    now = refused(tools=TOOLS, tool_choice=choice, reasoning="low")

    assert "tool_choice: the model always thinks, and then accepts only auto and none" in always
    assert "tool_choice: while it thinks with a budget the model accepts only auto and none" in now
    assert body_of(model="claude-haiku-5-5", tools=TOOLS, tool_choice=choice)["tool_choice"]


def test_a_tool_without_a_description_or_a_type_still_has_a_schema_of_an_object() -> None:
    assert body_of(tools=[Tool("f", parameters={"properties": {"a": {}}})])["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {"a": {}}}}
    ]


def test_the_schema_of_a_strict_tool_is_brought_into_the_subset() -> None:
    tool = Tool("f", None, {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}, strict=True)

    assert body_of(tools=[tool])["tools"][0] == {
        "name": "f",
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": {"a": {"type": "integer", "description": "minimum: 1"}},
            "additionalProperties": False,
        },
    }
    assert "strict: the model cannot be held to a schema" in refused(model=HAIKU_3, tools=[tool])


def test_a_schema_for_the_answer_is_brought_into_the_subset_and_joins_the_effort() -> None:
    schema = {
        "type": "object",
        "properties": {
            "mail": {"type": "string", "format": "email", "maxLength": 9, "description": "Where"},
            "code": {"type": "string", "format": "zip", "pattern": "^[0-9]+$"},
            "kind": {"oneOf": [{"const": 1}, {"$ref": "#/$defs/tag"}]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        },
        "$defs": {"tag": {"type": "object", "properties": {"minimum": {"type": "null"}}}},
    }

    body = body_of(
        model=OPUS_4_7, reasoning="low", response_format=ResponseFormat(kind="json_schema", schema=schema, strict=True)
    )

    assert body["output_config"] == {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {
                    "mail": {"type": "string", "format": "email", "description": "Where; maxLength: 9"},
                    "code": {"type": "string", "description": "format: zip; pattern: ^[0-9]+$"},
                    "kind": {"anyOf": [{"const": 1}, {"$ref": "#/$defs/tag"}]},
                    "tags": {"type": "array", "items": {"type": "string"}, "description": "minItems: 2"},
                },
                "$defs": {
                    "tag": {
                        "type": "object",
                        "properties": {"minimum": {"type": "null"}},
                        "additionalProperties": False,
                    }
                },
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(
    "free",
    [
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object"},
        {"type": "object", "properties": {}, "patternProperties": {"^a": {}}},
        {"type": "array", "items": {"anyOf": [{"type": "null"}, {"type": "object"}]}},
    ],
)
def test_an_object_with_free_keys_is_refused_since_closing_it_would_empty_it(free: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"a": free}}

    told = refused(response_format=ResponseFormat(kind="json_schema", schema=schema))

    assert "response_format: objects must name their properties" in told
    assert "does not support strict" in refused(tools=[Tool("f", None, schema, strict=True)])


def test_json_without_a_schema_has_no_form() -> None:
    assert "response_format: there is no json_object mode" in refused(
        response_format=ResponseFormat(kind="json_object")
    )


def test_tools_of_the_providers_own_stand_beside_functions() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}

    body = body_of(tools=[GET_TIME], extensions={"tools": [search], "service_tier": "auto"})

    assert [tool["name"] for tool in body["tools"]] == ["get_time", "web_search"]
    assert body["tools"][1] == search
    assert body["service_tier"] == "auto"
    assert body_of(extensions={"tools": [search]})["tools"] == [search]


def test_extensions_join_objects_and_never_repeat_a_field() -> None:
    body = body_of(model=OPUS_4_7, reasoning="low", extensions={"thinking": {"display": "omitted"}})

    assert body["thinking"] == {"type": "adaptive", "display": "omitted"}
    with pytest.raises(InvalidRequestError, match="extensions repeat fields that the request already sets: max_tokens"):
        body_of(extensions={"max_tokens": 5})
    with pytest.raises(InvalidRequestError, match="already sets: stream"):
        body_of(extensions={"stream": True})


# --- counting tokens -----------------------------------------------------------------------------------------------


def count_request(adapter: ProviderAdapter, **fields: Any) -> HttpRequest:
    config = get_config("anthropic")
    assert config.count_tokens is not None
    request = ChatCompletionRequest(**{"model": SONNET_4_5, "messages": "hi", **fields})
    return adapter.operation_request(config.count_tokens, load_operation("count_tokens", "anthropic"), request)[0]


def test_counting_sends_the_prompt_and_nothing_about_the_answer() -> None:
    prepared = count_request(
        adapter_for("anthropic"), messages=[Message.system("s"), Message.user("hi")], tools=[ADD], tool_choice="none",
        reasoning=2000, max_tokens=9000, temperature=1.0, seed=4, stop="x", user="u",
    )  # fmt: skip

    assert prepared.url == f"{BASE_URL}/v1/messages/count_tokens"
    body = json.loads(prepared.body or b"")
    assert set(body) == {"model", "messages", "system", "tools", "tool_choice", "thinking"}
    assert prepared.headers["Content-Type"] == "application/json"
    assert "anthropic-beta" not in prepared.headers


def test_counting_a_file_brings_the_header_of_its_beta() -> None:
    prepared = count_request(adapter_for("anthropic"), messages=[Message.user("?", Image.from_file_id("f1"))])

    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"


# --- against the vendor's own types --------------------------------------------------------------------------------


# The client's types are of the API version that has no temperature.
@pytest.mark.parametrize("model", [SONNET_4_5, OPUS_4_7, SONNET_5_5])
@pytest.mark.parametrize("situation", sorted(set(SCENARIOS) - {"settings"}))
def test_a_body_fits_the_types_of_the_vendors_client(shared: Any, situation: str, model: str) -> None:
    pytest.importorskip("jsonschema", reason="needs jsonschema")
    path = shared / "tools" / "validate_request.py"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    import importlib.util

    spec = importlib.util.spec_from_file_location("validate_request", path)
    assert spec is not None
    assert spec.loader is not None
    validator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(validator)

    prepared, _ = sent(model=model, **SCENARIOS[situation])

    assert validator.errors("anthropic.messages", json.loads(prepared.body or b"")) == []
