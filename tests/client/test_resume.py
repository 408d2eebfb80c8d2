"""Streams that continue after an interruption."""

from __future__ import annotations

import pytest

from ai_lib import (
    AiClient,
    CancelledError,
    FallbackChain,
    ProviderConfig,
    StreamInterruptedError,
)
from tests.support.clients import ONE_ATTEMPT, client_of, gateway_at
from tests.support.server import (
    BUSY,
    chunk_event,
    sse_reply,
    stream_events,
)


def test_an_interrupted_stream_resumes_on_request_and_is_marked(first):
    first.script(sse_reply([chunk_event("Once upon ")]), sse_reply(stream_events("a time")))

    with client_of(first).stream("Tell a story", resume=True) as stream:
        texts = [chunk.text for chunk in stream]

    assert "".join(texts) == stream.response.text == "Once upon a time"
    assert stream.response.adjustments == ("continued at character 10 after stream_interrupted",)
    messages = first.requests[1].json["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"] == "Once upon "
    # The usage of the first part was never received, so that all of it is counted here.
    assert (stream.response.usage_status, stream.response.usage.completion_tokens) == ("estimated", 4)


def test_a_continuation_has_another_idempotency_key(first):
    first.script(sse_reply([chunk_event("Once upon ")]), sse_reply(stream_events("a time")))
    config = ProviderConfig("gw", base_url=first.url, default_model="m", idempotency_header="Idempotency-Key")

    AiClient(config, resilience=ONE_ATTEMPT).stream("Tell a story", resume=True).final_response()

    keys = [request.headers["idempotency-key"] for request in first.requests]
    assert len(keys) == len(set(keys)) == 2


def test_a_continuation_may_come_from_another_provider(first, second):
    first.script(sse_reply([chunk_event("Once ")]), BUSY)
    second.script(sse_reply(stream_events("upon")))
    client = client_of(first, route=FallbackChain([gateway_at(second, "two")]))

    assert client.stream("hi", resume=True).final_response().text == "Once upon"


def test_without_resume_nothing_is_continued(first):
    first.script(sse_reply([chunk_event("Once upon ")]), sse_reply(stream_events("a time")))

    with pytest.raises(StreamInterruptedError):
        client_of(first).stream("hi").final_response()

    assert len(first.requests) == 1


def test_a_stream_that_is_always_interrupted_raises_with_all_its_text(first):
    first.script(sse_reply([chunk_event("a")]))

    with pytest.raises(StreamInterruptedError) as caught:
        client_of(first).stream("hi", resume=True).final_response()

    assert caught.value.partial.text == "aaaa"
    assert len(first.requests) == 4


def test_an_answer_in_json_is_not_continued(first):
    first.script(sse_reply([chunk_event('{"a')]))

    with pytest.raises(StreamInterruptedError):
        client_of(first).stream("hi", resume=True, response_format="json_object").final_response()

    assert len(first.requests) == 1


def test_a_cancelled_stream_is_not_continued(first):
    first.script(sse_reply(stream_events("a", "b")))
    stream = client_of(first).stream("hi", resume=True)
    next(stream)

    stream.cancel()
    with pytest.raises(CancelledError):
        next(stream)

    assert len(first.requests) == 1
