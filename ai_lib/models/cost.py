"""The cost of tokens: pure arithmetic on a usage and a list of prices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ai_lib.types.price import Cost, Prices, PriceTier
from ai_lib.types.usage import Usage

__all__ = ["compute_cost"]

_MILLION = Decimal(1_000_000)
_Part = tuple[str, int, Decimal | None]


def compute_cost(usage: Usage, prices: Prices | None, *, estimated: bool = False, batch: bool = False) -> Cost | None:
    """Return the cost of the tokens of one call, or of a batch job; None if a price is unknown, which is not 0.

    A cost that the provider itself reported comes first.
    """
    if usage.cost is not None:
        return Cost(total=usage.cost, source="provider", estimated=estimated)
    if prices is None:
        return None
    # Batch prices have no tiers in the providers' lists.
    reached = [tier for tier in prices.tiers if usage.prompt_tokens > tier.above and not batch]
    tier = reached[-1] if reached else None
    parts: dict[str, Decimal] = {}
    for split in (_prompt_parts, _completion_parts):
        for name, tokens, price in split(usage, prices, tier, batch):
            if tokens:
                if price is None:
                    return None
                parts[name] = tokens * price / _MILLION
    total = sum(parts.values(), Decimal())
    return Cost(total=total, parts=parts, source=prices.source, date=prices.date, estimated=estimated)


def _prompt_parts(usage: Usage, prices: Prices, tier: PriceTier | None, batch: bool) -> Iterator[_Part]:
    """Yield the parts of the prompt; no token is in two of them."""
    base = prices.batch_input if batch else prices.input
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    written = min(usage.cache_write_tokens or 0, usage.prompt_tokens - cached)
    written_1h = min(usage.cache_write_1h_tokens or 0, written)
    # Recorded speech in the cache is billed like cached text, so what was cached is not counted here again.
    audio = min(usage.audio_prompt_tokens or 0, usage.prompt_tokens - cached - written)
    write = base if prices.cache_write is None else prices.cache_write
    write_1h = write if prices.cache_write_1h is None else prices.cache_write_1h
    # The tables have only the price of plain input for a long prompt. The other prices are fractions or multiples of
    # it at the providers that have tiers, so they grow with it.
    factor = tier.input / prices.input if tier is not None and prices.input else Decimal(1)
    for name, tokens, price in (
        ("input", usage.prompt_tokens - cached - written - audio, base),
        ("cache_read", cached, base if prices.cache_read is None else prices.cache_read),
        ("cache_write", written - written_1h, write),
        ("cache_write_1h", written_1h, write_1h),
        ("input_audio", audio, base if prices.input_audio is None else prices.input_audio),
    ):
        yield name, tokens, None if price is None else price * factor


def _completion_parts(usage: Usage, prices: Prices, tier: PriceTier | None, batch: bool) -> Iterator[_Part]:
    """Yield the parts of the completion; no token is in two of them."""
    output = tier.output if tier is not None else prices.batch_output if batch else prices.output
    reasoning = min(usage.reasoning_tokens or 0, usage.completion_tokens)
    audio = min(usage.audio_completion_tokens or 0, usage.completion_tokens - reasoning)
    has_own_price = prices.reasoning is not None and tier is None and not batch
    yield "output", usage.completion_tokens - reasoning - audio, output
    yield "reasoning", reasoning, prices.reasoning if has_own_price else output
    yield "output_audio", audio, prices.output_audio
