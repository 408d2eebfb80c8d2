"""The models of a `ModelRouter`, as a pool."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.selection import ModelSelectionStrategy, TrafficObserver
from ai_lib.connection.assemble import ConnectionSettings, connect
from ai_lib.connection.connection import Connection
from ai_lib.errors import AiLibError, ConfigurationError, UnsupportedFeatureError
from ai_lib.exchange import ChatStream
from ai_lib.providers.registry import is_provider
from ai_lib.routing.pool import Candidates
from ai_lib.routing.router import ModelRouter, fitting, needs_of
from ai_lib.routing.selection import strategy_from
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["ModelPool"]


class ModelPool:
    """The models of a router, each with the connection that answers for it.

    Args:
        router: The router as the user made it.
        own: The client's own provider.
        settings: The settings of other providers.
        connections: The client's connections; those that are made for the router are appended.

    Raises:
        ConfigurationError: The strategy cannot be used, or there are no models.
    """

    def __init__(
        self, router: ModelRouter, own: Connection, settings: ConnectionSettings, connections: list[Connection]
    ) -> None:
        self._own = own
        self._strategy: ModelSelectionStrategy = strategy_from(router.strategy)
        self._max_tries = router.max_tries
        self._providers: dict[str | None, Connection] = {own.name: own}
        models = []
        for name in router.models:
            # A slash may be part of the name of a model: then the catalogue has it, or no provider is called so.
            provider, slash, model = name.partition("/")
            if not slash or own.catalogue.get(name, own.name) is not None or not is_provider(provider):
                provider, model = own.name, name
            if provider not in self._providers:
                self._providers[provider] = connect(provider, settings)
                connections.append(self._providers[provider])
            info = own.catalogue.get(model, provider) or ModelInfo(model, provider)
            models.append(attrs.evolve(info, id=model))
        if not router.models:
            today = datetime.fromtimestamp(settings.clock.wall(), UTC).date().isoformat()
            models = own.catalogue.find(provider=own.name, deprecated_by=today)
        allows: Callable[[ModelInfo], bool] = getattr(self._strategy, "allows", lambda _: True)
        self._models = [
            model for model in models if allows(model) and all(model.supports(name) for name in router.capabilities)
        ]
        if not self._models:
            raise ConfigurationError(
                "the ModelRouter has no model to choose from; list models that have the required capabilities and "
                "are allowed"
            )

    def candidates(self, request: ChatCompletionRequest, call: Call) -> Candidates:
        """Yield the models that the strategy chooses; where it leaves the choice open, the client's own.

        Raises:
            UnsupportedFeatureError: No model supports what the request needs.
            ConfigurationError: The strategy returned a model that it was not given.
        """
        remaining = fitting(self._models, request)
        if not remaining:
            raise self._unfit(request)
        after: str | None = None
        for _ in range(self._max_tries):
            chosen = self._strategy.select_model(remaining) if remaining else None
            observer: TrafficObserver | None = None
            if chosen is None and after is not None:
                return
            if chosen is None:
                name = self._own.resolve_model(request.model)
                chosen = self._own.catalogue.get(name, self._own.name) or ModelInfo(name, self._own.name)
                provider = self._own
            elif chosen not in remaining:
                raise ConfigurationError(
                    f"{type(self._strategy).__name__}.select_model must return one of the models it is given, or None; "
                    f"it returned {chosen!r}"
                )
            else:
                provider = self._providers[chosen.provider]
                if isinstance(self._strategy, TrafficObserver):
                    observer = self._strategy
                    observer.started(chosen)
            remaining = [model for model in remaining if model != chosen]
            call.record("selected", name=chosen.full_name, after=after)
            error = yield _ModelCandidate(chosen, provider, observer)
            if not error.fallbackable:
                return
            after = type(error).__name__

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models of the client's own provider."""
        return self._own.list_models(call)

    def _unfit(self, request: ChatCompletionRequest) -> UnsupportedFeatureError:
        needs = ", ".join(needs_of(request)) or "so long a prompt"
        names = ", ".join(model.full_name for model in self._models)
        return UnsupportedFeatureError(
            f"no model of the ModelRouter supports what the request needs ({needs}); it has {names}",
            provider=self._own.name,
        )


@attrs.frozen(eq=False)
class _ModelCandidate:
    """A model that was chosen for a request."""

    model: ModelInfo
    provider: ChatProvider[ChatStream]
    observer: TrafficObserver | None

    @property
    def name(self) -> str:
        return self.model.full_name

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        return attrs.evolve(request, model=self.model.id)

    def call(self, call: Call) -> Call:
        return call

    def finished(self, error: AiLibError | None, seconds: float) -> None:
        if self.observer is not None:
            self.observer.ended(self.model, error, seconds)
