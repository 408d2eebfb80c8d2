"""Several endpoints that answer as one provider."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

import attrs

from ai_lib.api.call import Call
from ai_lib.connection.assemble import ConnectionSettings, connect
from ai_lib.connection.connection import Connection
from ai_lib.connection.options import ConnectionOptions, is_model_name
from ai_lib.errors import AiLibError, ConfigurationError, UnsupportedFeatureError
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import configs
from ai_lib.routing.balancing import Balancer, LoadBalancingStrategy
from ai_lib.routing.endpoint import EndpointState, EndpointStatus, HealthCheck, ModelEndpoint
from ai_lib.routing.health import HealthChecker
from ai_lib.routing.pool import Candidates, PoolProvider
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

__all__ = ["ModelArray"]


class ModelArray:
    """Endpoints that share the calls: `ModelArray("production").add_endpoint(...)`, then `AiClient(array)`.

    It is a `ChatProvider`, so it also goes wherever one does: into a `FallbackChain`, a `Hedge`, or another client's
    `route`. Threads may share it; the steps that set it up come before the first call.

    Args:
        name: Its name in traces and errors.
        clock: Time and randomness.
    """

    def __init__(self, name: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.name = name
        self._clock = clock
        self._endpoints: tuple[ModelEndpoint, ...] = ()
        self._strategy = LoadBalancingStrategy.WEIGHTED
        self._check = HealthCheck()
        self._fail_open = False
        self._max_tries: int | None = None
        self._settings = ConnectionSettings(clock=clock)
        self._live: PerProcess[_LiveArray] = PerProcess(self._make_live)

    # --- setting it up

    def with_strategy(self, strategy: LoadBalancingStrategy | str) -> Self:
        """Set how calls are spread: a `LoadBalancingStrategy`, or its name such as "health_based".

        The default is "weighted", which among endpoints of equal weight is a round robin.

        Raises:
            ConfigurationError: There is no such strategy.
        """
        try:
            self._strategy = LoadBalancingStrategy(strategy)
        except ValueError:
            raise ConfigurationError(
                f"unknown strategy {strategy!r}; use one of {', '.join(LoadBalancingStrategy)}"
            ) from None
        return self._reset()

    def add_endpoint(self, endpoint: ModelEndpoint | None = None, **fields: Any) -> Self:
        """Add an endpoint: a `ModelEndpoint`, or its fields.

        Raises:
            ConfigurationError: It cannot be used, or its name is taken.
        """
        endpoint = endpoint or ModelEndpoint(**fields)
        if any(existing.name == endpoint.name for existing in self._endpoints):
            raise ConfigurationError(f"array {self.name!r} has an endpoint {endpoint.name!r} already")
        self._endpoints = (*self._endpoints, endpoint)
        return self._reset()

    def with_health_check(self, check: HealthCheck | None = None, **fields: Any) -> Self:
        """Probe the endpoints in the background: a `HealthCheck`, or its fields; the default interval here is 30 s.

        The thread starts with the first call, or with `start()`, and ends with `close()`.
        """
        self._check = check or HealthCheck(**{"interval": 30.0, **fields})
        return self._reset()

    def with_fail_open(self, allowed: bool = True) -> Self:
        """Use unhealthy endpoints when there are no others, instead of refusing the call."""
        self._fail_open = allowed
        return self._reset()

    def with_max_tries(self, tries: int) -> Self:
        """Set the maximum endpoints that one request is sent to, a positive integer; the default is all of them."""
        if not isinstance(tries, int) or tries < 1:
            raise ConfigurationError(f"max_tries must be a positive integer, got {tries!r}")
        self._max_tries = tries
        return self._reset()

    def adopt_settings(self, settings: ConnectionSettings) -> None:
        """Take the settings of the client whose calls it answers; an array that was used before keeps its own."""
        if not self._live.made:
            self._settings = settings

    # --- calling it

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer of the endpoint that is chosen."""
        return self._live().provider.chat(request, call)

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it arrives, of the endpoint that is chosen."""
        return self._live().provider.stream(request, call)

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models of all endpoints that have a list."""
        return self._live().list_models(call)

    @staticmethod
    def resolve_model(model: str | None) -> str:
        """Return the model of a call; "" where it names none, so that each endpoint uses its own."""
        return model if model is not None and is_model_name(model) else ""

    def connect_first(self, settings: ConnectionSettings, *, model: str | None = None) -> Connection:
        """Return a connection to the first endpoint, for operations other than chat.

        Args:
            settings: The client's settings.
            model: The client's default model.

        Raises:
            ConfigurationError: There is no endpoint.
        """
        if not self._endpoints:
            raise ConfigurationError(f"array {self.name!r} has no endpoints; add one with add_endpoint(...)")
        return _connect(self._endpoints[0], settings, model)

    # --- its state

    @property
    def endpoints(self) -> tuple[ModelEndpoint, ...]:
        """The endpoints in the order in which they were added."""
        return self._endpoints

    def statuses(self) -> tuple[EndpointStatus, ...]:
        """Return the state of each endpoint."""
        return self._live().balancer.statuses()

    def select_endpoint(self) -> ModelEndpoint:
        """Return the endpoint that the next call would go to, and count that as its turn; nothing is sent.

        Raises:
            CircuitOpenError: No endpoint is healthy.
        """
        balancer = self._live().balancer
        state = balancer.take()
        assert state is not None  # noqa: S101 - none was tried yet
        balancer.give_back(state)
        return state.endpoint

    def is_healthy(self, name: str) -> bool:
        """Return whether an endpoint gets calls."""
        return self._live().balancer.is_healthy(name)

    def mark_healthy(self, name: str) -> None:
        """Mark an endpoint as healthy, until traffic or a probe says otherwise."""
        self._live().balancer.mark(name, True)

    def mark_unhealthy(self, name: str) -> None:
        """Mark an endpoint as unhealthy, until a probe says otherwise."""
        self._live().balancer.mark(name, False)

    def start(self) -> None:
        """Start to probe, where a health check is set; the first call does so by itself."""
        self._live().start()

    def close(self) -> None:
        """Stop the probes and free the connections. It may be used again."""
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
        self._live = PerProcess(self._make_live)

    def _reset(self) -> Self:
        self._live = PerProcess(self._make_live)
        return self

    def _make_live(self) -> _LiveArray:
        settings = self._settings
        if not self._endpoints:
            raise ConfigurationError(f"array {self.name!r} has no endpoints; add one with add_endpoint(...)")
        connections = {endpoint.name: _connect(endpoint, settings, endpoint.model) for endpoint in self._endpoints}
        return _LiveArray(
            connections,
            [EndpointState(endpoint, self._check) for endpoint in self._endpoints],
            self._check,
            self._clock,
            max_tries=self._max_tries or len(self._endpoints),
            strategy=self._strategy,
            fail_open=self._fail_open,
        )


