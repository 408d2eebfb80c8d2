"""Prices from the package genai-prices: `Catalogue(prices=GenaiPrices())`. Needs `pip install ai-lib[prices]`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ai_lib.errors import ConfigurationError
from ai_lib.types.price import Cost
from ai_lib.types.usage import Usage

__all__ = ["GenaiPrices"]

# Where its name of a provider is not ours.
_PROVIDERS = {"gemini": "google", "vertex": "google", "xai": "x-ai", "bedrock": "aws", "azure_openai": "azure"}


class GenaiPrices:
    """The prices that the package knows, tiers and times of day included. Nothing is downloaded.

    Source: https://github.com/pydantic/genai-prices

    Raises:
        ConfigurationError: The package is not installed.
    """

    def __init__(self) -> None:
        _package()

    def cost(self, provider: str, model: str, usage: Usage) -> Cost | None:
        """Return what these tokens cost; None where the package does not know the model."""
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
            told = package.calc_price(tokens, model, provider_id=_PROVIDERS.get(provider, provider))
        except (LookupError, ValueError):  # it does not know the model, or not how to price such tokens
            return None
        parts = {"input": told.input_price, "output": told.output_price}
        return Cost(
            total=Decimal(told.total_price),
            parts={name: Decimal(price) for name, price in parts.items()},
            source="genai-prices",
            date=_day(told),
        )


def _day(told: Any) -> str | None:
    checked = getattr(told.model, "prices_checked", None)
    return checked.isoformat() if isinstance(checked, date) else None


def _package() -> Any:
    try:
        import genai_prices
    except ImportError as exc:
        raise ConfigurationError("GenaiPrices needs a package: pip install ai-lib[prices]") from exc
    return genai_prices
