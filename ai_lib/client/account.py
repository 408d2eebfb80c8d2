"""Models and prices, spending and budgets, and the origin of each setting."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from ai_lib.client.core import ClientCore

if TYPE_CHECKING:
    from ai_lib.client.explain import Explanation
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.spending import Budget, Spending

__all__ = ["AccountMethods"]


class AccountMethods:
    """The methods of `AiClient` that answer without calling a model."""

    _core: ClientCore

    @property
    def catalogue(self) -> Catalogue:
        """Models with their limits and prices: `client.catalogue.find(capabilities=["vision"])`."""
        return self._core.catalogue

    def model_capabilities(self, model: str | None = None) -> Mapping[str, bool]:
        """Return a model's capabilities as the catalogue has them; a missing key is unknown. Nothing is sent.

        Args:
            model: The model, or "provider/model"; None means the client's.
        """
        known = self._core.find_model(self._core.own.resolve_model(model))
        return {} if known is None else known.capabilities

    @property
    def spending(self) -> Spending:
        """The cost of this client's chats, streams and embeddings so far: `.total`, `.by_model`, `.by_tag`."""
        return self._core.spending

    def budget(self, usd: float | str | Decimal, *, unknown: Literal["refuse", "allow"] = "refuse") -> Budget:
        """Return a budget for all calls of this client, from any thread, while a `with` block lasts.

        A call that could exceed it is refused before it is sent; `Budget` describes how that is determined. For single
        calls, make a `Budget` and pass it to them: `client.chat(..., budget=budget)`.

        Args:
            usd: US dollars, >= 0.
            unknown: What to do with a call of unknown price: "refuse", or "allow" and not count it.

        Raises:
            ConfigurationError: It is not an amount.
        """
        from ai_lib.models.spending import Budget

        return Budget(usd, unknown=unknown, spending=self._core.spending)

    def explain(self) -> Explanation:
        """Return each setting of this client and its origin: argument, environment, configuration, default.

        Keys and tokens are masked. `print(client.explain())` shows a table.
        """
        from ai_lib.client.explain import explain

        return explain(self._core.connection, self._core.arguments)
