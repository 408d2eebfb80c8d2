"""The builder's steps, each visible in the client that it builds."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import (
    AiClient,
    AiClientBuilder,
    ConfigurationError,
    ConnectionOptions,
    ProviderConfig,
    RetryPolicy,
    Timeout,
)
from ai_lib.errors import OverloadedError
from tests.support.clients import gateway_at
from tests.support.server import (
    BUSY,
    Server,
    completion,
    json_reply,
    stall,
)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(200, completion())) as running:
        yield running


def config_of(server: Server, **fields: Any) -> ProviderConfig:
    return ProviderConfig("cloud", base_url=server.url, default_model="m", **fields)


def a_token() -> str:
    return "token-of-the-module"


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

CONFIG = ProviderConfig("gateway", base_url="https://gateway.example/v1", default_model="m")


class Canned:
    def post(self, url: str, body: bytes) -> bytes:
        return b'{"choices": [{"message": {"content": "canned"}, "finish_reason": "stop"}]}'


def options_of(builder: AiClientBuilder) -> ConnectionOptions:
    return builder.build()._core.options


def test_single_steps_change_single_fields_of_given_options_before_and_after():
    given = ConnectionOptions(api_key="k", timeout=5.0, max_retries=7)

    options = options_of(AiClient.builder(CONFIG).with_timeout(Timeout(total=1)).with_options(given).with_retry(0))

    assert options == ConnectionOptions(api_key="k", timeout=Timeout(total=1), max_retries=0)


def test_the_last_word_about_the_proxy_counts():
    builder = AiClient.builder(CONFIG)

    assert options_of(builder.without_proxy().with_proxy("http://proxy:1")).proxy == "http://proxy:1"
    assert options_of(builder.with_proxy("http://proxy:1").without_proxy()).disable_proxy is True


def test_tls_and_the_pool_can_be_set():
    options = options_of(AiClient.builder(CONFIG).with_tls(verify=False).with_pool_size(3))

    assert (options.verify, options.pool_size) == (False, 3)


def test_a_custom_transport_can_be_set():
    assert AiClient.builder(CONFIG).with_transport(Canned()).build().chat("hi").text == "canned"


def test_only_build_fails():
    builder = AiClient.builder("no-such-provider").with_pool_size(0)

    with pytest.raises(ConfigurationError, match="no provider 'no-such-provider'"):
        builder.build()


def test_the_builder_makes_chains(first, second):
    first.script(BUSY)
    builder = AiClient.builder(gateway_at(first, "one")).with_retry(0)

    assert builder.with_failover_chain([gateway_at(second, "two")]).build().chat("hi").text == "second"


def test_the_builder_makes_hedges(first, second):
    first.script(stall)
    client = AiClient.builder(gateway_at(first, "one")).with_hedge(gateway_at(second, "two"), after=0.05).build()

    assert client.chat("hi").text == "second"


def test_the_builder_puts_a_preset_and_single_parts_together_in_any_order(server):
    config = ProviderConfig("gateway", base_url=server.url, default_model="m")

    one = AiClient.builder(config).with_max_concurrency(7).with_retry(1).for_production().build()
    other = AiClient.builder(config).for_production().with_retry(1).with_max_concurrency(7).build()

    assert one.guard.policy == other.guard.policy
    assert (one.guard.policy.max_retries, one.guard.policy.base) == (1, 2.0)
    assert one.chat("hi").text == "hi"


def test_the_builder_has_a_step_for_each_part(server):
    config = ProviderConfig("gateway", base_url=server.url, default_model="m")
    alerts, heard = [], []

    client = (
        AiClient.builder(config)
        .with_smart_defaults()
        .with_retry(RetryPolicy(max_retries=1, base=0.0))
        .with_circuit_breaker(2)
        .with_rate_limit(6000, burst=100)
        .with_error_monitor(consecutive=1, on_alert=alerts.append)
        .with_listener(heard.append)
        .build()
    )
    server.script(BUSY)
    with pytest.raises(OverloadedError):
        client.chat("hi")

    assert len(server.requests) == 2
    assert [alert.consecutive for alert in alerts] == [1]
    assert [event.kind for event in heard] == ["retry", "breaker_opened", "gave_up"]
    assert AiClient.builder(config).for_development().build().chat  # a preset alone is enough


def test_a_builder_makes_the_same_client(server):
    config = ProviderConfig("gateway", base_url="https://elsewhere.invalid/v1")

    client = (
        AiClient.builder(config)
        .with_base_url(server.url + "/v2")
        .with_api_key("k")
        .with_model("m2")
        .with_timeout(Timeout(total=30))
        .with_retry(0)
        .with_headers(x_team="a")
        .without_proxy()
        .on_unsupported("drop")
        .build()
    )
    client.chat("hi", top_k=1)

    request = server.requests[0]
    assert (request.path, request.json["model"]) == ("/v2/chat/completions", "m2")
    assert (request.headers["authorization"], request.headers["x-team"]) == ("Bearer k", "a")


def test_the_builder_sets_api_and_token(server: Server) -> None:
    client = AiClient.builder(config_of(server, **APIS)).with_api("old").with_token(a_token).with_model("m").build()

    client.chat("hi")

    assert server.requests[0].path.startswith("/deployments/m/")
    assert server.requests[0].headers["authorization"] == "Bearer token-of-the-module"
