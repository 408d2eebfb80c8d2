"""What tokens cost: parts that are disjoint and sum to the total, and nothing where a price is missing."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import Cost, Prices, PriceTier, Usage
from ai_lib.models.cost import compute_cost

PRICES = Prices(
    input=Decimal(2), output=Decimal(10), cache_read=Decimal("0.2"), cache_write=Decimal("2.5"),
    cache_write_1h=Decimal(4), reasoning=Decimal(12), input_audio=Decimal(30), output_audio=Decimal(60),
    batch_input=Decimal(1), batch_output=Decimal(5), source="test", date="2026-11-22",
)  # fmt: skip
USAGE = Usage(
    prompt_tokens=1000, completion_tokens=500, total_tokens=1500, cached_tokens=300, cache_write_tokens=200,
    cache_write_1h_tokens=50, audio_prompt_tokens=100, reasoning_tokens=120, audio_completion_tokens=80,
)  # fmt: skip


def test_every_token_is_billed_once_and_at_the_price_of_its_kind():
    cost = compute_cost(USAGE, PRICES)

    assert cost is not None
    assert {name: part * 1_000_000 for name, part in cost.parts.items()} == {
        "input": 400 * 2,
        "cache_read": 300 * Decimal("0.2"),
        "cache_write": 150 * Decimal("2.5"),
        "cache_write_1h": 50 * 4,
        "input_audio": 100 * 30,
        "output": 300 * 10,
        "reasoning": 120 * 12,
        "output_audio": 80 * 60,
    }
    assert cost.total == sum(cost.parts.values())
    assert (cost.source, cost.date, cost.estimated) == ("test", "2026-11-22", False)


COUNTS = st.integers(0, 10_000)
USAGES = st.builds(
    Usage, prompt_tokens=COUNTS, completion_tokens=COUNTS, cached_tokens=COUNTS | st.none(),
    cache_write_tokens=COUNTS | st.none(), cache_write_1h_tokens=COUNTS | st.none(),
    reasoning_tokens=COUNTS | st.none(), audio_prompt_tokens=COUNTS | st.none(),
    audio_completion_tokens=COUNTS | st.none(),
)  # fmt: skip
ONE = Prices(
    **{name: Decimal(1) for name in attrs.fields_dict(PRICES.__class__) if name not in ("tiers", "source", "date")}
)


@given(USAGES)
def test_the_parts_are_disjoint_whatever_a_provider_counts(usage):
    cost = compute_cost(usage, ONE)

    assert cost is not None
    assert cost.total * 1_000_000 == usage.prompt_tokens + usage.completion_tokens
    assert all(part > 0 for part in cost.parts.values())


def test_what_the_provider_states_comes_before_any_arithmetic():
    cost = compute_cost(attrs.evolve(USAGE, cost=Decimal("0.5")), PRICES)

    assert cost == Cost(total=Decimal("0.5"), source="provider")


@pytest.mark.parametrize(
    ("prices", "usage"),
    [
        (None, USAGE),
        (Prices(output=Decimal(1)), USAGE),
        (Prices(input=Decimal(1)), USAGE),
        (attrs.evolve(PRICES, output_audio=None), USAGE),
    ],
)
def test_a_missing_price_gives_none_and_never_a_part_of_the_bill(prices, usage):
    assert compute_cost(usage, prices) is None


def test_a_missing_price_of_a_kind_falls_back_to_the_plain_one():
    prices = Prices(input=Decimal(2), output=Decimal(10))

    cost = compute_cost(attrs.evolve(USAGE, audio_completion_tokens=None), prices)

    assert cost is not None
    assert cost.total * 1_000_000 == 1000 * 2 + 500 * 10


def test_a_price_that_is_not_needed_may_be_missing():
    embedded = compute_cost(Usage(prompt_tokens=1000, total_tokens=1000), Prices(input=Decimal(1)))

    assert embedded is not None
    assert embedded.total == Decimal("0.001")


def test_a_long_prompt_is_billed_at_its_tier_as_a_whole():
    tiers = (PriceTier(above=500, input=Decimal(4), output=Decimal(15)),)
    prices = Prices(input=Decimal(2), output=Decimal(10), cache_read=Decimal("0.2"), tiers=tiers)
    usage = Usage(prompt_tokens=501, completion_tokens=10, cached_tokens=1)

    long = compute_cost(usage, prices)
    short = compute_cost(attrs.evolve(usage, prompt_tokens=500), prices)

    assert long is not None
    assert short is not None
    assert long.total * 1_000_000 == 500 * 4 + Decimal("0.4") + 10 * 15
    assert short.total * 1_000_000 == 499 * 2 + Decimal("0.2") + 10 * 10


def test_a_job_of_the_provider_is_billed_at_its_own_price():
    cost = compute_cost(Usage(prompt_tokens=1000, completion_tokens=100), PRICES, batch=True)

    assert cost is not None
    assert cost.total * 1_000_000 == 1000 * 1 + 100 * 5
