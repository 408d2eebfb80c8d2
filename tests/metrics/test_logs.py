"""One JSON line for each call."""

import json
import logging
from decimal import Decimal

import pytest

from ai_lib.errors import RateLimitError
from ai_lib.metrics import JsonLog
from ai_lib.types.trace import Attempt
from tests.support.observed_calls import KNOWN_USAGE, SECRET, call_response, call_start, report_call


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "ai_lib.calls")

    def logged():
        return [json.loads(message) for message in caplog.messages]

    return logged


def test_a_call_is_one_line(lines):
    report_call(
        JsonLog(),
        call_start(tags=("nightly",)),
        **KNOWN_USAGE,
        cost=Decimal("1E-7"),
        finish_reason="stop",
        request_id="r1",
    )

    assert lines() == [
        {
            "time": "2023-11-14T22:13:20.000+00:00",
            "id": "c1",
            "request_id": "r1",
            "operation": "chat",
            "provider": "groq",
            "model": "llama",
            "outcome": "success",
            "seconds": 0.5,
            "first_chunk": None,
            "tokens": {"prompt": 10, "completion": 5, "total": 15, "cached": 4, "reasoning": 2},
            "usage_status": "finalized",
            "cost": "0.0000001",
            "finish_reason": "stop",
            "error": None,
            "attempts": [],
            "tags": ["nightly"],
        }
    ]


def test_a_failure_is_logged_without_its_text(lines, caplog):
    error = RateLimitError("the prompt was: hello", status=429, code="rate_limit")

    report_call(JsonLog(), outcome="error", error=error, attempts=(Attempt("RateLimitError", waited=1.5),))

    assert lines()[0]["error"] == {"class": "RateLimitError", "status": 429, "code": "rate_limit"}
    assert lines()[0]["attempts"][0]["waited"] == 1.5
    assert lines()[0]["tokens"] is None
    assert "hello" not in caplog.text


def test_content_stays_out(lines, caplog):
    report_call(JsonLog(), response=call_response())

    assert "Who am I" not in caplog.text
    assert "input" not in lines()[0]


def test_content_is_written_without_keys_if_requested(lines, caplog):
    report_call(JsonLog(content=True), response=call_response())

    assert lines()[0]["input"][0]["parts"][0]["content"] == "Who am I? My key is ***"
    assert lines()[0]["output"][0]["parts"][0]["content"] == "You are ***"
    assert SECRET not in caplog.text


def test_a_line_has_the_logger_and_the_level_that_were_given(caplog):
    caplog.set_level(logging.DEBUG, "mine")

    report_call(JsonLog(logging.getLogger("mine"), level=logging.DEBUG))

    assert [(record.name, record.levelno) for record in caplog.records] == [("mine", logging.DEBUG)]


def test_nothing_is_made_for_a_level_that_is_off(caplog):
    caplog.set_level(logging.WARNING, "ai_lib.calls")

    report_call(JsonLog())

    assert caplog.records == []
