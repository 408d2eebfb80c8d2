"""What calls cost, and budgets that refuse: through a client, against recorded answers and a counting server."""

import json
import os
import pickle
import threading
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from ai_lib import (
    AiClient,
    Budget,
    BudgetExceededError,
    Catalogue,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ConnectionOptions,
    Cost,
    FallbackChain,
    GenaiPrices,
    ProviderConfig,
    RequestTimeoutError,
    StreamInterruptedError,
    Timeout,
    UsageStatus,
)
from tests.support.clients import ONE_ATTEMPT, client_of
from tests.support.server import Server, chunk_event, completion, json_reply, raw_reply, sse_reply, stream_events

WIRE = Path(__file__).parents[1] / "wire"
PRICED = Catalogue().with_price("gw/m", input=1000, output=1000)  # the usual answer has 3 tokens: $0.003


priced_client = partial(client_of, catalogue=PRICED)


def real(server, provider, model):
    return AiClient(provider, model=model, options=ConnectionOptions(base_url=server.url, api_key="k"))


def recorded(provider, case):
    return json.loads((WIRE / provider / case / "response.json").read_bytes())


# --- the cost of an answer


def test_a_recorded_answer_costs_what_its_parts_add_up_to(server):
    usage = {
        "input_tokens": 100, "cache_read_input_tokens": 2000, "cache_creation_input_tokens": 500, "output_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
    }  # fmt: skip
    server.script(
        json_reply(
            200, {**recorded("anthropic", "anthropic-text"), "model": "claude-opus-4-5-20251101", "usage": usage}
        )
    )

    answer = real(server, "anthropic", "claude-opus-4-5").chat("hi", max_tokens=100)

    breakdown = answer.cost_breakdown
    assert breakdown is not None
    assert {name: part * 1_000_000 for name, part in breakdown.parts.items()} == {
        "input": 100 * 5, "cache_read": 2000 * Decimal("0.5"), "cache_write": 300 * Decimal("6.25"),
        "cache_write_1h": 200 * 10, "output": 50 * 25,
    }  # fmt: skip
    assert answer.cost == breakdown.total
    assert (breakdown.source, breakdown.date, breakdown.estimated) == ("genai-prices", "2026-11-22", False)


def test_a_stream_costs_what_the_whole_answer_would_have(server):
    whole = completion("Hello", model="gpt-4o", usage={"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010,
                       "prompt_tokens_details": {"cached_tokens": 400}})  # fmt: skip
    end = chunk_event(choices=[], model="gpt-4o", usage=whole["usage"])
    client = real(server, "openai", "gpt-4o")
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


def test_the_model_that_was_asked_has_the_price_where_the_answer_names_another(server):
    server.script(json_reply(200, completion(model="some-deployment")))

    assert priced_client(server).chat("hi").cost == Decimal("0.003")


