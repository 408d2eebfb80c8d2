"""What a call is paid from."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import Usage

__all__ = ["CostReservation", "Ledger"]


class CostReservation(Protocol):
    """What is set aside for one request until it is known what it cost."""

    def settle(self, response: ChatCompletionResponse) -> None:
        """Pay what the answer cost, and give the rest back."""

    def charge(self, usage: Usage, cost: Decimal | None) -> None:
        """Pay what something beside a chat cost; None where nobody knows."""

    def fail(self, error: BaseException) -> None:
        """Say that there is no answer; what cannot have been paid for is given back.

        Of several words on how it ended only the first one counts.
        """


class Ledger(Protocol):
    """Pays for requests, and refuses those that it could not pay for."""

    def reserve(
        self, provider: str, request: ChatCompletionRequest, catalogue: Any, tags: tuple[str, ...]
    ) -> CostReservation:
        """Set aside what a request may cost.

        Args:
            provider: The provider's id.
            request: What is asked; its model is named.
            catalogue: Where prices are looked up.
            tags: What the call is for.

        Raises:
            BudgetExceededError: It may cost more than is left.
        """

    def reserve_texts(
        self, provider: str, model: str | None, texts: Iterable[str], catalogue: Any, tags: tuple[str, ...]
    ) -> CostReservation:
        """Set aside what reading texts may cost.

        Args:
            provider: The provider's id.
            model: The model.
            texts: What it reads.
            catalogue: Where prices are looked up.
            tags: What the call is for.

        Raises:
            BudgetExceededError: It may cost more than is left.
        """
