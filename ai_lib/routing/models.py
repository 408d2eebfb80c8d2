"""The models of a router, as they are chosen for a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.selection import ModelSelectionStrategy, TrafficObserver
from ai_lib.connection.connection import Connection
from ai_lib.errors import AiLibError, ConfigurationError, UnsupportedFeatureError
from ai_lib.providers.registry import is_provider
from ai_lib.routing.pool import Candidate
from ai_lib.routing.router import ModelRouter, fitting, needs_of
from ai_lib.routing.selection import strategy_from
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.utils.clock import Clock

if TYPE_CHECKING:
    from ai_lib.client.client import AiClient

__all__ = ["RoutedModels"]


class RoutedModels:
    """The models of a router, each with who answers for it.

    Args:
        router: What the user said.
        own: The client's own provider.
        client_for: Makes a client for another provider.
        clock: The time.

    Raises:
        ConfigurationError: The strategy cannot be used, or there are no models.
    """

    kind = "selected"

    def __init__(
        self, router: ModelRouter, own: Connection, client_for: Callable[[Any], AiClient], clock: Clock
    ) -> None:
        self._own = own
        self._strategy: ModelSelectionStrategy = strategy_from(router.strategy)
        self.max_tries = router.max_tries
        self._answers: dict[str | None, ChatProvider] = {own.name: own}
        self._models = self._named(router, client_for) if router.models else self._listed(clock)
        allows = getattr(self._strategy, "allows", lambda _: True)
        self._models = [
            one for one in self._models if allows(one) and all(one.supports(wanted) for wanted in router.capabilities)
        ]
        if not self._models:
            raise ConfigurationError(
                "the ModelRouter has no model to choose from; name models that can what it asks, and that are allowed"
            )

    def take(self, request: ChatCompletionRequest, tried: Sequence[Candidate]) -> Candidate | None:
        """Return the model for a request; where the strategy leaves it open, the client's own.

        Raises:
            UnsupportedFeatureError: No model can do what the request needs.
            ConfigurationError: The strategy chose what was not to be chosen from.
        """
        before = [one.model for one in tried if isinstance(one, _Model)]
        fit = fitting(self._models, request)
        if not fit:
            raise self._unfit(request)
        left = [model for model in fit if model not in before]
        chosen = self._strategy.select_model(left) if left else None
        if chosen is None:
            return None if tried else _Model(self._default(request), self._own, None)
        if chosen not in left:
            raise ConfigurationError(
                f"{type(self._strategy).__name__}.select_model must return one of the models it is given, or None; "
                f"it returned {chosen!r}"
            )
        watched = self._strategy if isinstance(self._strategy, TrafficObserver) else None
        if watched is not None:
            watched.started(chosen)
        return _Model(chosen, self._answers[chosen.provider], watched)

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models of the client's own provider."""
        return self._own.list_models(call)

    def _default(self, request: ChatCompletionRequest) -> ModelInfo:
        name = self._own.named(request.model)
        return self._own.catalogue.get(name, self._own.name) or ModelInfo(name, self._own.name)

    def _unfit(self, request: ChatCompletionRequest) -> UnsupportedFeatureError:
        needs = ", ".join(needs_of(request)) or "so long a prompt"
        names = ", ".join(model.full_name for model in self._models)
        return UnsupportedFeatureError(
            f"no model of the ModelRouter can do what the request needs ({needs}); it has {names}",
            provider=self._own.name,
        )

    def _named(self, router: ModelRouter, client_for: Callable[[Any], AiClient]) -> list[ModelInfo]:
        found = []
        for name in router.models:
            provider, model = self._parted(name)
            if provider not in self._answers:
                self._answers[provider] = client_for(provider).answering
            known = self._own.catalogue.get(model, provider) or ModelInfo(model, provider)
            found.append(attrs.evolve(known, id=model))
        return found

    def _parted(self, name: str) -> tuple[str, str]:
        """Return provider and model; a model's own name may have a slash, and the catalogue or the id tells."""
        head, slash, rest = name.partition("/")
        if not slash or self._own.catalogue.get(name, self._own.name) is not None or not is_provider(head):
            return self._own.name, name
        return head, rest

    def _listed(self, clock: Clock) -> list[ModelInfo]:
        from datetime import UTC, datetime

        today = datetime.fromtimestamp(clock.wall(), UTC).date().isoformat()
        return self._own.catalogue.find(provider=self._own.name, deprecated_by=today)


@attrs.frozen(eq=False)
class _Model:
    """A model that was chosen for a request."""

    model: ModelInfo
    provider: ChatProvider
    watched: TrafficObserver | None

    @property
    def name(self) -> str:
        return self.model.full_name

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        return attrs.evolve(request, model=self.model.id)

    def ended(self, error: AiLibError | None, seconds: float) -> None:
        if self.watched is not None:
            self.watched.ended(self.model, error, seconds)
