"""The builder's steps, each seen in the client that it makes."""

import pytest

from ai_lib import (
    AiClient,
    AiClientBuilder,
    ConfigurationError,
    ConnectionOptions,
    ProviderConfig,
    Timeout,
)
from tests.support.clients import gateway_at
from tests.support.server import BUSY, stall

CONFIG = ProviderConfig("gateway", base_url="https://gateway.example/v1", default_model="m")


class Canned:
    def post(self, url: str, body: bytes) -> bytes:
        return b'{"choices": [{"message": {"content": "canned"}, "finish_reason": "stop"}]}'


def options_of(builder: AiClientBuilder) -> ConnectionOptions:
    return builder.build()._options


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


def test_a_transport_of_ones_own_can_be_set():
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
