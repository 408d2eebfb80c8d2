"""The model that each preset chooses, and what traffic changes about it."""

from collections import Counter
from decimal import Decimal

import pytest

from ai_lib import ConfigurationError, ModelInfo, ProviderError
from ai_lib.models import Prices
from ai_lib.routing import CostBased, RoutingPolicy, SelectionPreset
from ai_lib.routing.router import ModelRouter, fitting
from ai_lib.routing.selection import LatencyBased, LeastConnections, PerformanceBased, WeightedModels, strategy_from
from ai_lib.testing import FakeClock
from ai_lib.types.content import Image
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import Tool


def model(name, price=None, *, output=None, speed=None, quality=None, **fields):
    prices = None if price is None else Prices(input=Decimal(str(price)), output=Decimal(str(output or price)))
    return ModelInfo(name, "p", prices=prices, speed=speed, quality=quality, mode="chat", **fields)


CHEAP = model("cheap", 0.1, speed="fast", quality="basic")
MIDDLE = model("middle", 2, speed="balanced", quality="good")
BEST = model("best", 20, speed="slow", quality="excellent")
UNKNOWN = model("unknown")
THREE = [CHEAP, MIDDLE, BEST]


def chosen(strategy, models=THREE, times=1):
    return [strategy.select_model(models).id for _ in range(times)]


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("cost", "cheap"),
        ("performance", "cheap"),
        ("quality", "best"),
        ("round_robin", "cheap"),
        ("least_connections", "cheap"),
    ],
)
def test_a_preset_chooses_by_its_criterion(preset, expected):
    assert chosen(strategy_from(preset)) == [expected]
    assert chosen(strategy_from(SelectionPreset(preset))) == [expected]


def test_every_preset_chooses_one_of_the_models():
    assert {chosen(strategy_from(preset))[0] for preset in SelectionPreset} <= {"cheap", "middle", "best"}


def test_round_robin_alternates_exactly():
    assert Counter(chosen(strategy_from("round_robin"), times=9_999)) == {"cheap": 3333, "middle": 3333, "best": 3333}


def test_weights_are_shares():
    counted = Counter(chosen(WeightedModels({"cheap": 1, "p/middle": 9, "best": 0}), times=10_000))

    assert abs(counted["cheap"] / 10_000 - 0.10) < 0.02
    assert counted["best"] == 0


def test_without_weights_the_tiers_weigh_and_random_weighs_nothing():
    weighted = Counter(chosen(strategy_from("weighted"), [CHEAP, UNKNOWN], times=10_000))
    random = Counter(chosen(strategy_from("random"), [CHEAP, UNKNOWN], times=10_000))

    assert abs(weighted["cheap"] / 10_000 - 0.75) < 0.02  # 1 + 2 for its speed, against 1
    assert abs(random["cheap"] / 10_000 - 0.5) < 0.02


def test_with_all_weights_zero_no_model_is_chosen():
    assert WeightedModels({"cheap": 0, "middle": 0, "best": 0}).select_model(THREE) is None


def test_the_cheapest_is_the_cheapest_for_the_mix():
    reader, writer = model("reader", 1, output=10), model("writer", 2, output=2)

    assert chosen(CostBased(prompt_tokens=10_000, completion_tokens=10), [reader, writer]) == ["reader"]
    assert chosen(CostBased(prompt_tokens=10, completion_tokens=10_000), [reader, writer]) == ["writer"]


def test_a_model_of_unknown_price_does_not_count_as_free():
    assert chosen(CostBased(), [UNKNOWN, BEST]) == ["best"]
    assert chosen(CostBased(), [UNKNOWN]) == ["unknown"]


def test_the_fastest_so_far_is_chosen_and_a_new_one_is_tried_first():
    strategy = LatencyBased(FakeClock().clock())
    for info, seconds in ((CHEAP, 0.5), (MIDDLE, 0.2)):
        strategy.started(info)
        strategy.ended(info, None, seconds)

    assert chosen(strategy) == ["best"]
    strategy.started(BEST)
    strategy.ended(BEST, None, 0.4)
    assert chosen(strategy) == ["middle"]


def test_within_a_tier_the_measured_one_that_is_faster_wins():
    strategy = PerformanceBased(FakeClock().clock())
    other = model("other", 1, speed="fast")
    for info, seconds in ((CHEAP, 0.5), (other, 0.2)):
        strategy.started(info)
        strategy.ended(info, None, seconds)

    assert chosen(strategy, [CHEAP, other]) == ["other"]


def test_least_connections_counts_what_runs():
    strategy = LeastConnections()
    strategy.started(CHEAP)
    strategy.started(CHEAP)
    strategy.started(MIDDLE)

    assert chosen(strategy, [CHEAP, MIDDLE]) == ["middle"]
    strategy.ended(CHEAP, None, 0.1)
    strategy.ended(CHEAP, None, 0.1)
    assert chosen(strategy, [CHEAP, MIDDLE]) == ["cheap"]


@pytest.mark.parametrize(("goal", "expected"), [("cost", "cheap"), ("quality", "best"), ("latency", "cheap")])
def test_a_policy_weighs_by_its_goal(goal, expected):
    assert chosen(RoutingPolicy(goal)) == [expected]


def test_a_policy_keeps_to_its_allow_list():
    assert chosen(RoutingPolicy("cost", allow=["p/middle", "bes*"])) == ["middle"]
    assert RoutingPolicy("cost", allow=["other"]).select_model(THREE) is None


def test_a_policy_learns_from_failures_and_forgives_them_with_time():
    time = FakeClock()
    policy = RoutingPolicy("cost", clock=time.clock())
    for _ in range(20):
        policy.started(CHEAP)
        policy.ended(CHEAP, ProviderError("broken"), 0.1)

    while_it_fails = chosen(policy)
    time.now += 3600
    later = chosen(policy)

    assert (while_it_fails, later) == (["middle"], ["cheap"])


def test_a_policy_learns_what_is_fast_from_traffic():
    policy = RoutingPolicy("latency", clock=FakeClock().clock())
    for info, seconds in ((CHEAP, 5.0), (MIDDLE, 3.0), (BEST, 0.1)):
        policy.started(info)
        policy.ended(info, None, seconds)

    assert chosen(policy) == ["best"]


@pytest.mark.parametrize("given", ["fastest", 7, object()])
def test_an_object_that_is_not_a_strategy_is_rejected(given):
    with pytest.raises(ConfigurationError, match="strateg"):
        strategy_from(given)


def test_a_model_without_the_required_capabilities_is_not_a_candidate():
    def request(**fields):
        return ChatCompletionRequest(**{"messages": "hi", **fields})

    blind = model("blind", capabilities={"vision": False, "tools": False, "json_schema": False}, context_window=100)
    vague = model("vague")
    image = Message.user("what?", Image.from_url("https://x/y.png"))

    assert fitting([blind, vague], request()) == [blind, vague]
    assert fitting([blind, vague], request(messages=[image])) == [vague]
    assert fitting([blind, vague], request(tools=[Tool("t")])) == [vague]
    assert fitting(
        [blind, vague], request(response_format=ResponseFormat(kind="json_schema", schema={"type": "object"}))
    ) == [vague]
    assert fitting([blind, vague], request(messages="word " * 1000)) == [vague]
    assert fitting([blind, vague], request(max_tokens=1000)) == [vague]


@pytest.mark.parametrize("fields", [{"models": "gpt-4o"}, {"max_tries": 0}])
def test_an_invalid_router_is_rejected(fields):
    with pytest.raises(ConfigurationError):
        ModelRouter(**{"models": ["a"], **fields})
