"""The adapter that a client gets: configuration, argument and environment put together."""

from __future__ import annotations

from ai_lib.connection.options import ConnectionOptions, base_url_of, headers_of, key_of, query_of, with_bearer
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import load_dialect
from ai_lib.utils.env import first_set

__all__ = ["adapter_for"]


def adapter_for(config: ProviderConfig, api: str | None, options: ConnectionOptions) -> ProviderAdapter:
    """Return the adapter.

    Args:
        config: The provider.
        api: Another of its chat APIs, or None.
        options: How to reach it.

    Raises:
        ConfigurationError: There is no such API, or a setting cannot be used.
        MissingKeyError: The provider needs a key and there is none.
    """
    usual, config = config, with_bearer(config if api is None else config.with_api(api), options)
    return ProviderAdapter(
        config=config,
        dialect=load_dialect(config.dialect),
        base_url=_base_url(usual, config, options),
        api_key=key_of(config, options),
        headers=headers_of(config, options),
        query=query_of(config),
    )


def _base_url(usual: ProviderConfig, config: ProviderConfig, options: ConnectionOptions) -> str:
    """Return the base URL; a variable of the environment names that of the usual API, and the others lie beside it."""
    if options.base_url is None and config.base_url != usual.base_url and first_set(config.base_url_env) is not None:
        return usual.resolve_url(base_url_of(usual, options), config.base_url)
    return base_url_of(config, options)
