"""Streamed chat completions; `tests/providers/dialects/test_replay.py` replays all recorded ones."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from tests.support.wire_cases import adapter_for, cases_of, fold, reading, replay

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


def test_pieces_of_a_list_with_the_same_index_are_joined() -> None:
    (case,) = (case for case in STREAMS if case.name == "written-reasoning-details-stream")
    (whole,) = (case for case in WHOLE if case.name == "written-reasoning-details")

    streamed = fold(replay(case.adapter, [case.body])[0])

    assert streamed.message.provider_data == whole.adapter.decode(whole.http).message.provider_data


@pytest.mark.parametrize(
    "event", ["", "{", "null", "1", '"x"', "[]", "[" * 200_000, '{"choices": 1}', '{"choices": [1]}']
)
def test_an_event_that_is_not_a_chunk_is_an_invalid_response(event: str) -> None:
    adapter = adapter_for("wire")

    with pytest.raises(InvalidResponseError, match="malformed event in the stream") as caught:
        list(adapter.decode_stream([event]))

    assert caught.value.code == "malformed_event"
