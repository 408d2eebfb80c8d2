"""Hooks around chats and streams: they observe, replace, and answer in place of the provider."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    Interceptor,
    Message,
    ProviderConfig,
    ResilienceConfig,
    StreamInterruptedError,
)
from ai_lib.errors import OverloadedError
from ai_lib.reliability import ConcurrencyLimit
from tests.support.clients import client_of
from tests.support.server import BUSY, chunk_event, sse_reply, stream_events

CANNED = ChatCompletionResponse(choices=(Choice(message=Message.assistant("canned"), finish_reason="stop"),))


class Log(Interceptor):
    def __init__(self, name: str, seen: list[tuple[str, ...]]) -> None:
        self.name = name
        self.seen = seen

    def on_request(self, request: ChatCompletionRequest) -> None:
        self.seen.append((self.name, "request", request.model or ""))

    def on_response(self, request: ChatCompletionRequest, response: ChatCompletionResponse) -> None:
        self.seen.append((self.name, "response", response.text))

    def on_chunk(self, request: ChatCompletionRequest, chunk: ChatCompletionChunk) -> None:
        self.seen.append((self.name, "chunk", chunk.text))

    def on_error(self, request: ChatCompletionRequest, error: AiLibError) -> None:
        self.seen.append((self.name, "error", type(error).__name__))


def test_the_first_interceptor_sees_the_request_first_and_the_answer_last(server):
    seen: list[tuple[str, ...]] = []

    client_of(server, interceptors=[Log("a", seen), Log("b", seen)]).chat("hi")

    assert seen == [("a", "request", "m"), ("b", "request", "m"), ("b", "response", "hi"), ("a", "response", "hi")]


def test_a_request_can_be_replaced(server):
    class Polite(Interceptor):
        def on_request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
            return attrs.evolve(request, messages=[*request.messages, Message.user("please")])

    client_of(server, interceptors=[Polite()]).chat("hi")

    assert [message["content"] for message in server.requests[0].json["messages"]] == ["hi", "please"]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_response_from_on_request_sends_nothing_and_outer_hooks_see_it(server, streamed):
    seen: list[tuple[str, ...]] = []

    class Canned(Interceptor):
        def on_request(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            return CANNED

    client = client_of(server, interceptors=[Log("outer", seen), Canned(), Log("inner", seen)])
    answer = client.stream("hi").final_response() if streamed else client.chat("hi")

    assert answer.text == "canned"
    assert server.requests == []
    assert ("outer", "response", "canned") in seen
    assert not [one for one in seen if one[0] == "inner"]


def test_an_answer_can_be_replaced(server):
    class Loud(Interceptor):
        def on_response(self, request: Any, response: ChatCompletionResponse) -> ChatCompletionResponse:
            choice = attrs.evolve(response.choices[0], message=Message.assistant(response.text.upper()))
            return attrs.evolve(response, choices=(choice,))

    assert client_of(server, interceptors=[Loud()]).chat("hi").text == "HI"


@pytest.mark.parametrize("streamed", [False, True])
def test_an_error_can_be_answered(server, streamed):
    server.script(BUSY)

    class Apology(Interceptor):
        def on_error(self, request: Any, error: AiLibError) -> ChatCompletionResponse:
            return CANNED

    client = client_of(server, interceptors=[Apology()])
    answer = client.stream("hi").final_response() if streamed else client.chat("hi")

    assert answer.text == "canned"


def test_an_error_can_be_replaced_and_keeps_its_cause(server):
    server.script(BUSY)

    class Mine(Interceptor):
        def on_error(self, request: Any, error: AiLibError) -> AiLibError:
            return AiLibError("come back tomorrow")

    with pytest.raises(AiLibError, match="come back tomorrow") as caught:
        client_of(server, interceptors=[Mine()]).chat("hi")

    assert isinstance(caught.value.__cause__, OverloadedError)


def test_hooks_see_a_retried_call_once(server):
    seen: list[tuple[str, ...]] = []
    server.script(BUSY, sse_reply(stream_events("hi")))
    config = ProviderConfig("gw", base_url=server.url, default_model="m")
    client = AiClient(config, interceptors=[Log("a", seen)])

    client.stream("hi").final_response()

    assert [one[1] for one in seen if one[1] != "chunk"] == ["request", "response"]


def test_the_chunks_of_a_stream_can_be_replaced_and_its_end_is_seen(server):
    seen: list[tuple[str, ...]] = []
    server.script(sse_reply(stream_events("a", "b")))

    class Loud(Interceptor):
        def on_chunk(self, request: Any, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
            chunk.text = chunk.text.upper()
            return chunk

    stream = client_of(server, interceptors=[Log("outer", seen), Loud()]).stream("hi")
    texts = [chunk.text for chunk in stream if chunk.text]

    assert texts == ["A", "B"]
    assert stream.response.text == "AB"
    assert ("outer", "chunk", "A") in seen
    assert seen[-1] == ("outer", "response", "AB")


def test_a_hook_that_raises_in_a_stream_ends_it_and_leaves_nothing_behind(server):
    server.script(sse_reply(stream_events("a", "b")))

    class Broken(Interceptor):
        def on_chunk(self, request: Any, chunk: ChatCompletionChunk) -> None:
            raise ValueError("no")

    config = ProviderConfig("gw", base_url=server.url, default_model="m")
    resilience = ResilienceConfig(concurrency=ConcurrencyLimit(1))
    client = AiClient(config, interceptors=[Broken()], resilience=resilience)
    stream = client.stream("hi")

    with pytest.raises(ValueError, match="no"):
        next(stream)

    assert list(stream) == []
    assert stream.response.finish_reason is None
    assert client.guard.in_flight == 0


def test_a_broken_stream_is_reported(server):
    seen: list[tuple[str, ...]] = []
    server.script(sse_reply([chunk_event("par")]))

    with pytest.raises(StreamInterruptedError):
        client_of(server, interceptors=[Log("a", seen)]).stream("hi").final_response()

    assert seen[-1] == ("a", "error", "StreamInterruptedError")


def test_a_hook_that_raises_ends_the_call_with_what_it_raised(server):
    class Veto(Interceptor):
        def on_request(self, request: Any) -> None:
            raise PermissionError("not this")

    with pytest.raises(PermissionError, match="not this"):
        client_of(server, interceptors=[Veto()]).chat("hi")

    assert server.requests == []
