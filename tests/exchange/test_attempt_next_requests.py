"""Answers that need further requests: what is requested next, where the key goes, and when polling ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import AiClient, Timeout
from ai_lib.errors import (
    AuthenticationError,
    ConnectionLostError,
    ContentFilterError,
    InvalidResponseError,
    OverloadedError,
    ProviderError,
    RequestTimeoutError,
    StreamInterruptedError,
)
from ai_lib.testing import FakeClock
from ai_lib.types.usage import UsageStatus
from tests.support.clients import client_of
from tests.support.server import Handler, Server, json_reply, raw_reply, reset

KEY = "own-key-4711"
METRICS = {"input_token_count": 3, "output_token_count": 5, "predict_time": 0.1}


@pytest.fixture
def clock() -> FakeClock:
    """A clock on which only waits take time, and every wait is as short as it may be."""
    return FakeClock(now=0.0, randomness=0.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(500)) as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another host, where streams come from."""
    with Server(json_reply(500)) as running:
        yield running


def replicate_client(server: Server, clock: FakeClock, **options: Any) -> AiClient:
    options = {"api_key": KEY, **options}
    return client_of(server, "replicate/o/m", clock=clock, options=options, resilience=None)


def prediction(status: str, **fields: Any) -> dict[str, Any]:
    return {"id": "p1", "model": "o/m", "status": status, "output": None, "error": None, **fields}


def pending(server: Server, status: str = "processing", **fields: Any) -> Handler:
    return json_reply(201, prediction(status, urls={"get": f"{server.url}/v1/predictions/p1"}, **fields))


def finished(*pieces: str, **fields: Any) -> Handler:
    return json_reply(200, prediction("succeeded", output=list(pieces), metrics=METRICS, **fields))


def pending_stream(server: Server, elsewhere: Server) -> Handler:
    urls = {"get": f"{server.url}/v1/predictions/p1", "stream": f"{elsewhere.url}/stream/p1"}
    return json_reply(201, prediction("starting", urls=urls))


def events_reply(*events: tuple[str, str]) -> Handler:
    text = "".join(
        f"event: {name}\nid: 1:0\n" + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"
        for name, data in events
    )
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(text.encode())}\r\n\r\n"
    return raw_reply((head + text).encode())


# --- whole answers ---------------------------------------------------------------------------------------------------


def test_an_unfinished_answer_is_polled_until_it_is_there(server: Server, clock: FakeClock) -> None:
    server.script(pending(server, "starting"), pending(server), pending(server), finished("Hel", "lo"))

    with replicate_client(server, clock) as client:
        answer = client.chat("hi")

    assert (answer.text, answer.finish_reason, answer.id) == ("Hello", "stop", "p1")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 5)
    assert [(sent.method, sent.path) for sent in server.requests] == [
        ("POST", "/v1/models/o/m/predictions"),
        *[("GET", "/v1/predictions/p1")] * 3,
    ]
    assert [sent.headers["authorization"] for sent in server.requests] == [f"Bearer {KEY}"] * 4
    assert clock.waits == [0.5, 0.5, 0.5]


def test_a_finished_answer_is_not_polled(server: Server, clock: FakeClock) -> None:
    server.script(finished("Hello"))

    with replicate_client(server, clock) as client:
        assert client.chat("hi").text == "Hello"

    assert server.requests[0].headers["prefer"] == "wait"
    assert (len(server.requests), clock.waits) == (1, [])


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        ("CUDA out of memory", ProviderError, "prediction_failed"),
        ("The input or output was flagged as sensitive. (E005)", ContentFilterError, "E005"),
    ],
)
def test_a_failure_at_the_end_is_an_error(
    server: Server, clock: FakeClock, message: str, kind: type[Exception], code: str
) -> None:
    server.script(pending(server), json_reply(200, prediction("failed", error=message)))

    with replicate_client(server, clock, max_retries=0) as client, pytest.raises(kind) as caught:
        client.chat("hi")

    error: Any = caught.value
    assert (error.message, error.code, error.provider, error.model) == (message, code, "replicate", "o/m")


def test_a_poll_that_would_pass_the_deadline_is_not_waited_for(server: Server, clock: FakeClock) -> None:
    server.script(pending(server))

    client = replicate_client(server, clock, timeout=Timeout(total=1.2))
    with client, pytest.raises(RequestTimeoutError, match="the call exceeded its total timeout before") as caught:
        client.chat("hi")

    assert caught.value.code == "total_timeout"
    assert clock.waits == [0.5, 0.5]
    assert [sent.method for sent in server.requests] == ["POST", "GET", "GET"]


def test_a_failed_poll_is_retried_without_a_second_prediction(server: Server, clock: FakeClock) -> None:
    busy = json_reply(503, {"detail": "busy"}, {"retry-after": "2"})
    server.script(pending(server), busy, reset, pending(server), finished("Hello"))

    with replicate_client(server, clock) as client:
        assert client.chat("hi").text == "Hello"

    assert [sent.method for sent in server.requests] == ["POST", "GET", "GET", "GET", "GET"]
    assert clock.waits == [0.5, 2.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("handler", "kind"), [(json_reply(503, {"detail": "busy"}), OverloadedError), (reset, ConnectionLostError)]
)
def test_a_prediction_that_cannot_be_polled_is_not_created_again(
    server: Server, clock: FakeClock, handler: Handler, kind: type[Exception]
) -> None:
    server.script(pending(server), handler)

    with replicate_client(server, clock) as client, pytest.raises(kind) as caught:
        client.chat("hi")

    assert [sent.method for sent in server.requests] == ["POST", "GET", "GET", "GET"]
    assert getattr(caught.value, "retryable", None) is False


