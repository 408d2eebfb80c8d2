"""Azure's classic deployments: the address names the deployment and the version of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import AiClient, ConnectionOptions
from ai_lib.types.request import ChatCompletionRequest
from tests.support.scenarios import SCENARIOS
from tests.support.server import Server, completion, json_reply
from tests.support.wire_cases import adapter_for, requests_of

RECORDED = requests_of("azure-chat-deployment-url")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(200, completion())) as running:
        yield running


@pytest.mark.parametrize("scenario", sorted(RECORDED))
def test_a_body_is_what_another_client_sends_but_for_the_model_that_the_address_names(scenario: str) -> None:
    recorded: dict[str, Any] = dict(RECORDED[scenario]["body"])
    assert recorded.pop("model") == "DEPLOYMENT"

    request = ChatCompletionRequest(model="DEPLOYMENT", **SCENARIOS[scenario])
    sent, _ = adapter_for("azure_openai", "deployments").chat_request(request, stream=scenario == "plain-stream")

    assert json.loads(sent.body or b"") == recorded


def test_the_address_is_made_from_the_resource_the_deployment_and_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_RESOURCE_NAME", "resource")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview")

    client = AiClient("azure_openai", api="deployments", options=ConnectionOptions(api_key="k"))
    request = ChatCompletionRequest(model="DEPLOYMENT", messages="hi")
    sent, _ = client._core.connection.adapter.chat_request(request, stream=False)

    assert sent.url == RECORDED["plain"]["url"]
    assert sent.headers["api-key"] == "k"


def test_the_endpoint_of_the_environment_gets_the_classic_path(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{server.url}/")

    with AiClient("azure_openai", api="deployments", model="my gpt", options=ConnectionOptions(api_key="k")) as client:
        client.chat("hi")

    assert server.requests[0].path == "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21"
    assert "model" not in server.requests[0].json


@pytest.mark.parametrize("api", [None, "deployments"])
def test_a_token_goes_as_bearer(api: str | None, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "entra-token")

    with AiClient("azure_openai", api=api, model="d", options=ConnectionOptions(base_url=server.url)) as client:
        client.chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer entra-token"
    assert "api-key" not in server.requests[0].headers
