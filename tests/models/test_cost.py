"""The cost of tokens: disjoint parts that add up to the total, and None where a price is missing."""

import json
import pickle
from decimal import Decimal
from functools import partial
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import AiClient, Catalogue, ConnectionOptions, StreamInterruptedError, Usage
from ai_lib.models import Cost, GenaiPrices, Prices, PriceTier
from ai_lib.models.cost import compute_cost
from ai_lib.types import UsageStatus
from tests.support.clients import client_of
from tests.support.server import chunk_event, completion, json_reply, sse_reply, stream_events

WIRE = Path(__file__).parents[1] / "wire"


PRICED = Catalogue().with_price("gw/m", input=1000, output=1000)  # the usual answer has 3 tokens: $0.003


priced_client = partial(client_of, catalogue=PRICED)


def recorded_answer(provider, case):
    return json.loads((WIRE / provider / case / "response.json").read_bytes())


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
def test_a_missing_price_makes_the_cost_none_not_smaller(prices, usage):
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


def test_a_recorded_answer_costs_what_its_parts_add_up_to(server):
    usage = {
        "input_tokens": 100, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 500, "output_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
    }  # fmt: skip
    server.script(
        json_reply(
            200, {**recorded_answer("anthropic", "anthropic-text"), "model": "claude-opus-4-5-20251101", "usage": usage}
        )
    )

    answer = client_of(server, "anthropic", path="", model="claude-opus-4-5").chat("hi", max_tokens=100)

    breakdown = answer.cost_breakdown
    assert breakdown is not None
    assert {name: part * 1_000_000 for name, part in breakdown.parts.items()} == {
        "input": 100 * 5, "cache_read": 2000 * Decimal("0.5"), "cache_write": 300 * Decimal("6.25"),
        "cache_write_1h": 200 * 10, "output": 50 * 25,
    }  # fmt: skip
    assert answer.cost == breakdown.total
    assert (breakdown.source, breakdown.date, breakdown.estimated) == ("genai-prices", "2026-11-22", False)


def test_a_stream_costs_as_much_as_a_chat(server):
    whole = completion("Hello", model="gpt-4o", usage={"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010,
                       "prompt_tokens_details": {"cached_tokens": 400}})  # fmt: skip
    end = chunk_event(choices=[], model="gpt-4o", usage=whole["usage"])
    client = client_of(server, "openai", path="", model="gpt-4o")
    server.script(json_reply(200, whole))
    answer = client.chat("hi")
    server.script(sse_reply([*[e for e in stream_events("Hel", "lo") if not isinstance(e, str)][:-1], end, "[DONE]"]))
    streamed = client.stream("hi").final_response()

    assert answer.cost == Decimal(600 * 25 + 400 * Decimal("12.5") + 10 * 100) / 10_000_000
    assert streamed.usage == answer.usage
    assert streamed.cost_breakdown == answer.cost_breakdown


def test_an_unknown_price_is_none_and_never_zero(server):
    answer = priced_client(server, catalogue=None).chat("hi")

    assert (answer.cost, answer.cost_breakdown) == (None, None)
    assert answer.usage.total_tokens == 3


def test_the_requested_model_sets_the_price_when_the_answer_names_an_unknown_one(server):
    server.script(json_reply(200, completion(model="some-deployment")))

    assert priced_client(server).chat("hi").cost == Decimal("0.003")


def test_the_cost_stated_by_the_provider_comes_first(server):
    server.script(
        json_reply(200, completion(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": 0.25}))
    )

    answer = client_of(server, "openrouter", path="", model="openai/gpt-4o").chat("hi")

    assert answer.cost == Decimal("0.25")
    assert answer.cost_breakdown == Cost(total=Decimal("0.25"), source="provider")


def test_tokens_that_the_provider_did_not_count_are_estimated_and_marked(server):
    silent = completion("Hello there")
    del silent["usage"]
    server.script(json_reply(200, silent))
    client = priced_client(server)
    whole = client.chat("hi")
    server.script(
        sse_reply(
            [
                chunk_event("Hello there"),
                chunk_event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
                "[DONE]",
            ]
        )
    )
    streamed = client.stream("hi").final_response()

    for answer in (whole, streamed):
        assert answer.usage_status is UsageStatus.ESTIMATED
        assert answer.usage.completion_tokens in range(1, 6)
        assert answer.cost_breakdown.estimated
    assert whole.usage == streamed.usage


def test_a_stream_that_broke_off_has_an_estimated_cost(server):
    server.script(sse_reply([chunk_event("Hello there")]))

    with pytest.raises(StreamInterruptedError) as caught:
        priced_client(server).stream("hi").final_response()

    assert caught.value.partial.cost_breakdown.estimated


def test_a_pickled_answer_keeps_its_cost_and_holds_no_key(server):
    client = priced_client(server, options=ConnectionOptions(api_key="canary-4711"))

    packed = pickle.dumps(client.chat("hi"))

    assert pickle.loads(packed).cost == Decimal("0.003")
    assert b"canary" not in packed


def test_genai_prices_can_be_the_source(server):
    pytest.importorskip("genai_prices", reason="needs genai-prices")
    server.script(
        json_reply(
            200,
            completion(model="gpt-4o", usage={"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}),
        )
    )
    client = AiClient(
        "openai/gpt-4o",
        options=ConnectionOptions(base_url=server.url, api_key="k"),
        catalogue=Catalogue(prices=GenaiPrices()),
    )

    breakdown = client.chat("hi").cost_breakdown

    assert (breakdown.total, breakdown.source) == (Decimal("0.0035"), "genai-prices")
    assert client.catalogue.cost("gw", "nonsense", client.chat("hi").usage) is None
