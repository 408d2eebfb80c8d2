"""Models and spending that a client reports: lists and entries of models."""

import pytest

from ai_lib import (
    AiClient,
    ProviderConfig,
    UnsupportedFeatureError,
)
from tests.support.clients import client_of
from tests.support.server import json_reply


def test_the_list_of_models_comes_from_the_provider(server):
    server.script(json_reply(200, {"data": [{"id": "a", "created": 5, "owned_by": "me"}, {"id": "b"}]}))

    models = client_of(server).list_models()

    assert [model.id for model in models] == ["a", "b"]
    assert models[0].owned_by == "me"
    assert (server.requests[0].method, server.requests[0].path) == ("GET", "/v1/models")


def test_list_models_is_unsupported_without_a_models_path(server):
    client = AiClient(ProviderConfig("gateway", base_url=server.url, models_path=None, docs="https://docs.example"))

    with pytest.raises(
        UnsupportedFeatureError,
        match=r"gateway does not support list_models: the service has no list of models. See https://docs.example",
    ):
        client.list_models()
    assert server.requests == []
