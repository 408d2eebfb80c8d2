"""Providers as users name them, and the errors for invalid names."""

import pytest

from ai_lib import (
    AiClient,
    ConfigurationError,
    Provider,
    ProviderConfig,
)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (5, "provider must be a name, an AiClient, or an object with chat"),
        ("groq/", "'groq/' has no model after the slash"),
        ("", "no provider ''"),
        ("../../etc/passwd", "no provider '..'"),
        ("github_models", "GitHub Models ended its service on 2026-07-30"),
    ],
)
def test_an_invalid_provider_name_is_rejected(provider, reason):
    with pytest.raises(ConfigurationError, match=reason):
        AiClient(provider)


def test_a_variable_without_a_known_provider_is_rejected(monkeypatch):
    monkeypatch.setenv("AI_LIB_MODEL", "gpt-4o")

    with pytest.raises(ConfigurationError, match="AI_LIB_MODEL must be 'provider' or 'provider/model', and 'gpt-4o'"):
        AiClient()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": ""}, "provider id '' must be a name"),
        ({"id": "a/b"}, "provider id 'a/b' must be a name without '/'"),
        ({"base_url": "gateway.example/v1"}, "base_url must start with https:// or http://"),
        ({"base_url": "https://gateway.example/v1/"}, "base_url must not end with '/'"),
        ({"base_url": "https://gateway.example/v1?a=b"}, r"base_url must not contain '\?' or '#'"),
        ({"chat_path": "chat"}, "chat_path of provider 'gateway' must start with '/'"),
        ({"dialect": "morse"}, "no dialect 'morse'"),
        ({"quirks": {"colour": "red"}}, "unknown quirk of dialect openai_chat: colour; known: accepts"),
        ({"transport": "pigeon"}, "provider 'gateway': transport must be one of http, embedded"),
    ],
)
def test_an_invalid_configuration_is_rejected(fields, reason):
    with pytest.raises(ConfigurationError, match=reason):
        AiClient(ProviderConfig(**{"id": "gateway", "base_url": "https://gateway.example/v1", **fields}))


def test_an_invalid_transport_is_rejected_with_the_methods_it_needs():
    with pytest.raises(
        ConfigurationError, match=r"int is not a transport; it needs send\(\), stream\(\) and close\(\)"
    ):
        AiClient(ProviderConfig("gateway", base_url="https://gateway.example/v1"), transport=5)


def test_an_unknown_on_unsupported_is_rejected():
    with pytest.raises(ConfigurationError, match="on_unsupported must be one of raise, warn, drop, got 'ignore'"):
        AiClient(ProviderConfig("gateway", base_url="https://gateway.example/v1"), on_unsupported="ignore")


def test_the_enum_the_id_and_provider_slash_model_name_the_same_provider(monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "k")

    assert AiClient(Provider.OPENROUTER).provider == AiClient("openrouter").provider == "openrouter"
    assert AiClient("openrouter/openai/gpt-4o").model == "openai/gpt-4o"


def test_an_unknown_provider_is_an_error_with_similar_names():
    with pytest.raises(ConfigurationError, match="no provider 'gorq'; did you mean groq"):
        AiClient("gorq")


def test_the_environment_names_the_provider_and_the_model(monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("AI_LIB_MODEL", "groq/some-model")

    client = AiClient()

    assert (client.provider, client.model) == ("groq", "some-model")


def test_the_one_provider_whose_key_is_set_is_used(monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")

    assert AiClient().provider == "groq"


def test_keys_of_several_providers_are_ambiguous(monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_KEY", "k")

    with pytest.raises(ConfigurationError, match=r"keys of several providers are set \(groq, openai\); name one"):
        AiClient()
