"""Hedged calls, as the servers of the contenders see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import (
    AiLibError,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    ConnectionOptions,
    Hedge,
    InvalidRequestError,
    RateLimitError,
    RequestTimeoutError,
)
from ai_lib.errors import OverloadedError
from tests.support.clients import client_of, gateway_at
from tests.support.server import (
    BUSY,
    Connection,
    completion,
    json_reply,
    sse_reply,
    stall,
    stream_events,
)


def test_a_slow_first_provider_loses_and_its_socket_is_closed(first, second):
    first.script(stall)
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=0.1))

    answer = client.chat("hi")

    assert answer.text == "second"
    assert first.connections[0].wait_closed()
    assert len(first.requests) == 1


def test_a_fast_first_provider_is_the_only_one_called(first, second):
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=5.0))

    assert client.chat("hi").text == "first"
    assert second.requests == []


def test_a_contender_starts_at_once_when_the_previous_one_fails(first, second):
    first.script(BUSY)
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=30.0))
    start = time.monotonic()

    assert client.chat("hi").text == "second"
    assert time.monotonic() - start < 5


def test_a_bad_request_is_not_tried_on_another_contender(first, second):
    first.script(json_reply(400, {"error": {"message": "no such field"}}))
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=30.0))

    with pytest.raises(InvalidRequestError):
        client.chat("hi")

    assert second.requests == []


def test_when_all_contenders_fail_the_error_names_each(first, second):
    first.script(BUSY)
    second.script(json_reply(429, {"error": {"message": "slow down"}}))
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=0.05))

    with pytest.raises(AiLibError) as caught:
        client.chat("hi")

    assert {type(error) for error in caught.value.errors} == {OverloadedError, RateLimitError}


def test_the_stream_with_the_earliest_first_chunk_wins(first, second):
    def silent(connection: Connection) -> None:
        connection.read_request()
        connection.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        connection.stall()

    first.script(silent)
    second.script(sse_reply(stream_events("se", "cond")))
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=0.1))

    with client.stream("hi") as stream:
        texts = [chunk.text for chunk in stream]

    assert "".join(texts) == "second"
    assert first.connections[0].wait_closed()


def test_hedging_is_limited_to_a_share_of_the_calls(first, second):
    def slow(connection: Connection) -> None:
        connection.read_request()
        connection.wait(0.06)
        json_reply(200, completion("first"))(connection)

    first.script(slow)
    second.script(slow)
    hedge = Hedge(budget_ratio=0.0, budget_reserve=3).contender(gateway_at(second, "two"), after=0.01)
    client = client_of(first, route=hedge)

    for _ in range(10):
        client.chat("hi")

    assert len(first.requests) == 10
    assert len(second.requests) == 3


def test_the_timeout_of_a_call_covers_the_race(first, second):
    first.script(stall)
    second.script(stall)
    options = ConnectionOptions(timeout=0.4)
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=0.1), options=options)
    start = time.monotonic()

    with pytest.raises(RequestTimeoutError):
        client.chat("hi")

    assert time.monotonic() - start < 1.5
    assert first.connections[0].wait_closed()
    assert second.connections[0].wait_closed()


def test_a_race_leaves_no_thread_behind(first, second):
    first.script(stall)
    before = threading.active_count()
    client = client_of(first, route=Hedge().contender(gateway_at(second, "two"), after=0.05))

    client.chat("hi")
    until = time.monotonic() + 5
    while any(thread.name == "ai_lib hedge" for thread in threading.enumerate()) and time.monotonic() < until:
        first.connections[0].wait_closed(0.05)

    assert not any(thread.name == "ai_lib hedge" for thread in threading.enumerate())
    assert threading.active_count() <= before + 3  # the servers'


def test_the_answer_of_a_losing_contender_is_closed(first, second):
    released = threading.Event()
    closed = threading.Event()

    class Late:
        """A custom provider, which cannot be interrupted."""

        def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            raise NotImplementedError

        def stream(self, request: ChatCompletionRequest) -> Any:
            released.wait(10)
            return self

        def __iter__(self) -> Iterator[ChatCompletionChunk]:
            yield ChatCompletionChunk(text="late")

        def close(self) -> None:
            closed.set()

    second.script(sse_reply(stream_events("second")))
    first.script(stall)
    hedge = Hedge().contender(Late(), after=0.05).contender(gateway_at(second, "two"), after=0.1)

    text = client_of(first, route=hedge).stream("hi").final_response().text
    released.set()

    assert text == "second"
    assert closed.wait(5)


def test_an_unexpected_exception_of_a_contender_is_raised(first):
    class Broken:
        def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            raise ValueError("a bug of the user's")

        stream = chat

    first.script(BUSY)

    with pytest.raises(ValueError, match="a bug of the user's"):
        client_of(first, route=Hedge().contender(Broken(), after=0.0)).chat("hi")
