"""What a model's tokens cost, and what one call came to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

__all__ = ["Cost", "PriceTier", "Prices"]


@attrs.frozen(kw_only=True)
class PriceTier:
    """Prices of long prompts: of the whole request, once its prompt is longer than this.

    Args:
        above: Tokens of the prompt.
        input: US dollars for a million tokens of the prompt.
        output: US dollars for a million tokens of the completion.
    """

    above: int
    input: Decimal
    output: Decimal


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
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    reasoning: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    batch_input: Decimal | None = None
    batch_output: Decimal | None = None
    per_query: Decimal | None = None
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
