"""The protocols of what calls are paid from."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import Usage

__all__ = ["CostReservation", "Ledger"]


class CostReservation(Protocol):
    """The maximum cost of one request, reserved until its real cost is known. Only the first outcome counts."""

    def settle(self, response: ChatCompletionResponse) -> None:
        """Charge the cost of a response, and release the rest."""

    def charge(self, usage: Usage, cost: Decimal | None) -> None:
        """Charge the cost of an operation other than a chat; None if it is unknown."""

    def fail(self, error: BaseException) -> None:
        """Record that there is no response; what cannot have been billed is released."""


class Ledger(Protocol):
    """Pays for requests, and refuses those that could exceed a budget."""

    def reserve(
        self, provider: str, request: ChatCompletionRequest, catalogue: Any, tags: tuple[str, ...]
    ) -> CostReservation:
        """Reserve the maximum cost of a request, which names its model, at the prices of a `Catalogue`.

        Raises:
            BudgetExceededError: It may cost more than is left.
        """

    def reserve_texts(
        self, provider: str, model: str | None, texts: Iterable[str], catalogue: Any, tags: tuple[str, ...]
    ) -> CostReservation:
        """Reserve the maximum cost of an operation on strings; see `reserve`."""