def test_what_the_provider_states_comes_first(server):
    server.script(
        json_reply(200, completion(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": 0.25}))
    )

    answer = real(server, "openrouter", "openai/gpt-4o").chat("hi")

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


def test_a_copy_of_an_answer_still_knows_its_cost_and_no_key(server):
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


# --- sums


def test_spending_adds_up_by_model_and_tag(server):
    client = priced_client(server)
    server.script(*[json_reply(200, completion())] * 2, json_reply(200, completion(model="free")))

    client.chat("hi", tags="summaries")
    client.chat("hi", tags=("summaries", "team-a"))
    client.chat("hi", model="free")

    total = client.spending.total
    assert (total.calls, total.cost, total.unknown, total.prompt_tokens + total.completion_tokens) == (
        3,
        Decimal("0.006"),
        1,
        9,
    )
    assert {name: part.cost for name, part in client.spending.by_model.items()} == {
        "gw/m": Decimal("0.006"),
        "gw/free": 0,
    }
    assert {tag: part.calls for tag, part in client.spending.by_tag.items()} == {"summaries": 2, "team-a": 1}


def test_a_tag_that_is_named_twice_counts_once(server):
    client = priced_client(server)
    client.chat("hi", tags=["a", "b", "a"])

    assert client.spending.by_tag["a"].calls == 1


def test_a_call_is_paid_from_a_budget_once_however_often_it_is_named(server):
    client = priced_client(server)
    with client.budget(usd=1) as budget:
        client.chat("hi", max_tokens=2, budget=budget)
        with budget:
            client.chat("hi", max_tokens=2)
        client.chat("hi", max_tokens=2)
    client.chat("hi")

    assert (budget.spent, client.spending.total.calls) == (Decimal("0.009"), 4)


def test_a_forked_child_stays_within_a_copy_of_its_parents_budget(server):
    client = priced_client(server)
    with client.budget(usd="0.33"):  # such a call may cost $0.32, and costs $0.003
        client.chat("hi", max_tokens=2)
        child = os.fork()
        if child == 0:
            try:
                for _ in range(20):
                    client.chat("hi", max_tokens=2)
            except BudgetExceededError:
                os._exit(7)
            finally:
                os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert len(server.requests) == 1 + 3


def test_streams_count_when_they_are_over_and_what_was_left_is_estimated(server):
    client = priced_client(server)
    server.script(sse_reply(stream_events("He", "llo")))

    client.stream("hi").final_response()
    before = client.spending.total.cost
    with client.stream("hi") as left:
        next(left)

    assert before == Decimal("0.003")
    assert client.spending.total.calls == 2
    assert client.spending.total.cost > before


def test_calls_of_a_route_count_for_the_client_that_was_asked(server):
    with Server(json_reply(503, {"error": {"message": "busy"}})) as busy:
        second = ProviderConfig("gw", base_url=server.url, default_model="m")
        client = priced_client(busy, route=FallbackChain([second]))

        client.chat("hi")

    assert client.spending.total.calls == 1


def test_a_stream_that_another_provider_took_over_is_counted_once(server):
    server.script(sse_reply(stream_events("He", "llo")))
    with Server(json_reply(503, {"error": {"message": "busy"}})) as busy, Server(sse_reply([])) as empty:
        second, third = (ProviderConfig("gw", base_url=one.url, default_model="m") for one in (empty, server))
        client = priced_client(busy, route=FallbackChain().always(second).always(third))

        with client.budget(usd=1) as budget:
            assert client.stream("hi", max_tokens=5).final_response().text == "Hello"

    assert client.spending.total.calls == 1
    assert client.spending.total.cost == Decimal("0.003")
    assert budget.spent >= Decimal("0.003")
    assert budget.left == budget.limit - budget.spent


def test_a_stream_that_is_left_before_its_first_chunk_has_cost_its_prompt(server):
    server.script(sse_reply(stream_events("He", "llo")))
    client = priced_client(server)

    client.stream("hi", max_tokens=5).close()

    assert client.spending.total.cost > 0
    assert client.spending.total.completion_tokens == 0


def test_what_is_no_error_of_ours_leaves_nothing_set_aside_for_ever(server):
    class Broken:
        def post(self, url, body):
            raise KeyboardInterrupt

    client = priced_client(server, transport=Broken())

    with client.budget(usd=1) as budget, pytest.raises(KeyboardInterrupt):
        client.chat("hi", max_tokens=5)

    assert budget.spent > 0  # in doubt
    assert budget.left == budget.limit - budget.spent


# --- budgets


def test_the_call_that_could_pass_a_budget_is_refused_before_it_is_sent(server):
    client = priced_client(server)

    with client.budget(usd=1) as budget:
        client.chat("hi", max_tokens=100)
        with pytest.raises(
            BudgetExceededError, match=r"a call of gw/m may cost \$\d+\.\d+ and \$0\.997000 of \$1 is left"
        ):
            client.chat("hi", max_tokens=1000)

    assert len(server.requests) == 1
    assert (budget.spent, budget.left) == (Decimal("0.003"), Decimal("0.997"))


def test_after_the_block_calls_are_free_again(server):
    client = priced_client(server)
    with client.budget(usd=0), pytest.raises(BudgetExceededError):
        client.chat("hi", max_tokens=1)

    assert client.chat("hi", max_tokens=1).text == "hi"


def test_without_max_tokens_a_call_may_cost_all_that_its_model_can_generate(server):
    client = real(server, "openai", "gpt-4o")  # 16,384 tokens at $10 a million

    with client.budget(usd="0.16"), pytest.raises(BudgetExceededError, match="Pass a smaller max_tokens"):
        client.chat("hi")
    with client.budget(usd="0.17"):
        client.chat("hi")


def test_a_budget_holds_under_64_threads(server):
    client = priced_client(server)
    begin = threading.Barrier(64)
    refused = []

    def work():
        begin.wait()
        for _ in range(4):
            try:
                client.chat("hi", max_tokens=2)
            except BudgetExceededError as error:
                refused.append(error)

    threads = [threading.Thread(target=work) for _ in range(64)]
    with client.budget(usd="2") as budget:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(refused) + len(server.requests) == 256
    assert refused
    assert budget.spent == Decimal("0.003") * len(server.requests) <= 2
    assert budget.left == budget.limit - budget.spent


def test_what_a_failed_call_had_set_aside_is_given_back(server):
    server.script(json_reply(503, {"error": {"message": "busy"}}))
    client = priced_client(server)

    with client.budget(usd=1) as budget, pytest.raises(Exception, match="busy"):
        client.chat("hi", max_tokens=10)

    assert budget.left == 1


def test_a_call_in_doubt_is_counted_in_full(server):
    def stall(connection):
        connection.read_request()
        connection.stall()

    server.script(stall)
    client = priced_client(server, options=ConnectionOptions(timeout=Timeout(first_byte=0.1)))

    with client.budget(usd=1) as budget, pytest.raises(RequestTimeoutError):
        client.chat("hi", max_tokens=10)

    assert budget.spent > Decimal("0.01")


def test_a_stream_gives_back_what_it_did_not_need_when_it_is_over(server):
    server.script(sse_reply(stream_events("He", "llo")))
    client = priced_client(server)

    with client.budget(usd=1) as budget:
        stream = client.stream("hi", max_tokens=100)
        during = budget.left
        stream.final_response()

    assert during < Decimal("0.9")
    assert budget.left == Decimal("0.997")


def test_a_budget_can_be_given_to_single_calls(server):
    client = priced_client(server)
    budget = Budget("0.35")

    client.chat("hi", max_tokens=1, budget=budget)
    client.chat("hi", max_tokens=1000)
    with pytest.raises(BudgetExceededError):
        client.chat("hi", max_tokens=1000, budget=budget)

    assert budget.spent == Decimal("0.003")
    assert client.spending.total.calls == 2


def test_two_budgets_both_pay_and_a_refusal_of_one_takes_nothing_from_the_other(server):
    client = priced_client(server)
    small = Budget("0.0001")

    with client.budget(usd=1) as large, pytest.raises(BudgetExceededError):
        client.chat("hi", max_tokens=1, budget=small)

    assert (large.left, small.left) == (1, Decimal("0.0001"))


def test_a_call_of_unknown_cost_is_refused_unless_it_is_allowed(server):
    client = priced_client(server, catalogue=None)

    with client.budget(usd=1), pytest.raises(BudgetExceededError, match="nobody knows what a call of gw/m may cost"):
        client.chat("hi", max_tokens=1)
    assert server.requests == []
    with client.budget(usd=1, unknown="allow") as budget:
        client.chat("hi", max_tokens=1)
    assert budget.spent == 0


@pytest.mark.parametrize(("usd", "settings"), [("lots", {}), (-1, {}), (float("nan"), {}), (1, {"unknown": "maybe"})])
def test_a_budget_that_makes_no_sense_is_refused(usd, settings):
    with pytest.raises(ConfigurationError):
        Budget(usd, **settings)


def test_a_budget_of_its_own_is_no_block():
    with pytest.raises(ConfigurationError, match="with client"), Budget(1):
        pass


def test_a_connection_that_was_lost_after_the_request_leaves_its_cost_in_doubt(server):
    server.script(raw_reply(b"", close=True))
    client = priced_client(server)

    with client.budget(usd=1) as budget, pytest.raises(ConnectionLostError) as caught:
        client.chat("hi", max_tokens=10)

    assert caught.value.ambiguous
    assert budget.spent > Decimal("0.01")


def test_a_server_that_cannot_be_reached_costs_nothing():
    client = AiClient(
        ProviderConfig("gw", base_url="http://127.0.0.1:9", default_model="m"), resilience=ONE_ATTEMPT, catalogue=PRICED
    )

    with client.budget(usd=1) as budget, pytest.raises(ConnectError):
        client.chat("hi", max_tokens=10)

    assert budget.left == 1


# --- embeddings


def embedding(server, **settings):
    config = ProviderConfig("gw", base_url=server.url, embed={"format": "openai", "path": "/embeddings", "model": "e"})
    rows = [{"index": 0, "embedding": [0.1]}]
    server.script(json_reply(200, {"data": rows, "usage": {"prompt_tokens": 9, "total_tokens": 9}}))
    return AiClient(config, **settings)


def test_embeddings_cost_and_count(server):
    client = embedding(server, catalogue=Catalogue().with_price("gw/e", input=1000))

    answer = client.embed("some words")

    assert answer.cost == Decimal("0.009")
    assert client.spending.by_model["gw/e"].cost == answer.cost


def test_a_budget_refuses_embeddings_that_could_pass_it(server):
    client = embedding(server, catalogue=Catalogue().with_price("gw/e", input=1000))

    with client.budget(usd="0.02") as budget:
        client.embed("some words")
        with pytest.raises(BudgetExceededError):
            client.embed("more words than that")

    assert len(server.requests) == 1
    assert budget.spent == Decimal("0.009")


def test_embeddings_that_fail_give_back_what_was_set_aside(server):
    client = embedding(server, catalogue=Catalogue().with_price("gw/e", input=1000), resilience=ONE_ATTEMPT)
    server.script(json_reply(503, {"error": {"message": "busy"}}))

    with client.budget(usd=1) as budget, pytest.raises(Exception, match="busy"):
        client.embed("some words")

    assert (budget.left, client.spending.total.calls) == (1, 0)
