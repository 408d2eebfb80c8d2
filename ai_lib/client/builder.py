"""A client step by step, for those who prefer to read settings as sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import attrs

from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.client.client import AiClient
from ai_lib.client.options import ConnectionOptions
from ai_lib.providers.config import ProviderConfig
from ai_lib.types.request import OnUnsupported
from ai_lib.types.wire import Timeout

if TYPE_CHECKING:
    from ai_lib.client.provider import Provider

__all__ = ["AiClientBuilder"]


class AiClientBuilder:
    """Gathers settings; `build()` makes the client and is the only step that can fail.

    Args:
        provider: As for `AiClient`.
    """

    def __init__(self, provider: str | Provider | ProviderConfig | None = None) -> None:
        self._provider = provider
        self._client: dict[str, Any] = {}
        self._connection: dict[str, Any] = {}

    def with_options(self, options: ConnectionOptions) -> Self:
        """Begin with these options; steps before and after this one change single fields of them."""
        self._connection = {**attrs.asdict(options, recurse=False), **self._connection}
        return self

    def with_model(self, model: str) -> Self:
        """Use this model where a call names none."""
        self._client["model"] = model
        return self

    def with_base_url(self, base_url: str) -> Self:
        """Talk to this address."""
        self._connection["base_url"] = base_url
        return self

    def with_api_key(self, api_key: str) -> Self:
        """Use this key instead of the environment's."""
        self._connection["api_key"] = api_key
        return self

    def with_token(self, token: Callable[[], str]) -> Self:
        """Use the bearer token that this function returns, instead of a key."""
        self._connection["token"] = token
        return self

    def with_api(self, api: str) -> Self:
        """Use another of the provider's chat APIs, such as "responses"."""
        self._client["api"] = api
        return self

    def with_proxy(self, proxy: str) -> Self:
        """Send everything through this proxy."""
        self._connection.update(proxy=proxy, disable_proxy=False)
        return self

    def without_proxy(self) -> Self:
        """Use no proxy, whatever the environment says."""
        self._connection.update(proxy=None, disable_proxy=True)
        return self

    def with_timeout(self, timeout: float | Timeout) -> Self:
        """Limit each call to these seconds, or to a `Timeout`'s four limits."""
        self._connection["timeout"] = timeout
        return self

    def with_retry(self, max_retries: int) -> Self:
        """Try at most this often again."""
        self._connection["max_retries"] = max_retries
        return self

    def with_headers(self, **headers: str) -> Self:
        """Send further headers; an underscore in a name becomes a hyphen."""
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection["headers"] = {**self._connection.get("headers", {}), **own}
        return self

    def with_tls(self, *, verify: bool | str = True, cert: str | tuple[str, str] | None = None) -> Self:
        """Trust this CA file and show this client certificate."""
        self._connection.update(verify=verify, cert=cert)
        return self

    def with_pool_size(self, pool_size: int) -> Self:
        """Keep this many connections open."""
        self._connection["pool_size"] = pool_size
        return self

    def with_transport(self, transport: Transport | BytesTransport) -> Self:
        """Move the bytes with this object instead of requests."""
        self._client["transport"] = transport
        return self

    def on_unsupported(self, action: OnUnsupported) -> Self:
        """Say what happens to fields that the provider has no form for: "raise", "warn" or "drop"."""
        self._client["on_unsupported"] = action
        return self

    def build(self) -> AiClient:
        """Return the client.

        Raises:
            ConfigurationError: A setting cannot be used.
        """
        return AiClient(self._provider, options=ConnectionOptions(**self._connection), **self._client)
