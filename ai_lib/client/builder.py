"""A client built step by step, for readers who prefer settings as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, Self

import attrs

from ai_lib.api.events import Listener
from ai_lib.api.interceptor import Interceptor
from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.connection.options import ConnectionOptions
from ai_lib.models.catalogue import Catalogue
from ai_lib.reliability.concurrency import ConcurrencyLimit
from ai_lib.reliability.config import BreakerPolicy, ResilienceConfig
from ai_lib.reliability.monitor import ErrorThresholds
from ai_lib.reliability.rate_limiter import RateLimit
from ai_lib.reliability.retry import RetryPolicy
from ai_lib.routing.fallback import FallbackChain, RoundRobin
from ai_lib.routing.hedge import Hedge
from ai_lib.routing.router import ModelRouter
from ai_lib.types.request import OnUnsupported
from ai_lib.types.wire import Timeout

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ai_lib.routing.array import ModelArray
    from ai_lib.routing.route import Route

__all__ = ["AiClientBuilder"]

if TYPE_CHECKING:
    ClientT = TypeVar("ClientT", default=Any)
else:
    from typing import TypeVar

    ClientT = TypeVar("ClientT")


class AiClientBuilder(Generic[ClientT]):
    """Collects settings; `build()` makes the client and is the only step that can fail.

    `AiClient.builder(provider)` makes one.

    Args:
        provider: What `AiClient` takes as its provider.
        client_class: `AiClient`, or a subclass.
    """

    def __init__(self, provider: Any, client_class: Callable[..., ClientT]) -> None:
        self._provider = provider
        self._client_class = client_class
        self._client: dict[str, Any] = {}
        self._connection: dict[str, Any] = {}
        self._preset: ResilienceConfig | None = None
        self._resilience: dict[str, Any] = {}
        self._interceptors: list[Interceptor] = []

    def with_options(self, options: ConnectionOptions) -> Self:
        """Start from these options; steps before and after this one change single fields of them."""
        self._connection = {**attrs.asdict(options, recurse=False), **self._connection}
        return self

    def with_model(self, model: str) -> Self:
        """Use this model for calls that name none."""
        self._client["model"] = model
        return self

    def with_base_url(self, base_url: str) -> Self:
        """Send requests to this base URL."""
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

    # --- reliability: a preset, and single parts of it, in any order

    def with_resilience_config(self, resilience: ResilienceConfig) -> Self:
        """Use this configuration of retries, circuit breaker and limits; single steps change parts of it."""
        self._preset = resilience
        return self

    def with_smart_defaults(self) -> Self:
        """Use `ResilienceConfig.default()`."""
        return self.with_resilience_config(ResilienceConfig.default())

    def for_production(self) -> Self:
        """Use `ResilienceConfig.production()`."""
        return self.with_resilience_config(ResilienceConfig.production())

    def for_development(self) -> Self:
        """Use `ResilienceConfig.development()`."""
        return self.with_resilience_config(ResilienceConfig.development())

    def with_retry(self, retry: int | RetryPolicy, **fields: Any) -> Self:
        """Retry at most this often, with these further fields of `RetryPolicy`; or use this policy."""
        if isinstance(retry, RetryPolicy):
            self._resilience["retry"] = attrs.evolve(retry, **fields)
            self._connection.pop("max_retries", None)
        else:
            self._resilience["retry"] = {"max_retries": retry, **fields}
            self._connection["max_retries"] = retry
        return self

    def with_circuit_breaker(
        self, breaker: int | BreakerPolicy = 5, recovery_timeout: float = 30.0, **fields: Any
    ) -> Self:
        """Open the circuit after so many failures, for so many seconds; `fields` are those of `BreakerPolicy`."""
        if not isinstance(breaker, BreakerPolicy):
            breaker = BreakerPolicy(failure_threshold=breaker, recovery_timeout=recovery_timeout, **fields)
        self._resilience["breaker"] = breaker
        return self

    def with_rate_limit(self, limit: float | RateLimit, **fields: Any) -> Self:
        """Send at most so many requests per minute, or use this limit; `fields` are those of `RateLimit`."""
        limit = limit if isinstance(limit, RateLimit) else RateLimit.per_minute(limit, **fields)
        self._resilience["rate_limit"] = limit
        return self

    def with_max_concurrency(self, max_concurrent: int, **fields: Any) -> Self:
        """Run at most so many calls at once; `fields` are those of `ConcurrencyLimit`."""
        self._resilience["concurrency"] = ConcurrencyLimit(max_concurrent, **fields)
        return self

    def with_error_monitor(self, thresholds: ErrorThresholds | None = None, **fields: Any) -> Self:
        """Alert when failures exceed thresholds: `ErrorThresholds`, or their fields."""
        self._resilience["monitor"] = thresholds or ErrorThresholds(**fields)
        return self

    # --- other providers, and hooks

    def with_route(self, route: Route) -> Self:
        """Route chats: a `FallbackChain`, `RoundRobin`, `Hedge`, `ModelRouter`, `ModelArray` or any `ChatProvider`."""
        self._client["route"] = route
        return self

    def with_failover_chain(self, targets: Iterable[Any]) -> Self:
        """Fall back to these providers, one after the other, when this one fails."""
        return self.with_route(FallbackChain(targets))

    def with_round_robin_chain(self, targets: Iterable[Any]) -> Self:
        """Round-robin between this provider and these."""
        return self.with_route(RoundRobin(targets))

    def with_hedge(self, target: Any, *, after: float = 1.0, **fields: Any) -> Self:
        """Call this provider too when the first has not answered for `after` seconds; the first answer wins."""
        route = self._client.get("route")
        hedge = route if isinstance(route, Hedge) else Hedge()
        return self.with_route(hedge.contender(target, after=after, **fields))

    def with_interceptor(self, interceptor: Interceptor) -> Self:
        """Add hooks around chats and streams, inside those that were added before."""
        self._interceptors.append(interceptor)
        return self

    def with_listener(self, listener: Listener) -> Self:
        """Call this with an `Event` for each retry, change of a breaker, wait, fallback and hedge."""
        self._client["listener"] = listener
        return self

    def with_model_array(self, array: ModelArray) -> Self:
        """Route chats and streams to the endpoints of an array."""
        return self.with_route(array)

    def with_routing(self, models: Iterable[str] = (), strategy: Any = "round_robin", **fields: Any) -> Self:
        """Choose one of these models for each request; `fields` are those of `ModelRouter`."""
        return self.with_route(ModelRouter(tuple(models), strategy=strategy, **fields))

    def with_metrics(self, *metrics: Any) -> Self:
        """Notify these of every call: one or several `Metrics` or `CallObserver`."""
        self._client["metrics"] = [*self._client.get("metrics", ()), *metrics]
        return self

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Look up models and prices in this catalogue."""
        self._client["catalogue"] = catalogue
        return self

    # --- the rest

    def with_headers(self, **headers: str) -> Self:
        """Send additional headers; an underscore in a name becomes a hyphen."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection["headers"] = {**self._connection.get("headers", {}), **sent}
        return self

    def with_tls(self, *, verify: bool | str = True, cert: str | tuple[str, str] | None = None) -> Self:
        """Trust this CA file and show this client certificate."""
        self._connection.update(verify=verify, cert=cert)
        return self

    def with_pool_size(self, pool_size: int) -> Self:
        """Keep at most this many connections open."""
        self._connection["pool_size"] = pool_size
        return self

    def with_transport(self, transport: Transport | BytesTransport) -> Self:
        """Send the bytes with this transport in place of requests."""
        self._client["transport"] = transport
        return self

    def on_unsupported(self, action: OnUnsupported) -> Self:
        """Set what happens to fields that the provider does not support: "raise", "warn" or "drop"."""
        self._client["on_unsupported"] = action
        return self

    def build(self) -> ClientT:
        """Return the client.

        Raises:
            ConfigurationError: A setting cannot be used.
        """
        resilience = self._preset
        if self._resilience:
            preset, changes = self._preset or ResilienceConfig(), dict(self._resilience)
            if isinstance(changes.get("retry"), dict):
                changes["retry"] = attrs.evolve(preset.retry or RetryPolicy(), **changes["retry"])
            resilience = attrs.evolve(preset, **changes)
        return self._client_class(
            self._provider,
            options=ConnectionOptions(**self._connection),
            resilience=resilience,
            interceptors=self._interceptors,
            **self._client,
        )
