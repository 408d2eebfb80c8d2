"""What a client knows: models and their prices, what its calls cost, and where its settings come from."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ai_lib.client.explain import Explanation
    from ai_lib.connection.connection import Connection
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.spending import Budget, Spending
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.wire import Timeout

__all__ = ["Insight"]


class Insight:
    """The part of `AiClient` that answers without asking a model."""

    if TYPE_CHECKING:
        _arguments: dict[str, Any]
        _catalogue: Catalogue
        _own: Connection
        _spending: Spending

        def list_models(self, *, timeout: float | Timeout | None = None) -> list[ModelInfo]: ...  # noqa: D102

    @property
    def catalogue(self) -> Catalogue:
        """What is known of models: `client.catalogue.find(capabilities=["vision"])`, limits, prices."""
        return self._catalogue

    def model_info(self, model: str | None = None, *, timeout: float | Timeout | None = None) -> ModelInfo:
        """Return what is known of a model: from the catalogue, which asks nobody; failing that, from the provider.

        Args:
            model: The model, or "provider/model"; None means the client's.
            timeout: Seconds for asking the provider, or a `Timeout`; None means the client's.

        Raises:
            ModelNotFoundError: Neither knows it; the hint names those that are called alike.
            UnsupportedFeatureError: The catalogue does not know it, and the provider has no list.
            AiLibError: Asking the provider failed.
        """
        name = self._own.named(model)
        known = self._catalogue.get(name, self._own.name) or (self._catalogue.get(name) if "/" in name else None)
        if known is not None:
            return known
        models = {info.id: info for info in self.list_models(timeout=timeout)}
        if name not in models:
            from ai_lib.connection.operations import not_listed

            raise not_listed(self._own.adapter.config, name, models)
        return models[name]

    def model_capabilities(self, model: str | None = None) -> Mapping[str, bool]:
        """Return what a model can do, as the catalogue has it; what is missing is not known. Nobody is asked.

        Args:
            model: The model, or "provider/model"; None means the client's.
        """
        name = self._own.named(model)
        known = self._catalogue.get(name, self._own.name) or (self._catalogue.get(name) if "/" in name else None)
        return {} if known is None else known.capabilities

    # --- money

    @property
    def spending(self) -> Spending:
        """What this client's chats, streams and embeddings cost so far: `.total`, `.by_model`, `.by_tag`."""
        return self._spending

    def budget(self, usd: float | str | Decimal, *, unknown: Literal["refuse", "allow"] = "refuse") -> Budget:
        """Return a budget for all calls of this client, from any thread, while a `with` block lasts.

        A call that could exceed it is refused before it is sent; see `Budget` for the computation. For single calls,
        make a `Budget` and pass it to them: `client.chat(..., budget=budget)`.

        Args:
            usd: US dollars.
            unknown: What to do with a call whose price is unknown: "refuse", or "allow" and not count it.

        Raises:
            ConfigurationError: `usd` is not an amount.
        """
        from ai_lib.models.spending import Budget

        return Budget(usd, unknown=unknown, spending=self._spending)

    # --- settings

    def explain(self) -> Explanation:
        """Return each setting of this client and where it comes from: argument, environment, configuration, default.

        Keys and tokens are not in it. `print(client.explain())` shows a table.
        """
        from ai_lib.client.explain import explanation

        return explanation(self._own, self._arguments)