def _connect(endpoint: ModelEndpoint, settings: ConnectionSettings, model: str | None) -> Connection:
    provider, base_url = endpoint.provider, endpoint.url
    if provider is None and endpoint.url is not None:
        url = urlsplit(endpoint.url)
        for config in configs():
            if config.retired is None and urlsplit(config.base_url)[:2] == url[:2]:
                # A known provider's host without a path means its own base URL.
                provider, base_url = config.id, endpoint.url if url.path.strip("/") else None
                break
        else:
            provider, base_url = ProviderConfig(endpoint.name, base_url=endpoint.url), None
    options: ConnectionOptions = endpoint.options or settings.options
    options = attrs.evolve(options, base_url=base_url or options.base_url, api_key=endpoint.api_key or options.api_key)
    return connect(provider, attrs.evolve(settings, options=options), model=model)


class _LiveArray:
    """What one process has of an array; a `Pool`."""

    def __init__(
        self,
        connections: dict[str, Connection],
        states: Sequence[EndpointState],
        check: HealthCheck,
        clock: Clock,
        *,
        max_tries: int,
        strategy: LoadBalancingStrategy,
        fail_open: bool,
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._check = check
        self._max_tries = max_tries
        self.balancer = Balancer(states, strategy, fail_open=fail_open, clock=clock, usable=self._usable)
        self.provider = PoolProvider(self)
        self._checker = HealthChecker(list(connections), _weak_probe(self), check, clock)

    def candidates(self, request: ChatCompletionRequest, call: Call) -> Candidates:  # noqa: ARG002 - whatever it is
        """Yield the endpoints that the balancer chooses."""
        self.start()
        tried: list[EndpointState] = []
        after: str | None = None
        while len(tried) < self._max_tries and (state := self.balancer.take(tried)) is not None:
            tried.append(state)
            call.record("endpoint", name=state.endpoint.name, after=after)
            error = yield _EndpointCandidate(state, self._connections[state.endpoint.name], self.balancer)
            if not error.fallbackable:
                return
            after = type(error).__name__

    def start(self) -> None:
        """Start to probe, where that is set."""
        if self._check.interval is not None:
            self._checker.start()

    def close(self) -> None:
        """Stop the probes and free the connections."""
        self._checker.stop()
        for connection in self._connections.values():
            connection.transport.close()

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models of all endpoints that have a list."""
        models: list[ModelInfo] = []
        for connection in self._connections.values():
            try:
                models += connection.list_models(call)
            except UnsupportedFeatureError:
                continue
        return models

    def probe(self, name: str) -> None:
        """Probe an endpoint without its guard: a probe is not traffic to be limited."""
        connection = self._connections[name]
        exchange = connection.exchange(Call(Timeout(total=self._check.timeout), "raise", self._clock))
        try:
            if self._check.path is None:
                exchange.list_models()
            else:
                exchange.send(connection.adapter.get_request(self._check.path), connection.adapter.raise_for_status)
        except UnsupportedFeatureError:
            return  # it has nothing that could be probed: only traffic shows its health
        except AiLibError:
            self.balancer.probed(name, False)
        else:
            self.balancer.probed(name, True)

    def _usable(self, state: EndpointState) -> bool:
        connection = self._connections[state.endpoint.name]
        return connection.guard.breaker_state(connection.model) != "open"


def _weak_probe(live: _LiveArray) -> Callable[[str], None]:
    """Return the probe function, which does not keep a dropped array alive."""
    reference = weakref.ref(live)

    def probe(name: str) -> None:
        array = reference()
        if array is not None:
            array.probe(name)

    return probe


@attrs.frozen(eq=False)
class _EndpointCandidate:
    """An endpoint that was chosen for a request."""

    state: EndpointState
    provider: Connection
    balancer: Balancer

    @property
    def name(self) -> str:
        return self.state.endpoint.name

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        model = self.state.endpoint.model
        return request if model is None else attrs.evolve(request, model=model)

    def call(self, call: Call) -> Call:
        return call

    def finished(self, error: AiLibError | None, seconds: float) -> None:
        self.balancer.ended(self.state, error, seconds)
