"""Retries of one provider, as its server sees them."""

from __future__ import annotations

import contextlib

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    ConnectionOptions,
    ProviderConfig,
    RateLimitError,
    RequestTimeoutError,
    ResilienceConfig,
    RetryPolicy,
    StreamInterruptedError,
    Timeout,
)
from ai_lib.errors import ConnectionLostError, OverloadedError
from ai_lib.testing import FakeClock
from ai_lib.utils.clock import Clock
from tests.support.clients import client_of
from tests.support.server import (
    BUSY,
    Connection,
    chunk_event,
    completion,
    json_reply,
    reset,
    sse_reply,
    stall,
    stream_events,
)

NO_WAITS = Clock(sleep=lambda _: None)


ERROR = {"error": {"message": "no", "type": "t", "code": "c"}}


SLOW_DOWN = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}


OK = json_reply(200, completion("hi"))


def headers_and_nothing(connection: Connection) -> None:
    connection.read_request()
    connection.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
    connection.reset()


def test_the_response_lists_the_failed_attempts_before_it(server):
    server.script(BUSY, json_reply(429, SLOW_DOWN, {"retry-after": "7"}), OK)
    time = FakeClock(randomness=0.5)

    answer = client_of(server, clock=time, resilience=None).chat("hi")

    told = [(one.error, one.status, one.waited, one.decision) for one in answer.attempts]
    assert told == [("OverloadedError", 503, 0.25, "retried"), ("RateLimitError", 429, 7.0, "retried")]
    assert {one.provider for one in answer.attempts} == {"gw"}
    assert len(server.requests) == 3


def test_the_error_says_why_there_was_no_further_attempt(server):
    server.script(BUSY)

    with pytest.raises(OverloadedError, match="after 3 attempts") as caught:
        client_of(server, clock=FakeClock(), resilience=None).chat("hi")

    assert [one.decision for one in caught.value.attempts] == ["retried", "retried", "max_retries"]
    assert caught.value.timings == {"backoff": pytest.approx(0.75)}


@pytest.mark.parametrize(("allowed", "requests"), [(None, 1), (True, 2), (False, 1)])
def test_a_timeout_after_the_request_was_sent_is_retried_only_if_allowed(server, allowed, requests):
    server.script(stall, OK)
    resilience = ResilienceConfig(retry=RetryPolicy(retry_ambiguous=allowed, base=0.0))
    options = ConnectionOptions(timeout=Timeout(first_byte=0.2))

    with contextlib.suppress(RequestTimeoutError):
        client_of(server, options=options, resilience=resilience).chat("hi")

    assert len(server.requests) == requests


@pytest.mark.parametrize(("allowed", "requests"), [(None, 2), (True, 2), (False, 1)])
def test_a_connection_lost_after_the_request_was_sent_is_retried_unless_forbidden(server, allowed, requests):
    server.script(reset, OK)
    resilience = ResilienceConfig(retry=RetryPolicy(retry_ambiguous=allowed, base=0.0))

    with contextlib.suppress(ConnectionLostError):
        client_of(server, resilience=resilience).chat("hi")

    assert len(server.requests) == requests


def test_a_lost_connection_reports_whether_the_request_was_sent(server):
    server.script(reset)

    with pytest.raises(ConnectionLostError) as sent:
        client_of(server).chat("hi")
    with pytest.raises(AiLibError) as never_sent:
        AiClient(ProviderConfig("gw", base_url="http://127.0.0.1:9", default_model="m"),
                 resilience=ResilienceConfig.none()).chat("hi")  # fmt: skip

    assert sent.value.ambiguous
    assert not never_sent.value.ambiguous
    assert sent.value.attempts[0].decision == "max_retries"


def test_every_attempt_of_a_call_carries_the_same_idempotency_key_and_no_other_call_does(server):
    server.script(BUSY, OK)
    client = client_of(server, clock=FakeClock(), config={"idempotency_header": "Idempotency-Key"}, resilience=None)

    client.chat("one")
    client.chat("two")

    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert keys[0] == keys[1] != keys[2]


def test_no_idempotency_key_is_sent_where_it_is_not_configured(server):
    client_of(server, resilience=None).chat("hi")

    assert "idempotency-key" not in server.requests[0].headers


def test_a_dead_endpoint_gets_a_tenth_more_traffic_over_a_thousand_calls(server):
    server.script(BUSY)
    client = client_of(server, clock=FakeClock(), resilience=None)
    before = 0

    for _ in range(1000):
        with pytest.raises(OverloadedError):
            client.chat("hi")
        assert len(server.requests) - before <= 3
        before = len(server.requests)

    assert len(server.requests) <= 1100


