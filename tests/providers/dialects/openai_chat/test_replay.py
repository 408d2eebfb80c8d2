"""What is particular to recorded chat completions; `tests/providers/dialects/test_replay.py` replays them all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import KEY, adapter_for, cases_of, fold, reading, replay

STREAMS = cases_of("openai_chat", "stream")
WHOLE = cases_of("openai_chat", "whole")
# Recordings of one provider's answer to the same request, whole and as a stream.
PAIRS = ["alibaba-tool-call", "deepseek-tool-call", "groq-tool-call", "openai-chat-text", "xai-chat-text",
         "xai-chat-tool-call", "mistral-text", "mistral-tool-call", "mistral-reasoning", "perplexity-text",
         "perplexity-citations", "openai-completion-text"]  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_recorded_stream_has_the_shape_of_the_recorded_whole_answer(name: str) -> None:
    (whole,) = (case for case in WHOLE if case.name == name)
    (stream,) = (case for case in STREAMS if case.name == f"{name}-stream")

    answer = reading(whole.adapter.decode(whole.http))
    streamed = reading(fold(replay(stream.adapter, [stream.body])[0]))

    def shape(found: dict[str, Any]) -> dict[str, Any]:
        return {
            "fields": {key: bool(found[key]) for key in ("text", "refusal", "usage", "id", "model")},
            "finish_reason": found["finish_reason"],
            "tool_calls": [call["name"] for call in found["tool_calls"]],
            "cited": found["citations"]["count"] > 0,
            "choices": len(found["choices"]),
        }

    assert shape(streamed) == shape(answer)


def test_the_end_of_a_finished_choice_does_not_end_another_one() -> None:
    (case,) = (case for case in STREAMS if case.name == "written-two-choices-interleaved")
    end_of_first = case.body.index(b'"finish_reason":"stop"')
    cut = case.body.index(b"\n\n", end_of_first) + 2

    _, error = replay(case.adapter, [case.body[:cut]])

    assert type(error) is StreamInterruptedError


def test_the_pieces_of_a_list_with_one_index_come_back_as_one() -> None:
    (case,) = (case for case in STREAMS if case.name == "written-reasoning-details-stream")
    (whole,) = (case for case in WHOLE if case.name == "written-reasoning-details")

    streamed = fold(replay(case.adapter, [case.body])[0])

    assert streamed.message.provider_data == whole.adapter.decode(whole.http).message.provider_data


THOUGHT = st.text("a <>/think\n", max_size=30).filter(lambda text: "</think>" not in text)


@settings(deadline=None, max_examples=100)
@given(before=st.sampled_from(["", " ", "\n"]), thought=THOUGHT, after=THOUGHT, tagged=st.booleans(), data=st.data())
def test_think_tags_read_the_same_whole_and_in_pieces(
    before: str, thought: str, after: str, tagged: bool, data: st.DataObject
) -> None:
    text = f"{before}<think>{thought}</think>{after}" if tagged else before + thought + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    events = [json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
    adapter = adapter_for("wire_think_tags")

    streamed = fold(adapter.decode_stream([*events, "[DONE]"]))
    whole = adapter.decode(HttpResponse(status=200, body=json.dumps(body).encode()))

    assert (streamed.text, streamed.reasoning) == (whole.text, whole.reasoning)


@pytest.mark.parametrize(
    "body", [b"", b" ", b"null", b"1", b'"text"', b"[]", b"[" * 200_000, b"{}", b'{"choices": {}}']
)
def test_a_body_that_is_no_completion_is_an_invalid_response(body: bytes) -> None:
    adapter = adapter_for("wire")

    with pytest.raises(InvalidResponseError) as caught:
        adapter.decode(HttpResponse(status=200, headers={"x-request-id": "r1"}, body=body))

    assert caught.value.code in ("not_json", "not_a_completion", "no_choices")


@pytest.mark.parametrize(
    "event", ["", "{", "null", "1", '"x"', "[]", "[" * 200_000, '{"choices": 1}', '{"choices": [1]}']
)
def test_an_event_that_is_no_chunk_is_an_invalid_response(event: str) -> None:
    adapter = adapter_for("wire")

    with pytest.raises(InvalidResponseError, match="an event of the stream is not formed as promised") as caught:
        list(adapter.decode_stream([event]))

    assert caught.value.code == "malformed_event"


def test_a_malformed_answer_says_what_is_wrong_and_keeps_the_body_without_the_key() -> None:
    body = json.dumps({"choices": [{"message": 5}], "note": KEY}).encode()

    with pytest.raises(InvalidResponseError) as caught:
        adapter_for("wire").decode(HttpResponse(status=200, headers={"x-request-id": "r1"}, body=body))

    error = caught.value
    assert str(error).startswith("wire: the answer is not formed as promised: AttributeError")
    assert (error.code, error.request_id) == ("malformed_answer", "r1")
    assert KEY not in (error.body or "")
