"""Clients with a route: copies, pickles and lists of models."""

from __future__ import annotations

import pickle

import pytest

from ai_lib import AiLibError, FallbackChain, Hedge, ResilienceConfig
from ai_lib.reliability import BreakerPolicy
from tests.support.clients import client_of, gateway_at
from tests.support.server import (
    BUSY,
    json_reply,
)

# --- fallback


def test_a_client_with_a_route_can_be_pickled(first, second):
    first.script(BUSY)
    client = pickle.loads(pickle.dumps(client_of(first, route=FallbackChain([gateway_at(second, "two")]))))

    assert client.chat("hi").text == "second"


# --- going on after an interruption


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