def test_an_error_that_polling_cannot_fix_is_raised_at_once(server: Server, clock: FakeClock) -> None:
    server.script(pending(server), json_reply(401, {"detail": "no"}))

    with replicate_client(server, clock) as client, pytest.raises(AuthenticationError):
        client.chat("hi")

    assert len(server.requests) == 2


@pytest.mark.parametrize("urls", [None, {}, {"get": ""}, {"get": 5}, [1]])
def test_an_unfinished_answer_that_leads_nowhere_is_an_invalid_response(
    server: Server, clock: FakeClock, urls: Any
) -> None:
    server.script(json_reply(201, prediction("processing", urls=urls)))

    with replicate_client(server, clock, max_retries=0) as client, pytest.raises(InvalidResponseError) as caught:
        client.chat("hi")

    assert caught.value.code == "malformed_answer"


# --- streams ---------------------------------------------------------------------------------------------------------


def test_a_stream_at_another_host_is_read_without_the_key(server: Server, elsewhere: Server, clock: FakeClock) -> None:
    server.script(pending_stream(server, elsewhere), finished("Hello\n you"))
    elsewhere.script(events_reply(("output", "Hello\n"), ("logs", "x"), ("output", " you"), ("done", "{}")))

    with replicate_client(server, clock) as client:
        stream = client.stream("hi")
        texts = [chunk.text for chunk in stream if chunk.text]

    (sent,) = elsewhere.requests
    assert texts == ["Hello\n", " you"]
    assert (sent.method, sent.path, sent.headers["accept"]) == ("GET", "/stream/p1", "text/event-stream")
    assert KEY not in f"{sent.headers} {sent.path}"
    assert server.requests[0].json["stream"] is True
    assert "prefer" not in server.requests[0].headers


def test_the_usage_of_a_stream_is_requested_after_its_end(server: Server, elsewhere: Server, clock: FakeClock) -> None:
    server.script(pending_stream(server, elsewhere), pending(server), finished("Hello"))
    elsewhere.script(events_reply(("output", "Hello"), ("done", "{}")))

    with replicate_client(server, clock) as client:
        streamed = client.stream("hi").final_response()

    assert (streamed.text, streamed.finish_reason, streamed.raw_finish_reason) == ("Hello", "stop", "succeeded")
    assert (streamed.usage_status, streamed.usage.total_tokens) == (UsageStatus.FINALIZED, 8)
    assert (streamed.id, streamed.model) == ("p1", "o/m")
    assert [sent.path for sent in server.requests[1:]] == ["/v1/predictions/p1"] * 2


@pytest.mark.parametrize(
    "handler", [json_reply(500), json_reply(404, {"detail": "gone"}), json_reply(200, prediction("succeeded"))]
)
def test_a_stream_is_complete_without_its_usage(
    server: Server, elsewhere: Server, clock: FakeClock, handler: Handler
) -> None:
    server.script(pending_stream(server, elsewhere), handler)
    elsewhere.script(events_reply(("output", "Hello"), ("done", "{}")))

    with replicate_client(server, clock) as client:
        streamed = client.stream("hi").final_response()

    assert (streamed.text, streamed.usage_status) == ("Hello", UsageStatus.ESTIMATED)


def test_a_model_that_cannot_stream_is_polled_until_it_finishes(server: Server, clock: FakeClock) -> None:
    server.script(pending(server), finished("Hello"))

    with replicate_client(server, clock) as client:
        stream = client.stream("hi")
        texts = [chunk.text for chunk in stream]

    assert texts == ["Hello"]
    assert stream.response.usage.total_tokens == 8


def test_a_failed_stream_keeps_the_partial_answer(server: Server, elsewhere: Server, clock: FakeClock) -> None:
    server.script(pending_stream(server, elsewhere))
    elsewhere.script(events_reply(("output", "Hel"), ("error", json.dumps({"detail": "CUDA out of memory"}))))

    with replicate_client(server, clock) as client, pytest.raises(ProviderError, match="CUDA out of memory") as caught:
        client.stream("hi").final_response()

    assert caught.value.partial.text == "Hel"
    assert len(server.requests) == 1


def test_a_stream_that_breaks_off_is_interrupted(server: Server, elsewhere: Server, clock: FakeClock) -> None:
    server.script(pending_stream(server, elsewhere))
    elsewhere.script(events_reply(("output", "Hel")))

    with replicate_client(server, clock) as client, pytest.raises(StreamInterruptedError) as caught:
        client.stream("hi").final_response()

    assert caught.value.partial.text == "Hel"


def test_a_failure_before_the_stream_is_an_error_of_the_call(server: Server, clock: FakeClock) -> None:
    server.script(json_reply(201, prediction("failed", error="no such input")))

    with replicate_client(server, clock, max_retries=0) as client, pytest.raises(ProviderError, match="no such input"):
        client.stream("hi")
