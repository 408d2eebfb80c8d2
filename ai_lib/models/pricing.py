"""The price list of one answer: what it needs to tell its cost, and nothing that it should not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from ai_lib.models.catalogue import Catalogue
from ai_lib.types.price import Cost
from ai_lib.types.usage import UsageStatus

if TYPE_CHECKING:
    from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Pricing"]


@attrs.frozen
class Pricing:
    """Tells what an answer cost. It holds no key and no connection, so that an answer can be kept and pickled.

    Args:
        catalogue: Where prices are looked up.
        provider: The provider that was asked.
        model: The model that was asked, for where the answer names none that is known.
        batch: Whether the provider answered when it liked, for less.
    """

    catalogue: Catalogue
    provider: str
    model: str | None
    batch: bool = False

    def __call__(self, response: ChatCompletionResponse) -> Cost | None:
        """Return the cost of an answer; None where a price is not known."""
        if response.usage_status in (UsageStatus.UNSUPPORTED, UsageStatus.PENDING):
            return None
        tier = response.raw.get("service_tier") if isinstance(response.raw, Mapping) else None
        estimated = response.usage_status is UsageStatus.ESTIMATED
        # A deployment or an alias of the user's own is answered under another name, and the other way round.
        for model in filter(None, (response.model, self.model)):
            cost = self.catalogue.cost(
                self.provider, model, response.usage, estimated=estimated, batch=self.batch, service_tier=tier
            )
            if cost is not None:
                return cost
        return None
