"""Which transport a client gets, and what authorizes its requests."""

from __future__ import annotations

from collections.abc import Callable

from ai_lib.api.transport import Transport
from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import ConfigurationError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.transport.http import HttpTransport
from ai_lib.types.wire import HttpRequest
from ai_lib.utils.clock import Clock

__all__ = ["transport_for"]

Authorize = Callable[[HttpRequest], HttpRequest]


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


def _aws() -> Authorize:
    from ai_lib.transport.aws import signer

    return signer("bedrock")


def _google() -> Authorize:
    from ai_lib.transport.authorized import bearer_auth
    from ai_lib.transport.google import GoogleToken

    return bearer_auth(GoogleToken())


_CREDENTIALS: dict[str, Callable[[], Authorize]] = {"aws": _aws, "google": _google}


def transport_for(adapter: ProviderAdapter, options: ConnectionOptions, given: object, clock: Clock) -> Transport:
    """Return the caller's transport, or the kind that the provider's configuration names.

    Args:
        adapter: The provider; where a key goes with its requests, nothing else needs to authorize them.
        options: How to reach it.
        given: The caller's transport, or None.
        clock: The time.

    Raises:
        ConfigurationError: What was given is no transport, a setting cannot be used, or a package is missing.
    """
    config = adapter.config
    transport = _plain(config, options, given, clock)
    if options.token is not None:
        from ai_lib.transport.authorized import AuthorizedTransport, bearer_auth

        return AuthorizedTransport(transport, bearer_auth(options.token))
    if config.credentials and adapter.api_key is None:
        from ai_lib.transport.authorized import AuthorizedTransport

        return AuthorizedTransport(transport, _CREDENTIALS[config.credentials]())
    return transport


def _plain(config: ProviderConfig, options: ConnectionOptions, given: object, clock: Clock) -> Transport:
    if given is not None:
        from ai_lib.transport.simple import transport_from

        return transport_from(given)
    make = _TRANSPORTS.get(config.transport)
    if make is None:
        raise ConfigurationError(f"provider {config.id!r}: transport must be one of {', '.join(_TRANSPORTS)}")
    # A base URL of one's own names a server that already runs.
    return _http(options, clock) if options.base_url is not None else make(options, clock)