def test_a_single_attempt_can_have_a_timeout(server):
    server.script(stall, OK)
    retry = RetryPolicy(attempt_timeout=0.2, retry_ambiguous=True, base=0.0)

    assert client_of(server, resilience=ResilienceConfig(retry=retry)).chat("hi").text == "hi"
    assert len(server.requests) == 2


def test_a_stream_that_ends_before_its_first_chunk_is_reopened(server):
    server.script(headers_and_nothing, sse_reply([]), sse_reply(stream_events("whole")))
    client = client_of(server, clock=FakeClock(), resilience=None)

    stream = client.stream("hi")

    assert stream.final_response().text == "whole"
    assert [one.error for one in stream.response.attempts] == ["ConnectionLostError", "StreamInterruptedError"]
    assert len(server.requests) == 3


def test_a_role_alone_does_not_count_as_the_first_chunk(server):
    role = chunk_event("")
    server.script(sse_reply([role]), sse_reply(stream_events("whole")))

    assert client_of(server, clock=FakeClock(), resilience=None).stream("hi").final_response().text == "whole"


def test_a_stream_is_not_retried_after_its_first_text(server):
    server.script(sse_reply([chunk_event("par")]), sse_reply(stream_events("whole")))

    with pytest.raises(StreamInterruptedError) as caught:
        client_of(server, clock=FakeClock(), resilience=None).stream("hi").final_response()

    assert caught.value.partial.text == "par"
    assert len(server.requests) == 1


def test_the_error_says_where_the_time_went(server):
    server.script(BUSY, stall)
    options = ConnectionOptions(timeout=0.6)
    resilience = ResilienceConfig(retry=RetryPolicy(base=0.2, jitter="none"))

    with pytest.raises(RequestTimeoutError, match=r"time was spent on .*backoff 0\.2.* s") as caught:
        client_of(server, options=options, resilience=resilience).chat("hi")

    assert caught.value.timings["backoff"] == pytest.approx(0.2, abs=0.1)
    assert caught.value.timings["first_byte"] == pytest.approx(0.4, abs=0.15)


def test_a_request_is_retried_until_the_server_recovers(server):
    server.script(json_reply(503, ERROR), json_reply(503, ERROR), json_reply(200, completion("at last")))

    assert client_of(server, clock=NO_WAITS, resilience=None).chat("hi").text == "at last"
    assert len(server.requests) == 3


def test_opening_a_stream_is_retried_like_a_chat(server):
    server.script(json_reply(503, ERROR), sse_reply(stream_events("ok")))

    assert client_of(server, clock=NO_WAITS, resilience=None).stream("hi").final_response().text == "ok"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "c"), (401, "c"), (402, "c"), (403, "c"), (404, "c"), (413, "c"), (422, "c"), (429, "insufficient_quota")],
)
def test_an_error_that_is_not_retryable_costs_one_request(server, status, code):
    server.script(json_reply(status, {"error": {"message": "no", "code": code}}))

    with pytest.raises(Exception, match=f"gw {status}: no"):
        client_of(server, clock=NO_WAITS, resilience=None).chat("hi")
    assert len(server.requests) == 1


def test_max_retries_sets_the_number_of_retries(server):
    server.script(json_reply(500, ERROR))
    client = client_of(server, clock=NO_WAITS, resilience=None, options=ConnectionOptions(max_retries=0, api_key="k"))

    with pytest.raises(Exception, match="gw 500"):
        client.chat("hi")
    assert len(server.requests) == 1


def test_a_retry_after_beyond_the_deadline_is_raised_at_once(server):
    server.script(json_reply(429, ERROR, {"retry-after": "100"}))
    slept = []
    config = ProviderConfig("gateway", base_url=server.url, default_model="m")
    client = AiClient(config, clock=Clock(sleep=slept.append))

    with pytest.raises(RateLimitError) as caught:
        client.chat("hi", timeout=5)

    assert caught.value.retry_after == 100
    assert slept == []
    assert len(server.requests) == 1


def test_a_retry_waits_for_retry_after(server):
    server.script(json_reply(429, ERROR, {"retry-after": "7"}), json_reply(200, completion()))
    slept = []
    config = ProviderConfig("gateway", base_url=server.url, default_model="m")

    AiClient(config, clock=Clock(sleep=slept.append)).chat("hi")

    assert slept == [7.0]
