"""Clients for tests: of a server on this machine, or over a fake transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs
import pytest

from ai_lib import AiClient, ConnectionOptions, ProviderConfig, ResilienceConfig
from ai_lib.testing import FakeClock
from ai_lib.utils.clock import Clock

__all__ = ["APIS", "GATEWAY", "ONE_ATTEMPT", "client_of", "client_with_transport", "every_api", "gateway_at"]

# A provider that speaks chat completions and needs no key. client_of() gives it the server's address.
GATEWAY = ProviderConfig("gw", base_url="http://gateway.invalid/v1", default_model="m")
ONE_ATTEMPT = ResilienceConfig.none()

APIS: dict[str, dict[str, Any]] = {
    "openai_chat": {"provider": "openai"},
    "openai_responses": {"provider": "openai", "api": "responses"},
    "anthropic": {"provider": "anthropic"},
    "gemini": {"provider": "gemini"},
    "ollama_native": {"provider": "ollama", "model": "m"},
}
every_api = pytest.mark.parametrize("api", APIS)


class HasUrl(Protocol):
    url: str


def client_of(
    server: HasUrl,
    provider: ProviderConfig | str = GATEWAY,
    *,
    path: str = "/v1",
    config: Mapping[str, Any] | None = None,
    options: ConnectionOptions | Mapping[str, Any] | None = None,
    clock: FakeClock | Clock | None = None,
    resilience: ResilienceConfig | None = ONE_ATTEMPT,
    **settings: Any,
) -> AiClient:
    """Return a client whose requests go to `server`, each of them once.

    Args:
        server: Receives the requests, under its address followed by `path`.
        provider: The provider's configuration, or the name of a provider that the library knows ("openai",
            "replicate/owner/model"), which is used with the key "key-1".
        path: The end of the base URL.
        config: Fields of the configuration to replace, such as {"key_env": "GW_KEY"}.
        options: The connection's options, or only some of their fields.
        clock: A fake clock, or a clock as `AiClient` takes it; the system's by default.
        resilience: A single attempt by default; None is the library's own default, with retries.
        settings: Other arguments of `AiClient`: route, metrics, catalogue, model, ...
    """
    address = server.url + path
    if isinstance(provider, ProviderConfig):
        provider = attrs.evolve(provider, base_url=address, **(config or {}))
    elif not isinstance(options, ConnectionOptions):
        options = {"base_url": address, "api_key": "key-1", **(options or {})}
    if isinstance(options, Mapping):
        options = ConnectionOptions(**options)
    if isinstance(clock, FakeClock):
        clock = clock.clock()
    if clock is not None:
        settings["clock"] = clock
    return AiClient(provider, options=options, resilience=resilience, **settings)


def gateway_at(server: HasUrl, name: str = "gw") -> ProviderConfig:
    """Return the configuration of a gateway that `server` stands for, with the default model "<name>-model"."""
    return ProviderConfig(name, base_url=server.url + "/v1", default_model=f"{name}-model")


def client_with_transport(api: str, transport: Any, *, key: str = "a-long-key", **settings: Any) -> AiClient:
    """Return a client of one of `APIS` that sends its requests through `transport`; `options` is a mapping."""
    options = ConnectionOptions(api_key=key, **settings.pop("options", {}))
    return AiClient(**APIS[api], options=options, transport=transport, **settings)
