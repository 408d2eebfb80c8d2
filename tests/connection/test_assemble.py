"""The key, token, address and API of a request, from configuration, options and environment."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import AiClient, AuthenticationError, ConfigurationError, ConnectionOptions, ProviderConfig
from tests.support.server import Server, completion, json_reply, sse_reply, stream_events


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(200, completion())) as running:
        yield running


def config_of(server: Server, **fields: Any) -> ProviderConfig:
    return ProviderConfig("cloud", base_url=server.url, default_model="m", **fields)


def a_token() -> str:
    return "token-of-the-module"


# --- tokens of the caller's -----------------------------------------------------------------------------------------


def test_a_token_function_is_called_for_every_request_and_replaces_the_key(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_KEY", "key-from-the-environment")
    tokens = iter(["first", "second"])
    server.script(json_reply(200, completion()), sse_reply(stream_events("hi")))
    config = config_of(server, key_env="CLOUD_KEY", key_header="api-key", key_prefix="")

    with AiClient(config, options=ConnectionOptions(token=lambda: next(tokens))) as client:
        client.chat("hi")
        list(client.stream("hi"))

    assert [sent.headers["authorization"] for sent in server.requests] == ["Bearer first", "Bearer second"]
    assert all("api-key" not in sent.headers for sent in server.requests)


def test_a_retry_carries_a_fresh_token(server: Server) -> None:
    tokens = iter(["stale", "fresh"])
    server.script(json_reply(503, {}, {"retry-after": "0"}), json_reply(200, completion()))

    with AiClient(config_of(server), options=ConnectionOptions(token=lambda: next(tokens))) as client:
        client.chat("hi")

    assert [sent.headers["authorization"] for sent in server.requests] == ["Bearer stale", "Bearer fresh"]


@pytest.mark.parametrize("value", ["", "with blank", None, "line\nbreak"])
def test_a_token_that_cannot_be_sent_is_an_error_before_any_request(server: Server, value: Any) -> None:
    client = AiClient(config_of(server), options=ConnectionOptions(token=lambda: value))

    with pytest.raises(ConfigurationError, match="must return a bearer token") as caught:
        client.chat("hi")

    assert server.requests == []
    assert "with blank" not in str(caught.value)


def test_a_token_and_a_key_are_rejected_together() -> None:
    with pytest.raises(ConfigurationError, match="pass token or api_key, not both"):
        ConnectionOptions(token=a_token, api_key="key")
    with pytest.raises(ConfigurationError, match="pass a token itself as api_key"):
        ConnectionOptions(token="a-token")  # type: ignore[arg-type]


def test_a_token_function_is_not_shown_and_a_client_with_one_is_picklable(server: Server) -> None:
    client = AiClient(config_of(server), options=ConnectionOptions(token=a_token))

    copied = pickle.loads(pickle.dumps(client))
    copied.chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer token-of-the-module"
    assert "a_token" not in repr(ConnectionOptions(token=a_token))


# --- tokens from the environment ------------------------------------------------------------------------------------

BEARER = {"key_env": "CLOUD_KEY", "key_header": "x-api-key", "key_prefix": "", "bearer_env": ["CLOUD_TOKEN"]}


def test_a_bearer_token_in_the_environment_becomes_the_authorization_header(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_TOKEN", "oauth-token")

    with AiClient(config_of(server, **BEARER)) as client:
        client.chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer oauth-token"
    assert "x-api-key" not in server.requests[0].headers


def test_a_key_comes_before_a_bearer_token(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_TOKEN", "oauth-token")
    monkeypatch.setenv("CLOUD_KEY", "the-key")

    with AiClient(config_of(server, **BEARER)) as client:
        client.chat("hi")

    assert server.requests[0].headers["x-api-key"] == "the-key"
    assert "authorization" not in server.requests[0].headers


def test_a_rejected_bearer_token_names_its_variable(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_TOKEN", "oauth-token")
    server.script(json_reply(401, {"error": {"message": "expired"}}))

    with AiClient(config_of(server, **BEARER)) as client, pytest.raises(AuthenticationError) as caught:
        client.chat("hi")

    assert "CLOUD_TOKEN" in caught.value.hint


# --- other APIs and addresses ----------------------------------------------------------------------------------------

APIS = {
    "apis": {
        "old": {
            "dialect": "openai_chat",
            "chat_path": "/deployments/{model}/chat/completions",
            "query": {"api-version": "2025-04-01-preview"},
            "query_env": {"api-version": "CLOUD_API_VERSION"},
            "quirks": {"rename": {"max_tokens": "max_completion_tokens"}},
            "key_header": "api-key",
            "key_prefix": "",
        }
    },
    "key_env": "CLOUD_KEY",
}


def test_another_api_has_its_own_path_query_switches_and_key_header(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_KEY", "the-key")

    with AiClient(config_of(server, **APIS), api="old", model="my model/1") as client:
        client.chat("hi", max_tokens=3)
        monkeypatch.setenv("CLOUD_API_VERSION", "2030-01-01")
        client.with_options(headers={}).chat("hi")

    first, second = server.requests
    assert first.path == "/deployments/my%20model%2F1/chat/completions?api-version=2025-04-01-preview"
    assert second.path.endswith("?api-version=2030-01-01")
    assert first.json["max_completion_tokens"] == 3
    assert first.headers["api-key"] == "the-key"
    assert "authorization" not in first.headers


def test_an_unknown_api_is_an_error_that_lists_the_known_ones(server: Server) -> None:
    with pytest.raises(ConfigurationError, match="cloud has no api 'new'; it has old"):
        AiClient(config_of(server, **APIS), api="new")
    with pytest.raises(ConfigurationError, match="it has only its usual one"):
        AiClient(config_of(server), api="new")


PLACES = {
    "url_env": {"place": ["CLOUD_PLACE"]},
    "url_defaults": {"place": "eu"},
    "url_variants": {"place=global": "https://cloud.example/v1"},
}


@pytest.mark.parametrize(
    ("place", "url"),
    [
        (None, "https://eu.cloud.example/v1"),
        ("us", "https://us.cloud.example/v1"),
        ("global", "https://cloud.example/v1"),
    ],
)
def test_a_region_is_filled_into_the_base_url(place: str | None, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if place is not None:
        monkeypatch.setenv("CLOUD_PLACE", place)

    client = AiClient(ProviderConfig("cloud", base_url="https://{place}.cloud.example/v1", **PLACES))

    assert client.base_url == url


# --- Google Cloud ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credentials", "package", "words"),
    [("google", "google.auth", "ai-lib[google]"), ("aws", "botocore", "ai-lib[aws]")],
)
def test_a_missing_package_is_reported_when_the_client_is_created(credentials: str, package: str, words: str) -> None:
    code = f"""
import sys
sys.modules[{package!r}] = None
from ai_lib import AiClient, ConfigurationError, ProviderConfig
try:
    AiClient(ProviderConfig("cloud", base_url="http://127.0.0.1:9", credentials={credentials!r}))
except ConfigurationError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert words in ran.stdout


@pytest.mark.parametrize(
    ("provider", "api", "variable", "value", "url"),
    [
        ("minimax", "anthropic", "MINIMAX_BASE_URL", "https://api.minimaxi.com/v1", "https://api.minimaxi.com/anthropic"),
        ("azure_openai", "anthropic", "AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com", "https://me.services.ai.azure.com/anthropic"),
        ("azure_openai", None, "AZURE_OPENAI_ENDPOINT", "https://me.openai.azure.com", "https://me.openai.azure.com/openai/v1"),
        ("azure_openai", "responses", "AZURE_RESOURCE_NAME", "me", "https://me.openai.azure.com/openai/v1"),
    ],
)  # fmt: skip
def test_another_api_uses_the_base_url_from_the_environment(
    provider: str, api: str | None, variable: str, value: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    assert AiClient(provider, api=api, model="m", options=ConnectionOptions(api_key="k")).base_url == url
