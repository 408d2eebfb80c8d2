"""Google's credentials: where they come from, and the token that they are exchanged for."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_lib import AiClient, AuthenticationError, ConnectionOptions, ProviderConfig
from ai_lib.errors import NetworkError
from tests.support.server import Server, completion, json_reply


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(200, completion())) as running:
        yield running


def config_of(server: Server, **fields: Any) -> ProviderConfig:
    return ProviderConfig("cloud", base_url=server.url, default_model="m", **fields)


@pytest.fixture
def service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A token service, and the file of a service account that asks it."""
    pytest.importorskip("google.auth", reason="needs google-auth")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa", reason="needs cryptography")
    from cryptography.hazmat.primitives import serialization

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with Server(json_reply(200, {"access_token": "ya29.cloud", "expires_in": 3600, "token_type": "Bearer"})) as tokens:
        file = tmp_path / "account.json"
        account = {"type": "service_account", "client_email": "me@x.iam.gserviceaccount.com", "private_key_id": "1",
                   "private_key": key.decode(), "token_uri": tokens.url + "/token", "project_id": "p"}  # fmt: skip
        file.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        yield tokens


def test_google_credentials_become_a_token_that_is_fetched_once(server: Server, service_account: Server) -> None:
    with AiClient(config_of(server, credentials="google")) as client:
        client.chat("hi")
        client.chat("hi")

    assert [sent.headers["authorization"] for sent in server.requests] == ["Bearer ya29.cloud"] * 2
    assert [sent.path for sent in service_account.requests] == ["/token"]


def test_a_key_makes_google_credentials_unnecessary(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_KEY", "the-key")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)

    with AiClient(config_of(server, credentials="google", key_env="CLOUD_KEY")) as client:
        client.chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer the-key"


def test_rejected_google_credentials_are_an_authentication_error(server: Server, service_account: Server) -> None:
    service_account.script(json_reply(400, {"error": "invalid_grant", "error_description": "canary: bad signature"}))

    with AiClient(config_of(server, credentials="google")) as client, pytest.raises(AuthenticationError) as caught:
        client.chat("hi")

    assert caught.value.code == "bad_credentials"
    assert caught.value.provider == "cloud"
    assert "gcloud auth application-default login" in caught.value.hint
    assert server.requests == []


def test_missing_google_credentials_are_an_authentication_error_that_says_what_to_do(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("google.auth", reason="needs google-auth")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))

    with AiClient(config_of(server, credentials="google")) as client, pytest.raises(AuthenticationError) as caught:
        client.chat("hi")

    assert caught.value.code == "missing_api_key"
    assert "GOOGLE_APPLICATION_CREDENTIALS" in caught.value.hint


def test_an_unreachable_token_service_is_a_network_error(server: Server, service_account: Server) -> None:
    file = Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    file.write_text(file.read_text().replace(service_account.url, address))

    options = ConnectionOptions(max_retries=0)
    with AiClient(config_of(server, credentials="google"), options=options) as client, pytest.raises(NetworkError):
        client.chat("hi")
