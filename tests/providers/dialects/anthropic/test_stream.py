"""Streams: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import InvalidResponseError
from tests.providers.dialects.anthropic.bodies import STREAMS, WHOLE, response_of
from tests.support.wire_cases import adapter_for, reading, replay

# Answers to one request, whole and as a stream.
PAIRS = [case.name for case in WHOLE if any(stream.name == f"{case.name}-stream" for stream in STREAMS)]


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

    assert shape(reading(response_of(f"{name}-stream"))) == shape(reading(response_of(name)))


def test_the_first_event_counts_tokens_and_the_last_count_wins() -> None:
    (case,) = (case for case in STREAMS if case.name == "anthropic-message-delta-input-tokens")

    chunks, _ = replay(case.adapter, [case.body])

    counts = [chunk.usage.prompt_tokens for chunk in chunks if chunk.usage is not None]
    assert len(counts) == 2
    assert counts[-1] == 61 != counts[0]


def test_raw_is_the_last_event_with_content() -> None:
    assert response_of("anthropic-text-stream").raw["type"] == "message_delta"
    assert response_of("written-interleaved-thinking-stream").raw["type"] == "message_delta"


@pytest.mark.parametrize("event", ["[1]", '{"type":"message_start"}', '{"type":"content_block_delta","delta":{}}', "{"])
def test_a_malformed_event_is_an_invalid_response(event: str) -> None:
    with pytest.raises(InvalidResponseError, match="malformed event in the stream"):
        list(adapter_for("anthropic").decode_stream([event]))


def test_blocks_to_send_back_hold_their_citations_and_no_input_that_was_cut_off() -> None:
    citation = {"type": "char_location", "cited_text": "so"}
    events = [
        {"type": "message_start", "message": {"id": "m", "content": []}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is so."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": citation}},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "server_tool_use", "id": "s", "input": {}},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"q'}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
    ]

    chunks = list(adapter_for("anthropic").decode_stream([json.dumps(event) for event in events]))

    assert chunks[-1].provider_data == {
        "anthropic": {
            "content": [
                {"type": "text", "text": "It is so.", "citations": [citation]},
                {"type": "server_tool_use", "id": "s", "input": {}},
            ]
        }
    }
