"""Connection options: validated early, merged in one order, never shown."""

import pytest

from ai_lib import ConfigurationError, ConnectionOptions, ProviderConfig, Timeout
from ai_lib.connection.options import (
    resolve_base_url,
    resolve_default_model,
    resolve_headers,
    resolve_key,
    timeout_from,
)

PLAIN = ProviderConfig("gw", base_url="https://gw.example/v1", key_env=["GW_KEY", "GW_OLD_KEY"], base_url_env="GW_URL")


def test_secrets_do_not_show():
    options = ConnectionOptions(api_key="canary", proxy="http://user:canary@proxy:1", headers={"x": "canary"})

    assert "canary" not in repr(options)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "30"])
def test_an_invalid_timeout_is_rejected(timeout):
    with pytest.raises(ConfigurationError, match="timeout"):
        ConnectionOptions(timeout=timeout)


def test_a_number_is_the_total_and_leaves_the_other_limits():
    assert timeout_from(2, Timeout(idle=1)) == Timeout(idle=1, total=2.0)


def test_a_proxy_and_disable_proxy_are_rejected_together():
    with pytest.raises(ConfigurationError, match="not both"):
        ConnectionOptions(proxy="http://proxy:1", disable_proxy=True)


@pytest.mark.parametrize("headers", [{"x": "a\nb"}, {"x\r": "a"}, {"x": 1}])
def test_a_header_that_cannot_be_sent_is_rejected(headers):
    with pytest.raises(ConfigurationError, match="header"):
        ConnectionOptions(headers=headers)


def test_the_first_key_variable_that_is_set_wins(monkeypatch):
    monkeypatch.setenv("GW_OLD_KEY", "old")
    assert resolve_key(PLAIN, ConnectionOptions()) == "old"

    monkeypatch.setenv("GW_KEY", "new")
    assert resolve_key(PLAIN, ConnectionOptions()) == "new"
    assert resolve_key(PLAIN, ConnectionOptions(api_key="argument")) == "argument"


def test_whitespace_around_a_key_is_stripped():
    assert resolve_key(PLAIN, ConnectionOptions(api_key=" abc\n")) == "abc"


@pytest.mark.parametrize(("key", "position"), [("ab\ncd", 2), ("abc\u2013d", 3), ("a b", 1)])
def test_an_invalid_character_in_a_key_is_reported_by_position_only(key, position):
    with pytest.raises(ConfigurationError, match=f"from api_key= has a character .* at position {position}") as caught:
        resolve_key(PLAIN, ConnectionOptions(api_key=key))
    assert key not in str(caught.value)


def test_an_empty_key_is_an_error_not_a_missing_one():
    with pytest.raises(ConfigurationError, match="the API key from api_key= is empty"):
        resolve_key(PLAIN, ConnectionOptions(api_key="  "))


def test_the_base_url_comes_from_argument_then_variable_then_configuration(monkeypatch):
    assert resolve_base_url(PLAIN, ConnectionOptions()) == "https://gw.example/v1"

    monkeypatch.setenv("GW_URL", "http://localhost:1/x/")
    assert resolve_base_url(PLAIN, ConnectionOptions()) == "http://localhost:1/x"
    assert resolve_base_url(PLAIN, ConnectionOptions(base_url="http://other/y/")) == "http://other/y"


def test_a_variable_that_holds_only_the_host_gets_the_providers_path(monkeypatch):
    config = ProviderConfig(
        "gw", base_url="https://gw.example/openai/v1", base_url_env="GW_URL", base_url_env_is_host=True
    )

    monkeypatch.setenv("GW_URL", "https://other.example")
    assert resolve_base_url(config, ConnectionOptions()) == "https://other.example/openai/v1"
    monkeypatch.setenv("GW_URL", "http://localhost:1/v1")
    assert resolve_base_url(config, ConnectionOptions()) == "http://localhost:1/v1"


