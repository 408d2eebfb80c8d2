"""From settings to a provider that is ready to be called: adapter, transport and guard, put together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.connection.connection import Connection
from ai_lib.connection.options import (
    DEFAULT_MAX_RETRIES,
    ConnectionOptions,
    resolve_base_url,
    resolve_bearer,
    resolve_headers,
    resolve_key,
    resolve_query,
)
from ai_lib.connection.resolve import resolve_provider
from ai_lib.errors import ConfigurationError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import load_dialect
from ai_lib.reliability.guard import Guard
from ai_lib.reliability.retry import RetryPolicy
from ai_lib.transport.http import HttpTransport
from ai_lib.types.wire import HttpRequest
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.env import first_set

if TYPE_CHECKING:
    from ai_lib.api.events import Listener
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.reliability.config import ResilienceConfig

__all__ = ["ConnectionSettings", "connect"]


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """What holds for every provider that one client connects to: its own and those of its route.

    Args:
        options: How to reach the provider.
        resilience: Retry, circuit breaker, limits; None means two retries and nothing else.
        listener: Called with every decision of the reliability layer.
        catalogue: Models and their prices; None means the catalogue of the package.
        transport: Custom transport in place of `HttpTransport`.
        clock: Time, waiting and randomness.
    """

    options: ConnectionOptions = attrs.field(factory=ConnectionOptions)
    resilience: ResilienceConfig | None = None
    listener: Listener | None = None
    catalogue: Catalogue | None = None
    transport: Transport | BytesTransport | None = None
    clock: Clock = SYSTEM_CLOCK

    def for_other_providers(self) -> ConnectionSettings:
        """Return these settings without what belongs to one provider: address, key, headers and certificate."""
        options = attrs.evolve(self.options, base_url=None, api_key=None, token=None, headers={}, cert=None)
        return attrs.evolve(self, options=options)


def connect(
    provider: str | ProviderConfig | None,
    settings: ConnectionSettings,
    *,
    model: str | None = None,
    api: str | None = None,
) -> Connection:
    """Return a provider that is ready to be called; nothing is sent yet.

    Args:
        provider: An id, "provider/model", a `ProviderConfig`, or None for what the environment says.
        settings: What holds for every provider of the client.
        model: Default model; None means the one named in `provider`, else the provider's default.
        api: Another of the provider's chat APIs; None means the usual one.

    Raises:
        ConfigurationError: There is no such provider or API, or a setting cannot be used.
        MissingKeyError: The provider needs a key and there is none.
    """
    from ai_lib.models.catalogue import Catalogue  # needed only after the first answer

    resolved, options = resolve_provider(provider), settings.options
    adapter = _adapter(resolved.config, api, options)
    return Connection(
        adapter=adapter,
        transport=_transport(adapter, settings),
        guard=_guard(adapter, settings),
        options=options,
        configured_model=model or resolved.model,
        catalogue=settings.catalogue or Catalogue(),
    )


def _adapter(usual: ProviderConfig, api: str | None, options: ConnectionOptions) -> ProviderAdapter:
    config = resolve_bearer(usual if api is None else usual.with_api(api), options)
    if options.base_url is None and config.base_url != usual.base_url and first_set(config.base_url_env) is not None:
        # A variable of the environment holds the address of the usual API; the others lie next to it.
        base_url = usual.resolve_url(resolve_base_url(usual, options), config.base_url)
    else:
        base_url = resolve_base_url(config, options)
    return ProviderAdapter(
        config=config,
        dialect=load_dialect(config.dialect),
        base_url=base_url,
        api_key=resolve_key(config, options),
        headers=resolve_headers(config, options),
        query=resolve_query(config),
    )


def _guard(adapter: ProviderAdapter, settings: ConnectionSettings) -> Guard:
    """Return the guard; a number of retries in the options wins over the configuration's, unless it is the default."""
    resilience, max_retries = settings.resilience, settings.options.max_retries
    policy = RetryPolicy() if resilience is None else resilience.retry
    if max_retries != DEFAULT_MAX_RETRIES:
        policy = attrs.evolve(policy or RetryPolicy(), max_retries=max_retries)
    account = hashlib.sha256((adapter.api_key or "").encode()).hexdigest()[:12]
    return Guard(
        policy,
        resilience,
        provider=adapter.config.id,
        base_url=adapter.base_url,
        key=f"{adapter.config.id} {adapter.base_url} {account}",
        clock=settings.clock,
        listener=settings.listener,
    )


# --- the transport


def _http(options: ConnectionOptions, clock: Clock) -> Transport:
    return HttpTransport(
        proxy=options.proxy,
        disable_proxy=options.disable_proxy,
        verify=options.verify,
        cert=options.cert,
        pool_size=options.pool_size,
        clock=clock,
    )


def _embedded(options: ConnectionOptions, clock: Clock) -> Transport:
    from ai_lib.transport.embedded import EmbeddedTransport

    return EmbeddedTransport(HttpTransport(disable_proxy=True, pool_size=options.pool_size, clock=clock), clock)


_TRANSPORTS: dict[str, Callable[[ConnectionOptions, Clock], Transport]] = {"http": _http, "embedded": _embedded}


def _aws() -> Callable[[HttpRequest], HttpRequest]:
    from ai_lib.transport.aws import AwsSigner

    return AwsSigner("bedrock")


def _google() -> Callable[[HttpRequest], HttpRequest]:
    from ai_lib.transport.authorized import bearer_auth
    from ai_lib.transport.google import GoogleToken

    return bearer_auth(GoogleToken())


_CREDENTIALS: dict[str, Callable[[], Callable[[HttpRequest], HttpRequest]]] = {"aws": _aws, "google": _google}


def _transport(adapter: ProviderAdapter, settings: ConnectionSettings) -> Transport:
    """Return the custom transport, or the kind that the provider's configuration names; with what authorizes requests.

    Raises:
        ConfigurationError: A setting cannot be used, or a package is missing.
    """
    config, options = adapter.config, settings.options
    if settings.transport is not None:
        from ai_lib.transport.simple import as_transport

        transport = as_transport(settings.transport)
    elif config.transport not in _TRANSPORTS:
        raise ConfigurationError(f"provider {config.id!r}: transport must be one of {', '.join(_TRANSPORTS)}")
    else:
        # A custom base URL is that of a server that runs already.
        make = _http if options.base_url is not None else _TRANSPORTS[config.transport]
        transport = make(options, settings.clock)
    if options.token is None and (not config.credentials or adapter.api_key is not None):
        return transport  # the key goes with the requests, and nothing else has to authorize them
    from ai_lib.transport.authorized import AuthorizedTransport, bearer_auth

    authorize = bearer_auth(options.token) if options.token is not None else _CREDENTIALS[str(config.credentials)]()
    return AuthorizedTransport(transport, authorize)
