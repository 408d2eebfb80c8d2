"""Several endpoints that answer as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import attrs

from ai_lib.api.call import Call
from ai_lib.connection.options import ConnectionOptions, names_one
from ai_lib.errors import AiLibError, ConfigurationError, UnsupportedFeatureError
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs
from ai_lib.routing.balancing import Balancer, LoadBalancingStrategy
from ai_lib.routing.endpoint import EndpointState, EndpointStatus, HealthCheck, ModelEndpoint
from ai_lib.routing.health import HealthChecker
from ai_lib.routing.pool import Candidate, PoolProvider
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    from ai_lib.client.client import AiClient

__all__ = ["ModelArray"]


class ModelArray:
    """Endpoints that share the calls: `ModelArray("production").add_endpoint(...)`, then `AiClient(array)`.

    It is a `ChatProvider`, so it also goes wherever one does: into a `FallbackChain`, a `Hedge`, or another client's
    `route`. Threads may share it; the steps that set it up come before the first call.

    Args:
        name: What to call it.
        clock: Time and chance.
    """

    def __init__(self, name: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.name = name
        self._clock = clock
        self._endpoints: tuple[ModelEndpoint, ...] = ()
        self._strategy = LoadBalancingStrategy.WEIGHTED
        self._check = HealthCheck()
        self._fail_open = False
        self._max_tries: int | None = None
        self._settings: dict[str, Any] = {"clock": clock}
        self._live: PerProcess[_Live] = PerProcess(self._made)

    # --- setting it up

    def with_strategy(self, strategy: LoadBalancingStrategy | str) -> Self:
        """Spread the calls like this: a `LoadBalancingStrategy`, or its name such as "health_based".

        Without this it is "weighted", which among endpoints of one weight is a round robin.

        Raises:
            ConfigurationError: There is no such strategy.
        """
        try:
            self._strategy = LoadBalancingStrategy(strategy)
        except ValueError:
            raise ConfigurationError(
                f"no strategy {strategy!r}; there are {', '.join(LoadBalancingStrategy)}"
            ) from None
        return self._changed()

    def add_endpoint(self, endpoint: ModelEndpoint | None = None, **fields: Any) -> Self:
        """Add an endpoint: a `ModelEndpoint`, or its fields.

        Raises:
            ConfigurationError: It cannot be used, or there is one of its name.
        """
        endpoint = endpoint or ModelEndpoint(**fields)
        if any(one.name == endpoint.name for one in self._endpoints):
            raise ConfigurationError(f"array {self.name!r} has an endpoint {endpoint.name!r} already")
        self._endpoints = (*self._endpoints, endpoint)
        return self._changed()

    def with_health_check(self, check: HealthCheck | None = None, **fields: Any) -> Self:
        """Probe the endpoints in the background: a `HealthCheck`, or its fields; every 30 s unless it says otherwise.

        The thread begins with the first call, or with `start()`, and ends with `close()`.
        """
        self._check = check or HealthCheck(**{"interval": 30.0, **fields})
        return self._changed()

    def with_fail_open(self, allowed: bool = True) -> Self:
        """Ask unhealthy endpoints when there are no others, instead of refusing the call."""
        self._fail_open = allowed
        return self._changed()

    def with_max_tries(self, tries: int) -> Self:
        """Send one request to at most so many endpoints; without this, to each of them."""
        if not isinstance(tries, int) or tries < 1:
            raise ConfigurationError(f"max_tries must be a whole number from 1, got {tries!r}")
        self._max_tries = tries
        return self._changed()

    # --- asking it

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer of the endpoint that is chosen."""
        return self._live().picking.chat(request, call)

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes, of the endpoint that is chosen."""
        return self._live().picking.stream(request, call)

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models of all endpoints that have a list."""
        return self._live().list_models(call)

    # --- how it is doing

    @property
    def endpoints(self) -> tuple[ModelEndpoint, ...]:
        """What was added."""
        return self._endpoints

    def statuses(self) -> tuple[EndpointStatus, ...]:
        """Return how the endpoints are doing."""
        return self._live().balancer.statuses()

    def select_endpoint(self) -> ModelEndpoint:
        """Return the endpoint that the next call would go to, and let it have had its turn; nothing is sent.

        Raises:
            CircuitOpenError: No endpoint is healthy.
        """
        balancer = self._live().balancer
        state = balancer.take()
        assert state is not None  # noqa: S101 - none was tried yet
        balancer.give_back(state)
        return state.endpoint

    def is_healthy(self, name: str) -> bool:
        """Return whether an endpoint is asked."""
        return self._live().balancer.state(name).healthy(self._clock.now())

    def mark_healthy(self, name: str) -> None:
        """Say that an endpoint works, until traffic or a probe says otherwise."""
        self._live().balancer.mark(name, True)

    def mark_unhealthy(self, name: str) -> None:
        """Say that an endpoint does not work, until a probe says otherwise."""
        self._live().balancer.mark(name, False)

    def start(self) -> None:
        """Begin to probe, where a health check is set; the first call does so by itself."""
        self._live().start()

    def close(self) -> None:
        """End the probes and free the connections. It may be used again."""
        self._live().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        names = ", ".join(endpoint.name for endpoint in self._endpoints)
        return f"ModelArray({self.name!r}, {self._strategy.value!r}, endpoints=[{names}])"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_live"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._live = PerProcess(self._made)

    # --- wiring

    def share(self, settings: Mapping[str, Any]) -> None:
        """Take settings of the client whose calls it answers; one that was used before keeps its own."""
        if not self._live.made:
            self._settings = {**self._settings, **settings}

    @staticmethod
    def named(given: str | None) -> str:
        """Return the model that a call names; "" where it names none, so that each endpoint takes its own."""
        return given if given is not None and names_one(given) else ""

    def first(self, options: ConnectionOptions | None = None) -> tuple[Any, ConnectionOptions]:
        """Return the provider of the first endpoint and how to reach it: what is asked beside chats goes there.

        Args:
            options: What is said of the connection besides.

        Raises:
            ConfigurationError: There is no endpoint.
        """
        if not self._endpoints:
            raise ConfigurationError(f"array {self.name!r} has no endpoints; add_endpoint(...) adds one")
        return _reached(self._endpoints[0], options)

    def _changed(self) -> Self:
        self._live = PerProcess(self._made)
        return self

    def _made(self) -> _Live:
        from ai_lib.client.client import AiClient  # which imports this module

        self.first()
        clients = {}
        for one in self._endpoints:
            provider, options = _reached(one, self._settings.get("options"))
            clients[one.name] = AiClient(provider, **{**self._settings, "model": one.model, "options": options})
        states = [EndpointState(endpoint, self._check) for endpoint in self._endpoints]
        return _Live(self, clients, states)


