"""Prices of tokens, and the cost of a call."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from ai_lib.errors import ConfigurationError

__all__ = ["Cost", "PriceTier", "Prices"]


def _usd(price: Any) -> Decimal:
    try:
        amount = price if isinstance(price, Decimal) else Decimal(str(price))
    except ArithmeticError:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise ConfigurationError(f"a price must be a number of US dollars >= 0, got {price!r}")
    return amount


def _usd_if_known(price: Any) -> Decimal | None:
    return None if price is None else _usd(price)


@attrs.frozen(kw_only=True)
class PriceTier:
    """Prices of requests with long prompts, which apply to the whole request; invalid ones raise `ConfigurationError`.

    Args:
        above: The tier applies to prompts of more tokens than this.
        input: US dollars per million tokens of the prompt, >= 0.
        output: US dollars per million tokens of the completion, >= 0.
    """

    above: int
    input: Decimal = attrs.field(converter=_usd)
    output: Decimal = attrs.field(converter=_usd)


@attrs.frozen(kw_only=True)
class Prices:
    """Prices in US dollars per million tokens, >= 0; others raise `ConfigurationError`. None means unknown, unlike 0.

    Args:
        input: Tokens of the prompt.
        output: Tokens of the completion.
        cache_read: Tokens of the prompt that were read from the provider's cache; None means the same as `input`.
        cache_write: Tokens of the prompt that were written to the cache; None means the same as `input`.
        cache_write_1h: Those written to be kept for an hour; None means the same as `cache_write`.
        reasoning: Tokens of reasoning; None means the same as `output`.
        input_audio: Tokens of audio in the prompt; None means the same as `input`.
        output_audio: Tokens of audio in the completion; None means unknown.
        batch_input: Tokens of the prompt in a batch job of the provider.
        batch_output: Tokens of the completion in a batch job.
        per_query: US dollars for each query of a reranker.
        tiers: Prices of requests with long prompts.
        source: The source of the prices.
        date: The date of the prices, such as "2026-11-22".
    """

    input: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    output: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    cache_read: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    cache_write: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    cache_write_1h: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    reasoning: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    input_audio: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    output_audio: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    batch_input: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    batch_output: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    per_query: Decimal | None = attrs.field(default=None, converter=_usd_if_known)
    tiers: tuple[PriceTier, ...] = ()
    source: str | None = None
    date: str | None = None


@attrs.frozen(kw_only=True)
class Cost:
    """The cost of one call in US dollars.

    Args:
        total: The sum of the parts.
        parts: US dollars by "input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "output",
            "reasoning" and "output_audio"; each token counts in one of them. Empty where only the total is known.
        source: The source of the prices; "provider" where the response itself has the total.
        date: The date of the prices.
        estimated: Whether the tokens were estimated, because the provider returned no usage.
    """

    total: Decimal
    parts: Mapping[str, Decimal] = attrs.field(factory=dict)
    source: str | None = None
    date: str | None = None
    estimated: bool = False
