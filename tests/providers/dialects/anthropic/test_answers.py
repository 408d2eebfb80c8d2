"""What is particular to answers of the Messages API: what goes back unchanged, models, counts.

`tests/providers/dialects/test_replay.py` replays the recorded ones.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from ai_lib.errors import AuthenticationError, InvalidResponseError
from ai_lib.providers.registry import get_config, load_operation
from ai_lib.types.content import Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import Case, adapter_for, as_params, cases_of, fold, reading, replay

WHOLE = [case for case in cases_of("anthropic", "whole") if "error" not in case.expected]
STREAMS = [case for case in cases_of("anthropic", "stream") if "error" not in case.expected]
# Answers to one request, whole and as a stream.
PAIRS = [case.name for case in WHOLE if any(stream.name == f"{case.name}-stream" for stream in STREAMS)]


def answer_of(name: str) -> ChatCompletionResponse:
    (case,) = (case for case in (*WHOLE, *STREAMS) if case.name == name)
    return case.adapter.decode(case.http) if case.kind == "whole" else fold(replay(case.adapter, [case.body])[0])


def sent_back(message: Message, owner: str = "anthropic", model: str = "claude-sonnet-4-5") -> list[dict[str, Any]]:
    """Return the blocks of a message that goes back between two of the user's."""
    provider, _, api = owner.partition("/")
    request = ChatCompletionRequest(model=model, messages=[Message.user("?"), message, Message.user("Go on.")])
    prepared, _ = adapter_for(provider, api or None).chat_request(request, stream=False, on_unsupported="drop")
    turns = json.loads(prepared.body or b"")["messages"]
    return [block for turn in turns if turn["role"] == "assistant" for block in turn["content"]]


# --- what goes back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", as_params(WHOLE))
def test_a_turn_goes_back_as_it_came_but_for_what_our_fields_hold(case: Case) -> None:
    content = json.loads(case.body)["content"] or []
    opaque = any(block["type"] not in ("text", "tool_use") for block in content)
    message = attrs.evolve(case.adapter.decode(case.http).message, refusal=None)

    back = sent_back(message, case.adapter.config.owner)

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
def test_a_streamed_turn_goes_back_with_its_text_calls_and_thinking(case: Case) -> None:
    message = attrs.evolve(fold(replay(case.adapter, [case.body])[0]).message, refusal=None)

    back = sent_back(message, case.adapter.config.owner)

    signed = "".join(block["thinking"] for block in back if block["type"] == "thinking")
    assert "".join(block["text"] for block in back if block["type"] == "text") == message.text
    assert [block["name"] for block in back if block["type"] == "tool_use"] == [c.name for c in message.tool_calls]
    assert signed == (message.reasoning or "") or case.name == "written-delta-without-start"


def test_thinking_of_a_stream_goes_back_whole_and_signed() -> None:
    assert sent_back(answer_of("written-interleaved-thinking-stream").message) == sent_back(
        answer_of("written-interleaved-thinking").message
    )


def test_a_paused_turn_is_continued_with_all_its_blocks() -> None:
    message = answer_of("anthropic-web-search-tool-1").message
    request = ChatCompletionRequest(model="claude-sonnet-5-5", messages=[Message.user("?"), message])

    prepared, left_out = adapter_for("anthropic").chat_request(request, stream=False)

    last = json.loads(prepared.body or b"")["messages"][-1]
    assert left_out == ()
    assert last["role"] == "assistant"
    assert {block["type"] for block in last["content"]} == {"server_tool_use", "web_search_tool_result", "text"}


def test_after_an_edit_only_the_thinking_is_still_the_models_own() -> None:
    message = attrs.evolve(answer_of("written-interleaved-thinking").message, content=[Text("Finished.")])

    back = sent_back(message)

    assert [block["type"] for block in back] == ["thinking", "redacted_thinking", "thinking", "text", "tool_use"]
    assert back[3] == {"type": "text", "text": "Finished."}