def _reached(endpoint: ModelEndpoint, given: ConnectionOptions | None = None) -> tuple[Any, ConnectionOptions]:
    provider, base_url = _provider_of(endpoint)
    options: ConnectionOptions = endpoint.options or given or ConnectionOptions()
    return provider, attrs.evolve(
        options, base_url=base_url or options.base_url, api_key=endpoint.api_key or options.api_key
    )


def _provider_of(endpoint: ModelEndpoint) -> tuple[Any, str | None]:
    """Return an endpoint's provider, and the base URL where it is not the provider's own."""
    if endpoint.provider is not None or endpoint.url is None:
        return endpoint.provider, endpoint.url
    url = urlsplit(endpoint.url)
    for config in configs():
        if config.retired is None and urlsplit(config.base_url)[:2] == url[:2]:
            return config.id, endpoint.url if url.path.strip("/") else None
    return ProviderConfig(endpoint.name, base_url=endpoint.url), None


class _Live:
    """What one process has of an array."""

    kind = "endpoint"

    def __init__(self, array: ModelArray, clients: dict[str, AiClient], states: Sequence[EndpointState]) -> None:
        self._clients = clients
        self._clock = array._clock  # noqa: SLF001 - a part of it
        self._check = array._check  # noqa: SLF001
        self.max_tries = array._max_tries or len(states)  # noqa: SLF001
        self.balancer = Balancer(
            states,
            array._strategy,  # noqa: SLF001
            fail_open=array._fail_open,  # noqa: SLF001
            clock=self._clock,
            usable=self._usable,
        )
        self.picking = PoolProvider(self)
        names = [state.endpoint.name for state in states]
        self._checker = HealthChecker(names, _weakly(self), self._check, self._clock)

    def take(self, request: ChatCompletionRequest, tried: Sequence[Candidate]) -> Candidate | None:  # noqa: ARG002
        """Return the endpoint for a request, whatever it is."""
        self.start()
        state = self.balancer.take([one.state for one in tried if isinstance(one, _Endpoint)])
        return None if state is None else _Endpoint(state, self._clients[state.endpoint.name], self.balancer)

    def start(self) -> None:
        """Begin to probe, where that is wanted."""
        if self._check.interval is not None:
            self._checker.start()

    def close(self) -> None:
        """End the probes and free the connections."""
        self._checker.stop()
        for client in self._clients.values():
            client.close()

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models of all endpoints that have a list."""
        found: list[ModelInfo] = []
        for client in self._clients.values():
            try:
                found += client.answering.list_models(call)
            except UnsupportedFeatureError:
                continue
        return found

    def probe(self, name: str) -> None:
        """Ask an endpoint whether it works, past its guard: a probe is no traffic to be limited."""
        own = self._clients[name]._own  # noqa: SLF001
        exchange = own.exchange(Call(Timeout(total=self._check.timeout), "raise", self._clock))
        try:
            if self._check.path is None:
                exchange.list_models()
            else:
                exchange.ask(own.adapter.get_request(self._check.path), own.adapter.raise_for_status)
        except UnsupportedFeatureError:
            return  # it has nothing that could be asked: traffic alone tells
        except AiLibError:
            self.balancer.probed(name, False)
        else:
            self.balancer.probed(name, True)

    def _usable(self, state: EndpointState) -> bool:
        client = self._clients[state.endpoint.name]
        return client.guard.breaker_state(client.model) != "open"


def _weakly(live: _Live) -> Callable[[str], None]:
    import weakref

    held = weakref.ref(live)

    def probe(name: str) -> None:
        found = held()
        if found is not None:
            found.probe(name)

    return probe


@attrs.frozen(eq=False)
class _Endpoint:
    """An endpoint that was chosen for a request."""

    state: EndpointState
    client: AiClient
    balancer: Balancer

    @property
    def name(self) -> str:
        return self.state.endpoint.name

    @property
    def provider(self) -> Any:
        return self.client.answering

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        model = self.state.endpoint.model
        return request if model is None else attrs.evolve(request, model=model)

    def ended(self, error: AiLibError | None, seconds: float) -> None:
        self.balancer.ended(self.state, error, seconds)
