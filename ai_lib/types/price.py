"""What a model's tokens cost, and what one call came to."""

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
        raise ConfigurationError(f"a price must be a number of US dollars from 0, got {price!r}")
    return amount


def _usd_if_known(price: Any) -> Decimal | None:
    return None if price is None else _usd(price)


@attrs.frozen(kw_only=True)
class PriceTier:
    """Prices of long prompts: of the whole request, once its prompt is longer than this.

    Args:
        above: Tokens of the prompt.
        input: US dollars for a million tokens of the prompt.
        output: US dollars for a million tokens of the completion.

    Raises:
        ConfigurationError: A price is no number from 0.
    """

    above: int
    input: Decimal = attrs.field(converter=_usd)
    output: Decimal = attrs.field(converter=_usd)


@attrs.frozen(kw_only=True)
class Prices:
    """US dollars for a million tokens. None means that the price is not known, which is not the same as 0.

    Args:
        input: Tokens of the prompt.
        output: Tokens of the completion.
        cache_read: Tokens of the prompt that came from the provider's cache; None means as `input`.
        cache_write: Tokens of the prompt that were written to it; None means as `input`.
        cache_write_1h: The same, kept for an hour; None means as `cache_write`.
        reasoning: Tokens of reasoning; None means as `output`.
        input_audio: Tokens of recorded speech in the prompt; None means as `input`.
        output_audio: Tokens of speech in the completion; None means that it is not known.
        batch_input: As `input`, for jobs that the provider runs when it likes.
        batch_output: As `output`, for such jobs.
        per_query: Dollars for each search of a reranker.
        tiers: Prices of long prompts.
        source: Where the prices are from.
        date: The day that they were gathered, as 2026-11-22.

    Raises:
        ConfigurationError: A price is no number from 0.
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
    """What one call came to, in US dollars.

    Args:
        total: The sum of the parts.
        parts: Dollars by "input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "output", "reasoning"
            and "output_audio"; no token is in two of them. Empty where the provider stated only the total.
        source: Where the prices are from; "provider" where the answer itself stated the total.
        date: The day that the prices were gathered.
        estimated: Whether the tokens were counted on this side, as the provider told none.
    """

    total: Decimal
    parts: Mapping[str, Decimal] = attrs.field(factory=dict)
    source: str | None = None
    date: str | None = None
    estimated: bool = False