def test_a_gap_in_the_base_url_is_filled_from_its_variable_or_named(monkeypatch):
    config = ProviderConfig("gw", base_url="https://{account}.example/v1", url_env={"account": ["GW_ACCOUNT"]})

    with pytest.raises(ConfigurationError, match="gw needs GW_ACCOUNT to be set"):
        resolve_base_url(config, ConnectionOptions())
    monkeypatch.setenv("GW_ACCOUNT", "acme")
    assert resolve_base_url(config, ConnectionOptions()) == "https://acme.example/v1"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "//x"])
def test_a_base_url_without_http_is_rejected(url, monkeypatch):
    with pytest.raises(ConfigurationError, match="base_url must start with"):
        ConnectionOptions(base_url=url)
    monkeypatch.setenv("GW_URL", url)
    with pytest.raises(ConfigurationError, match="GW_URL must start with http"):
        resolve_base_url(PLAIN, ConnectionOptions())


@pytest.mark.parametrize(
    "url", ["https://user:canary@gw.example/v1", "https://gw.example/v1?key=canary", "http://x#canary"]
)
def test_a_base_url_that_may_hold_a_secret_is_rejected_without_showing_it(url, monkeypatch):
    monkeypatch.setenv("GW_URL", url)
    for make in (
        lambda: ConnectionOptions(base_url=url),
        lambda: resolve_base_url(PLAIN, ConnectionOptions()),
        lambda: ProviderConfig("gw", base_url=url),
    ):
        with pytest.raises(ConfigurationError, match="must not contain") as caught:
            make()
        assert "canary" not in str(caught.value)


LOCAL = ProviderConfig("local", base_url="http://127.0.0.1:11434", base_url_env="LOCAL_HOST", base_url_env_is_host=True)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("http://0.0.0.0:8000/", "http://127.0.0.1:8000"),
        (":8000", "http://127.0.0.1:8000"),
        ("gpu.example", "http://gpu.example:11434"),
        ("gpu.example:8000/", "http://gpu.example:8000"),
        ("gpu.example/ollama", "http://gpu.example:11434/ollama"),
        ("[::1]", "http://[::1]:11434"),
        ("[::]:8000", "http://[::1]:8000"),
        ("https://ollama.com", "https://ollama.com"),
    ],
)
def test_a_variable_may_name_the_host_of_a_server_nearby(value, url, monkeypatch):
    monkeypatch.setenv("LOCAL_HOST", value)

    assert resolve_base_url(LOCAL, ConnectionOptions()) == url


def test_a_host_gets_the_path_of_a_server_nearby(monkeypatch):
    config = ProviderConfig(
        "local", base_url="http://127.0.0.1:1/v1", base_url_env="LOCAL_HOST", base_url_env_is_host=True
    )
    monkeypatch.setenv("LOCAL_HOST", "gpu.example")

    assert resolve_base_url(config, ConnectionOptions()) == "http://gpu.example:1/v1"


@pytest.mark.parametrize("value", ["gpu.example:port", "gpu.example:99999999", "ftp://gpu.example"])
def test_an_invalid_local_address_is_rejected(value, monkeypatch):
    monkeypatch.setenv("LOCAL_HOST", value)

    with pytest.raises(ConfigurationError, match="LOCAL_HOST must start with http"):
        resolve_base_url(LOCAL, ConnectionOptions())


def test_headers_come_from_the_configuration_the_environment_and_the_argument(monkeypatch):
    config = ProviderConfig("gw", base_url="https://x", headers={"a": "1", "b": "1"}, headers_env={"b": "GW_B"})
    monkeypatch.setenv("GW_B", "2")

    assert resolve_headers(config, ConnectionOptions(headers={"c": "3"})) == {"a": "1", "b": "2", "c": "3"}


def test_the_default_model_can_be_set_by_the_names_of_the_provider_and_of_its_key(monkeypatch):
    config = ProviderConfig("gw", base_url="https://x", key_env="OTHER_API_KEY", default_model="own")
    assert resolve_default_model(config) == "own"

    monkeypatch.setenv("OTHER_MODEL", "by key")
    assert resolve_default_model(config) == "by key"
    monkeypatch.setenv("GW_MODEL", "by id")
    assert resolve_default_model(config) == "by id"
