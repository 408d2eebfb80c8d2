"""Streams, as a server sends them and a caller reads them."""

import pytest

from ai_lib import RateLimitError
from ai_lib.errors import QuotaExceededError
from ai_lib.types import UsageStatus
from tests.support.clients import client_of
from tests.support.server import chunk_event, json_reply, sse_reply, stream_events

ERROR = {"error": {"message": "no", "type": "t", "code": "c"}}


def test_a_stream_yields_chunks_and_accumulates_the_response(server):
    server.script(sse_reply(stream_events("Hel", "lo")))

    with client_of(server, resilience=None).stream("hi") as stream:
        texts = [chunk.text for chunk in stream if chunk.text]

    assert texts == ["Hel", "lo"]
    assert stream.response.text == "Hello"
    assert stream.response.finish_reason == "stop"
    assert stream.response.usage.completion_tokens == 2
    assert server.requests[0].json["stream"] is True


def test_a_stream_can_be_read_without_a_with_block_and_in_one_go(server):
    server.script(sse_reply(stream_events("Hel", "lo")))

    assert client_of(server, resilience=None).stream("hi").final_response().text == "Hello"


def test_usage_is_pending_until_the_stream_ends(server):
    server.script(sse_reply(stream_events("Hel", "lo")))
    stream = client_of(server, resilience=None).stream("hi")

    next(stream)

    assert stream.response.usage_status is UsageStatus.PENDING
    assert stream.final_response().usage_status is UsageStatus.FINALIZED


def test_an_error_status_is_raised_when_the_stream_is_opened_with_one_request(server):
    server.script(json_reply(401, ERROR))

    with pytest.raises(Exception, match="gw 401: no"):
        client_of(server, resilience=None).stream("hi")
    assert len(server.requests) == 1


def test_a_server_that_ignores_stream_still_gives_its_answer_with_one_request(server):
    with client_of(server, resilience=None).stream("hi") as stream:
        texts = [chunk.text for chunk in stream]

    assert texts == ["hi"]
    assert stream.response.usage.total_tokens == 3
    assert len(server.requests) == 1


def test_a_200_with_an_error_object_instead_of_a_stream_is_that_error(server):
    server.script(json_reply(200, {"error": {"message": "no credit", "code": "insufficient_quota"}}))

    with pytest.raises(QuotaExceededError, match="no credit"):
        client_of(server, resilience=None).stream("hi")


def test_an_error_within_a_stream_has_the_partial_answer(server):
    server.script(sse_reply([chunk_event("Hel"), {"error": {"message": "busy", "code": "rate_limit_exceeded"}}]))
    stream = client_of(server, resilience=None).stream("hi")

    with pytest.raises(RateLimitError, match="busy") as caught:
        list(stream)

    assert caught.value.partial.text == "Hel"
    assert len(server.requests) == 1