def test_calls_that_were_taken_out_do_not_go_back() -> None:
    message = attrs.evolve(answer_of("written-interleaved-thinking").message, tool_calls=())

    assert "tool_use" not in {block["type"] for block in sent_back(message)}


def test_a_mark_for_the_cache_goes_with_the_models_own_text() -> None:
    message = attrs.evolve(answer_of("written-interleaved-thinking").message, content=[Text("Done.", cache="5m")])

    back = sent_back(message)

    assert [block.get("cache_control") for block in back] == [None, None, None, None, {"type": "ephemeral"}]
    assert "cache_control" not in str(message.provider_data)


def test_thinking_that_was_cut_off_has_no_signature_and_stays_here() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm", "signature": ""}, {"type": "text", "text": "Hi"}]
    own = {"anthropic": {"content": blocks}, "deepseek/anthropic": {"content": blocks}}
    message = attrs.evolve(Message.assistant("Hi"), reasoning="Hm", provider_data=own)

    assert [block["type"] for block in sent_back(message)] == ["text"]
    assert [block["type"] for block in sent_back(message, "deepseek/anthropic")] == ["thinking", "text"]


def test_thinking_of_another_provider_does_not_go_to_this_one() -> None:
    message = answer_of("minimax-inline-thinking").message

    assert [block["type"] for block in sent_back(message, "minimax/anthropic")] == ["thinking", "text"]
    assert [block["type"] for block in sent_back(message)] == ["text"]


def test_what_the_user_put_on_a_message_by_hand_goes_along() -> None:
    blocks = [{"type": "text", "text": "own"}, {"type": "search_result", "source": "s"}]
    by_hand = attrs.evolve(Message.assistant(), provider_data={"*": {"content": blocks, "clear_at": "next"}})
    request = ChatCompletionRequest(model="claude-opus-5", messages=[Message.user("?"), by_hand, Message.user("!")])

    prepared, _ = adapter_for("anthropic").chat_request(request, stream=False)

    assert json.loads(prepared.body or b"")["messages"][1] == {
        "role": "assistant", "content": blocks, "clear_at": "next",
    }  # fmt: skip


def test_a_call_made_by_code_says_so_when_it_goes_back() -> None:
    message = answer_of("anthropic-programmatic-tool-calling-1-part2").message

    (call,) = sent_back(message)

    assert message.provider_data is None
    assert call["caller"]["type"] == "code_execution_20250825"


def test_an_answer_of_text_and_calls_keeps_nothing_opaque() -> None:
    for name in ("anthropic-text", "anthropic-text-stream", "anthropic-tool-no-args", "anthropic-tool-no-args-stream"):
        message = answer_of(name).message
        assert (message.provider_data, [call.provider_data for call in message.tool_calls]) == (
            None, [None] * len(message.tool_calls),
        )  # fmt: skip


# --- streams -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
def test_a_recorded_stream_has_the_shape_of_the_recorded_whole_answer(name: str) -> None:
    def shape(found: dict[str, Any]) -> dict[str, Any]:
        kept = (found["provider_data"] or {}).get("anthropic", {}).get("content", ())
        return {
            "fields": {key: bool(found[key]) for key in ("text", "refusal", "usage", "id", "model")},
            "finish_reason": found["finish_reason"],
            "tool_calls": [call["name"] for call in found["tool_calls"]],
            "kept": {block["type"] for block in kept},
        }

    assert shape(reading(answer_of(f"{name}-stream"))) == shape(reading(answer_of(name)))


def test_the_tokens_so_far_come_with_the_first_event_and_the_last_count_wins() -> None:
    (case,) = (case for case in STREAMS if case.name == "anthropic-message-delta-input-tokens")

    chunks, _ = replay(case.adapter, [case.body])

    counts = [chunk.usage.prompt_tokens for chunk in chunks if chunk.usage is not None]
    assert len(counts) == 2
    assert counts[-1] == 61 != counts[0]


