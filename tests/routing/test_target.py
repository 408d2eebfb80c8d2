"""Targets of a route: what may be one, and what it receives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import (
    AiClient,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    ConfigurationError,
    ConnectionOptions,
    FallbackChain,
    Message,
    ProviderConfig,
)
from ai_lib.api import Call
from ai_lib.routing import Target
from tests.support.clients import ONE_ATTEMPT, client_of, gateway_at
from tests.support.server import (
    BUSY,
    Server,
)


def requested_models(server: Server) -> list[str]:
    return [request.json["model"] for request in server.requests]


def test_a_key_and_a_header_stay_with_the_provider_they_are_for(first, second):
    first.script(BUSY)
    options = ConnectionOptions(api_key="canary-0123456789", headers={"x-team": "mine"})
    own = ProviderConfig("one", base_url=first.url, default_model="m", key_env="ONE_KEY")

    AiClient(own, options=options, route=FallbackChain([gateway_at(second, "two")]), resilience=ONE_ATTEMPT).chat("hi")

    assert first.requests[0].headers["authorization"] == "Bearer canary-0123456789"
    assert "authorization" not in second.requests[0].headers
    assert "x-team" not in second.requests[0].headers


def test_names_clients_and_custom_providers_are_targets(first, second, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("GROQ_BASE_URL", second.url)
    first.script(BUSY)
    second.script(BUSY)

    class Own:
        def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            question = request.messages[0].text
            return ChatCompletionResponse(choices=(Choice(message=Message.assistant(f"own: {question}")),))

        def stream(self, request: ChatCompletionRequest) -> Iterator[ChatCompletionChunk]:
            yield ChatCompletionChunk(text="own")
            yield ChatCompletionChunk(finish_reason="stop", raw_finish_reason="stop")

        def list_models(self) -> list[Any]:
            return []

    client = client_of(first, route=FallbackChain(["groq/llama", Own()]))

    assert client.chat("hi").text == "own: hi"
    assert client.stream("hi").final_response().text == "own"
    assert requested_models(second) == ["llama", "llama"]


def test_a_custom_provider_can_read_the_remaining_time_of_the_call(first):
    first.script(BUSY)
    left = []

    class Own:
        def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
            left.append(call.remaining())
            return ChatCompletionResponse(choices=(Choice(message=Message.assistant("own")),))

        stream = chat

    client_of(first, route=FallbackChain([Own()]), options=ConnectionOptions(timeout=20.0)).chat("hi")

    assert 0 < left[0] < 20


def test_an_invalid_target_is_rejected_before_any_call(first):
    with pytest.raises(ConfigurationError, match="a provider must be a name, an AiClient, or an object with chat"):
        client_of(first, route=FallbackChain([42]))
    with pytest.raises(
        ConfigurationError,
        match="route must be a FallbackChain, RoundRobin, Hedge, ModelRouter, ModelArray or ChatProvider, not list",
    ):
        client_of(first, route=["groq"])
    with pytest.raises(ConfigurationError, match="'temprature' is not one"):
        Target(provider="groq", options={"temprature": 1})
