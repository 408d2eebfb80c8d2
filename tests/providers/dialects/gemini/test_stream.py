"""Streams: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

from tests.providers.dialects.gemini.bodies import SECOND, candidate, fold_events


def test_a_stream_with_a_finish_reason_in_every_event_is_read_to_its_end() -> None:
    events = [{"candidates": [candidate({"text": text})]} for text in ("He", "l", "lo")]

    response, error = fold_events(*events, {"candidates": [candidate(SECOND)]})

    assert error is None
    assert (response.text, response.finish_reason, len(response.tool_calls)) == ("Hello", "tool_calls", 1)


def test_a_source_repeated_in_every_event_is_one_citation() -> None:
    grounding = {"groundingChunks": [{"web": {"uri": "https://e.com", "title": "E"}}, {"new": {}}]}

    response, _ = fold_events(
        {"candidates": [candidate({"text": "a"}, finish=None, groundingMetadata=grounding)]},
        {"candidates": [candidate({"text": "b"}, groundingMetadata=grounding)]},
    )

    assert [(found.url, found.title) for found in response.citations] == [("https://e.com", "E")]
