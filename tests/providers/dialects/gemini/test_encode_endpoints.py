"""Hosts, projects and keys of the Gemini API and of Vertex AI."""

from __future__ import annotations

import json

import pytest

from ai_lib.connection.options import ConnectionOptions, resolve_base_url
from ai_lib.providers.registry import get_config
from ai_lib.types.request import ChatCompletionRequest
from tests.support.wire_cases import adapter_for

HOSTS = {
    None: "https://aiplatform.googleapis.com/v1/projects/p/locations/global",
    "us-central1": "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1",
    "eu": "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu",
    "us": "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us",
}


@pytest.mark.parametrize(("location", "url"), HOSTS.items())
def test_a_location_has_its_own_host(location: str | None, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    if location is not None:
        monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", location)

    assert resolve_base_url(get_config("vertex"), ConnectionOptions()) == url


def test_a_host_from_the_environment_gets_project_and_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", "https://gateway.example.com")

    url = resolve_base_url(get_config("vertex"), ConnectionOptions())

    assert url == "https://gateway.example.com/v1/projects/p/locations/global"


def test_a_key_instead_of_a_project_has_another_url_and_header() -> None:
    config = get_config("vertex").with_api("express")

    assert resolve_base_url(config, ConnectionOptions()) == "https://aiplatform.googleapis.com/v1"
    assert (config.key_header, config.key_prefix, config.credentials) == ("x-goog-api-key", "", "")
    assert config.model_prefix == "publishers/google/models/"


def test_the_compatible_api_takes_the_same_key_as_a_bearer_token() -> None:
    config = get_config("gemini").with_api("openai")

    assert config.base_url + config.chat_path == (  # type: ignore[operator]
        "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
    )
    assert (config.key_header, config.key_prefix, config.model_prefix) == ("Authorization", "Bearer ", "")


def test_claude_on_vertex_has_the_model_in_the_url_and_the_version_in_the_body() -> None:
    request = ChatCompletionRequest(model="claude-sonnet-5-5", messages="hi", max_tokens=10)
    adapter = adapter_for("vertex", "anthropic")

    sent, _ = adapter.chat_request(request, stream=True)

    assert sent.url.endswith("/publishers/anthropic/models/claude-sonnet-5-5:streamRawPredict")
    assert json.loads(sent.body or b"")["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in json.loads(sent.body or b"")
