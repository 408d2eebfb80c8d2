"""What tokens cost: pure arithmetic on a usage and a list of prices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ai_lib.types.price import Cost, Prices
from ai_lib.types.usage import Usage

__all__ = ["compute_cost"]

_MILLION = Decimal(1_000_000)
_NOTHING, _ONE = Decimal(), Decimal(1)
_Part = tuple[str, int, Decimal | None]


def compute_cost(usage: Usage, prices: Prices | None, *, estimated: bool = False, batch: bool = False) -> Cost | None:
    """Return what the tokens of one call cost; None where a price is missing, which is not the same as nothing.

    What the provider itself says of the cost comes first.

    Args:
        usage: The tokens.
        prices: The model's prices; None where they are not known.
        estimated: Whether the tokens were counted on this side.
        batch: Whether they were used by a job that the provider ran when it liked.
    """
    if usage.cost is not None:
        return Cost(total=usage.cost, source="provider", estimated=estimated)
    if prices is None:
        return None
    parts: dict[str, Decimal] = {}
    for name, tokens, price in (*_read(usage, prices, batch=batch), *_written(usage, prices, batch=batch)):
        if tokens:
            if price is None:
                return None
            parts[name] = tokens * price / _MILLION
    return Cost(
        total=sum(parts.values(), _NOTHING), parts=parts, source=prices.source, date=prices.date, estimated=estimated
    )


def _read(usage: Usage, prices: Prices, *, batch: bool) -> Iterator[_Part]:
    """Yield the parts of the prompt; no token is in two of them."""
    base = prices.batch_input if batch else prices.input
    times = _times_longer(usage, prices, batch=batch) if prices.tiers else _ONE
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    written = min(usage.cache_write_tokens or 0, usage.prompt_tokens - cached)
    written_1h = min(usage.cache_write_1h_tokens or 0, written)
    # Recorded speech is cheaper from the cache as text is, so what was cached is not counted here again.
    audio = min(usage.audio_prompt_tokens or 0, usage.prompt_tokens - cached - written)
    write = base if prices.cache_write is None else prices.cache_write
    write_1h = write if prices.cache_write_1h is None else prices.cache_write_1h
    for name, tokens, price in (
        ("input", usage.prompt_tokens - cached - written - audio, base),
        ("cache_read", cached, base if prices.cache_read is None else prices.cache_read),
        ("cache_write", written - written_1h, write),
        ("cache_write_1h", written_1h, write_1h),
        ("input_audio", audio, base if prices.input_audio is None else prices.input_audio),
    ):
        if tokens:
            yield name, tokens, price if price is None or times is _ONE else price * times


def _times_longer(usage: Usage, prices: Prices, *, batch: bool) -> Decimal:
    """Return what a long prompt multiplies the prices of its tokens by.

    The tables give only the price of plain input of such a prompt. The others are fractions or multiples of it at the
    providers that have tiers, so they grow with it.
    """
    if batch or not prices.input:
        return _ONE
    reached = [tier for tier in prices.tiers if usage.prompt_tokens > tier.above]
    return reached[-1].input / prices.input if reached else _ONE


def _written(usage: Usage, prices: Prices, *, batch: bool) -> Iterator[_Part]:
    """Yield the parts of the completion; no token is in two of them."""
    output = prices.batch_output if batch else prices.output
    reached = [tier for tier in prices.tiers if usage.prompt_tokens > tier.above and not batch]
    output = reached[-1].output if reached else output
    reasoning = min(usage.reasoning_tokens or 0, usage.completion_tokens)
    audio = min(usage.audio_completion_tokens or 0, usage.completion_tokens - reasoning)
    apart = prices.reasoning is not None and not reached and not batch
    yield "output", usage.completion_tokens - reasoning - audio, output
    yield "reasoning", reasoning, prices.reasoning if apart else output
    yield "output_audio", audio, prices.output_audio
