"""The price list of one response: what it needs to compute its cost, and nothing that it should not hold."""

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
    """Computes the cost of a response. It holds no key and no connection, so that a response can be kept and pickled.

    Args:
        catalogue: The prices.
        provider: The provider's id.
        model: The requested model, in case the response names none that is known.
        batch: Whether the response comes from a batch job, which costs less.
    """

    catalogue: Catalogue
    provider: str
    model: str | None
    batch: bool = False

    def __call__(self, response: ChatCompletionResponse) -> Cost | None:
        """Return the cost of a response; None if a price is unknown."""
        if response.usage_status in (UsageStatus.UNSUPPORTED, UsageStatus.PENDING):
            return None
        tier = response.raw.get("service_tier") if isinstance(response.raw, Mapping) else None
        estimated = response.usage_status is UsageStatus.ESTIMATED
        # A deployment or a user's alias answers under another name, and the other way round.
        for model in filter(None, (response.model, self.model)):
            cost = self.catalogue.cost(
                self.provider, model, response.usage, estimated=estimated, batch=self.batch, service_tier=tier
            )
            if cost is not None:
                return cost
        return None