def test_the_last_chunk_that_held_an_answer_is_the_raw_one() -> None:
    assert answer_of("anthropic-text-stream").raw["type"] == "message_delta"
    assert answer_of("written-interleaved-thinking-stream").raw["type"] == "message_delta"


@pytest.mark.parametrize("event", ["[1]", '{"type":"message_start"}', '{"type":"content_block_delta","delta":{}}', "{"])
def test_an_event_that_is_not_formed_as_promised_is_told(event: str) -> None:
    with pytest.raises(InvalidResponseError, match="an event of the stream is not formed as promised"):
        list(adapter_for("anthropic").decode_stream([event]))


# --- whole answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["[]", '"x"', '{"type":"message","content":"x"}', '{"content":{}}'])
def test_what_is_no_message_is_an_invalid_response(body: str) -> None:
    with pytest.raises(InvalidResponseError):
        adapter_for("anthropic").decode(HttpResponse(status=200, body=body.encode()))


def test_a_call_without_a_name_is_an_invalid_response() -> None:
    body = {"type": "message", "content": [{"type": "tool_use", "id": "c1", "input": {}}]}

    with pytest.raises(InvalidResponseError, match="a tool call without a name"):
        adapter_for("anthropic").decode(HttpResponse(status=200, body=json.dumps(body).encode()))


# --- models --------------------------------------------------------------------------------------------------------

# https://platform.claude.com/docs/en/api/models/list
PAGE = {
    "data": [
        {
            "type": "model", "id": "claude-sonnet-5-5", "display_name": "Claude Sonnet 5.5",
            "created_at": "2026-09-01T00:00:00Z", "max_input_tokens": 1000000, "max_tokens": 128000,
        },
        {"type": "model", "id": "claude-haiku-4-5-20251001", "display_name": "Claude Haiku 4.5", "created_at": "soon"},
    ],
    "first_id": "claude-sonnet-5-5", "last_id": "claude-haiku-4-5-20251001", "has_more": True,
}  # fmt: skip


def test_a_page_of_models_tells_names_limits_and_where_the_next_page_begins() -> None:
    response = HttpResponse(status=200, body=json.dumps(PAGE).encode())
    adapter = adapter_for("anthropic")

    first, second = adapter.decode_models(response)

    assert (first.id, first.name, first.provider) == ("claude-sonnet-5-5", "Claude Sonnet 5.5", "anthropic")
    assert (first.created, first.context_window, first.max_output_tokens) == (1788220800, 1000000, 128000)
    assert (second.created, second.context_window) == (None, None)
    assert adapter.next_page(response) == {"after_id": "claude-haiku-4-5-20251001"}
    assert adapter.models_request({"after_id": "a b"}).url.endswith("/v1/models?after_id=a+b")


@pytest.mark.parametrize("change", [{"has_more": False}, {"last_id": None}, {"has_more": None}])
def test_the_last_page_leads_nowhere(change: dict[str, Any]) -> None:
    response = HttpResponse(status=200, body=json.dumps({**PAGE, **change}).encode())

    assert adapter_for("anthropic").next_page(response) is None


# --- counts --------------------------------------------------------------------------------------------------------


def counted(status: int, body: Any) -> Any:
    endpoint = get_config("anthropic").count_tokens
    assert endpoint is not None
    response = HttpResponse(status=status, body=json.dumps(body).encode())
    return adapter_for("anthropic").decode_operation(endpoint, load_operation("count_tokens", "anthropic"), response)


def test_a_count_is_a_number() -> None:
    assert counted(200, {"input_tokens": 2095}) == 2095


def test_an_answer_without_a_count_is_an_error() -> None:
    with pytest.raises(InvalidResponseError, match="no input_tokens"):
        counted(200, {"tokens": 3})
    with pytest.raises(AuthenticationError):
        counted(200, {"type": "error", "error": {"type": "authentication_error", "message": "bad key"}})
