"""Streams of Ollama's own API; `tests/providers/dialects/test_replay.py` replays all recorded ones."""

from __future__ import annotations

import pytest

from ai_lib.errors import InvalidResponseError, StreamInterruptedError
from tests.support.wire_cases import adapter_for

ADAPTER = adapter_for("ollama")
LINE = '{"message": {"content": "hi"}}'


def test_a_line_that_is_not_an_object_is_an_invalid_response() -> None:
    with pytest.raises(InvalidResponseError, match="expected an object, got int"):
        list(ADAPTER.decode_stream([LINE, "1"]))


def test_a_broken_line_is_an_interruption_at_the_end_and_an_invalid_response_before() -> None:
    with pytest.raises(StreamInterruptedError):
        list(ADAPTER.decode_stream([LINE, LINE[:9]]))
    with pytest.raises(InvalidResponseError):
        list(ADAPTER.decode_stream([LINE[:9], LINE]))
