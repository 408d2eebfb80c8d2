"""The cost of every recorded answer: parts that add up, as response and as stream, at every provider."""

from decimal import Decimal

import attrs
import pytest

from ai_lib import Catalogue
from ai_lib.models import Prices
from ai_lib.models.cost import compute_cost
from ai_lib.types import UsageStatus
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import Case, cases_of, fold, replay

# A price for each kind of token that no other kind has, so that a token in the wrong part shows.
KINDS = ("input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "input_audio", "output_audio")
ONE_EACH = Prices(**dict.fromkeys(KINDS, Decimal(1)))
RECORDED = cases_of(None, "whole", "stream")


def answer_of(case: Case):
    if case.kind == "whole":
        return case.adapter.decode(HttpResponse(status=200, body=case.body))
    chunks, _ = replay(case.adapter, [case.body])
    return fold(chunks)


def counted(case: Case):
    if "error" in case.expected:
        return None
    answer = answer_of(case)
    return answer if answer.usage_status is UsageStatus.FINALIZED else None


COUNTED = [(case, answer) for case in RECORDED if (answer := counted(case)) is not None]


@pytest.mark.parametrize("answer", [pytest.param(answer, id=f"{case.dialect}-{case.name}") for case, answer in COUNTED])
def test_the_parts_of_a_recorded_usage_add_up_to_all_its_tokens(answer):
    usage = answer.usage

    cost = compute_cost(attrs.evolve(usage, cost=None), ONE_EACH)

    assert cost.total * 1_000_000 == usage.prompt_tokens + usage.completion_tokens
    assert sum(cost.parts.values()) == cost.total
    assert (usage.cached_tokens or 0) + (usage.cache_write_tokens or 0) <= usage.prompt_tokens
    assert (usage.reasoning_tokens or 0) <= usage.completion_tokens


def test_most_of_what_was_recorded_has_a_usage():
    assert len(COUNTED) > 0.6 * len(RECORDED)


def test_recorded_models_that_the_catalogue_knows_cost_more_than_nothing():
    catalogue, known = Catalogue(), 0
    for case, answer in COUNTED:
        cost = catalogue.cost(case.adapter.config.id, answer.model or "", answer.usage)
        known += cost is not None
        # Models that are given away are the only ones that cost nothing.
        info = catalogue.get(answer.model or "", case.adapter.config.id)
        assert cost is None or cost.total > 0 or answer.usage.total_tokens == 0 or info.prices.input == 0

    assert known > 20
