"""Clients with a route: copies, pickles and lists of models."""

from __future__ import annotations

import pickle

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    ConnectionOptions,
    FallbackChain,
    Hedge,
    ModelArray,
    ModelRouter,
    ResilienceConfig,
    RoundRobin,
)
from ai_lib.reliability import BreakerPolicy
from ai_lib.testing import ScriptedTransport, error
from tests.support.clients import client_of, gateway_at
from tests.support.server import (
    BUSY,
    json_reply,
)


def test_a_client_with_a_route_can_be_pickled(first, second):
    first.script(BUSY)
    client = pickle.loads(pickle.dumps(client_of(first, route=FallbackChain([gateway_at(second, "two")]))))

    assert client.chat("hi").text == "second"


def test_list_models_uses_the_clients_provider(first, second):
    first.script(json_reply(200, {"data": [{"id": "mine"}]}))

    for route in (FallbackChain([gateway_at(second, "two")]), Hedge().contender(gateway_at(second, "two"))):
        client = client_of(first, route=route)
        assert [model.id for model in client.list_models()] == ["mine"]

    assert second.requests == []


def test_a_copy_shares_the_guards_of_its_route(first, second):
    first.script(BUSY)
    second.script(BUSY)
    resilience = ResilienceConfig(retry=None, breaker=BreakerPolicy(failure_threshold=1))
    client = client_of(first, route=FallbackChain([gateway_at(second, "two")]), resilience=resilience)
    with pytest.raises(AiLibError):
        client.chat("hi")

    with pytest.raises(AiLibError):
        client.with_options(timeout=3.0).chat("hi")

    assert (len(first.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize(
    "route",
    [FallbackChain(["openai"]), RoundRobin(["openai"]), ModelRouter(["groq/a", "openai/b"]), Hedge(["openai"])],
    ids=lambda route: type(route).__name__,
)
def test_a_custom_transport_carries_the_requests_of_every_provider_of_a_route(monkeypatch, route):
    monkeypatch.setenv("OPENAI_API_KEY", "key-2")
    script = ScriptedTransport(error(503), "from the second")
    options = ConnectionOptions(api_key="key-1", max_retries=0)

    answer = AiClient("groq", options, transport=script, route=route).chat("hi")

    assert answer.text == "from the second"
    assert [request.url.split("/")[2] for request in script.requests] == ["api.groq.com", "api.openai.com"]


def test_a_custom_transport_carries_the_requests_of_an_arrays_endpoints():
    script = ScriptedTransport("one", "two")
    array = ModelArray("pool").add_endpoint(name="a", url="http://a.invalid/v1", model="m")
    array.add_endpoint(name="b", url="http://b.invalid/v1", model="m")
    client = AiClient(array, transport=script)

    assert [client.chat("hi").text, client.chat("hi").text] == ["one", "two"]
