"""Streams: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

from ai_lib.types.chunk import ChatCompletionChunk
from tests.providers.dialects.bedrock_converse.bodies import ADAPTER


def test_a_stream_ends_with_its_usage_and_waits_for_nothing_more() -> None:
    events = iter(
        ['{"messageStop":{"stopReason":"end_turn"}}', '{"metadata":{"usage":{"inputTokens":1}}}', "never read"]
    )

    chunks: list[ChatCompletionChunk] = list(ADAPTER.decode_stream(events))

    assert chunks[-1].usage is not None
    assert next(events) == "never read"
