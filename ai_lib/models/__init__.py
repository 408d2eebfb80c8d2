"""What is known of models: catalogue, prices, token estimates, spending and budgets.

May import `api`, `types`, `errors` and `utils`.
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.selection import ModelSelectionStrategy
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.genai_prices import GenaiPrices
    from ai_lib.models.spending import Budget, Spending, Totals
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.price import Cost, Prices, PriceTier
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.selection": "ModelSelectionStrategy",
            "models.catalogue": "Catalogue",
            "models.genai_prices": "GenaiPrices",
            "models.spending": "Budget Spending Totals",
            "types.model": "ModelInfo",
            "types.price": "Cost PriceTier Prices",
        },
    )

__all__ = [
    "Budget", "Catalogue", "Cost", "GenaiPrices", "ModelInfo", "ModelSelectionStrategy", "PriceTier", "Prices",
    "Spending", "Totals",
]  # fmt: skip
