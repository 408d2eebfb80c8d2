"""The adapter that a client gets: configuration, argument and environment put together."""

from __future__ import annotations

from ai_lib.client.options import ConnectionOptions, base_url_of, headers_of, key_of, query_of, with_bearer
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import dialect_of

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
    config = with_bearer(config if api is None else config.with_api(api), options)
    return ProviderAdapter(
        config=config,
        dialect=dialect_of(config.dialect),
        base_url=base_url_of(config, options),
        api_key=key_of(config, options),
        headers=headers_of(config, options),
        query=query_of(config),
    )
