"""Whole answers of Ollama's own API; `tests/providers/dialects/test_replay.py` replays all recorded ones."""

from __future__ import annotations

import json

import pytest

from ai_lib.errors import InvalidResponseError, ModelNotFoundError
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

ADAPTER = adapter_for("ollama")


def test_the_time_of_an_answer_is_read() -> None:
    payload = {"message": {"content": "hi"}, "created_at": "2026-11-22T19:22:45.499127123Z", "done": True}

    answer = ADAPTER.decode(HttpResponse(status=200, body=json.dumps(payload).encode()))

    assert answer.created == 1795375365


def test_the_error_for_a_missing_model_says_how_to_get_it() -> None:
    with pytest.raises(ModelNotFoundError, match="model 'x' not found") as caught:
        ADAPTER.decode(HttpResponse(status=404, body=b'{"error":"model \'x\' not found"}'))

    assert "`ollama pull NAME`" in caught.value.hint


def test_an_answer_of_another_api_is_an_invalid_response_with_a_hint() -> None:
    with pytest.raises(InvalidResponseError, match="the answer has no message; its keys are: choices") as caught:
        ADAPTER.decode(HttpResponse(status=200, body=b'{"choices": []}'))

    assert "without /v1 and without /api" in caught.value.hint


def test_an_answer_that_is_not_an_object_is_an_invalid_response() -> None:
    with pytest.raises(InvalidResponseError, match="expected a JSON object, got list"):
        ADAPTER.decode(HttpResponse(status=200, body=b"[]"))
