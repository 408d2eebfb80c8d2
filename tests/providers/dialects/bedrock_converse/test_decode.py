"""Whole answers: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

from tests.providers.dialects.bedrock_converse.bodies import message_of


def test_a_citation_spans_the_text_of_its_block() -> None:
    for name in ("written-citations", "written-citations-stream"):
        message = message_of(name)

        assert {message.text[cited.start : cited.end] for cited in message.citations} == {"it is blue"}
        assert [cited.url for cited in message.citations] == [None, "https://example.com/sky"]
        assert all(cited.data for cited in message.citations)
