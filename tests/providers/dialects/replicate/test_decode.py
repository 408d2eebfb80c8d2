"""Whole answers: what is particular to this dialect; `test_replay.py` replays the recorded ones."""

from __future__ import annotations

import pytest

from ai_lib.errors import InvalidResponseError
from ai_lib.providers.dialect import NextRequest
from ai_lib.providers.dialects.replicate.decode import next_request
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for


def test_a_body_that_is_not_a_prediction_is_an_invalid_response() -> None:
    for body in (b"[]", b"{}"):
        with pytest.raises(InvalidResponseError):
            adapter_for("replicate").decode(HttpResponse(status=200, body=body))


URLS = {"get": "https://a.example/p", "stream": "https://a.example/s"}


def test_an_unfinished_prediction_is_polled_or_streamed_and_then_read_once() -> None:
    poll = next_request({"status": "starting", "urls": URLS}, False)
    stream = next_request({"status": "starting", "urls": URLS}, True)

    assert poll == NextRequest(url=URLS["get"], wait=0.5)
    assert stream == NextRequest(url=URLS["stream"], stream=True, then=NextRequest(url=URLS["get"]))
    assert next_request({"status": "succeeded", "urls": URLS}, False) is None


def test_an_unfinished_prediction_without_a_url_is_an_invalid_response() -> None:
    assert next_request({"status": "starting"}, False) is None
    with pytest.raises(InvalidResponseError, match="the prediction is starting, and has no URL"):
        adapter_for("replicate").decode(HttpResponse(status=200, body=b'{"status":"starting"}'))
