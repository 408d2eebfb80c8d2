"""Prices from the package genai-prices: `Catalogue(prices=GenaiPrices())`. Needs `pip install ai-lib[prices]`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ai_lib.errors import ConfigurationError
from ai_lib.types.price import Cost
from ai_lib.types.usage import Usage

__all__ = ["GenaiPrices"]

# Providers whose id in the package differs from ours.
_PROVIDERS = {"gemini": "google", "vertex": "google", "xai": "x-ai", "bedrock": "aws", "azure_openai": "azure"}


class GenaiPrices:
    """The prices of the package genai-prices, with tiers and times of day. Nothing is downloaded.

    Source: https://github.com/pydantic/genai-prices

    Raises:
        ConfigurationError: The package is not installed.
    """

    def __init__(self) -> None:
        _package()

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        """Return the cost of tokens; None if the package does not know the model."""
        package = _package()
        tokens = package.Usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cache_read_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            input_audio_tokens=usage.audio_prompt_tokens,
            output_audio_tokens=usage.audio_completion_tokens,
        )
        try:
            price = package.calc_price(tokens, model, provider_id=_PROVIDERS.get(provider, provider))
        except (LookupError, ValueError):  # it does not know the model, or has no price for some of the tokens
            return None
        checked = getattr(price.model, "prices_checked", None)
        return Cost(
            total=Decimal(price.total_price),
            parts={"input": Decimal(price.input_price), "output": Decimal(price.output_price)},
            source="genai-prices",
            date=checked.isoformat() if isinstance(checked, date) else None,
        )


def _package() -> Any:
    # Not kept on the instance: a module cannot be pickled, and a catalogue is.
    try:
        import genai_prices
    except ImportError as exc:
        raise ConfigurationError(
            "GenaiPrices needs the package genai-prices: pip install ai-lib[prices]", code="missing_package"
        ) from exc
    return genai_prices
