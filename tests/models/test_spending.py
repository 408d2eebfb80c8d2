"""Spending and budgets, through a client and a server that counts requests."""

import os
import threading
from decimal import Decimal
from functools import partial

import pytest

from ai_lib import (
    AiClient,
    Budget,
    BudgetExceededError,
    Catalogue,
    ConfigurationError,
    ConnectionOptions,
    FallbackChain,
    ProviderConfig,
    RequestTimeoutError,
    Timeout,
)
from ai_lib.errors import ConnectError, ConnectionLostError
from tests.support.clients import ONE_ATTEMPT, client_of
from tests.support.server import Server, completion, json_reply, raw_reply, sse_reply, stall, stream_events

PRICED = Catalogue().with_price("gw/m", input=1000, output=1000)  # the usual answer has 3 tokens: $0.003


priced_client = partial(client_of, catalogue=PRICED)


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


def test_streams_count_when_closed_and_an_unfinished_one_is_estimated(server):
    client = priced_client(server)
    server.script(sse_reply(stream_events("He", "llo")))

    client.stream("hi").final_response()
    before = client.spending.total.cost
    with client.stream("hi") as left:
        next(left)

    assert before == Decimal("0.003")
    assert client.spending.total.calls == 2
    assert client.spending.total.cost > before


def test_calls_of_a_route_count_for_the_client_that_was_called(server):
    with Server(json_reply(503, {"error": {"message": "busy"}})) as busy:
        second = ProviderConfig("gw", base_url=server.url, default_model="m")
        client = priced_client(busy, route=FallbackChain([second]))

        client.chat("hi")

    assert client.spending.total.calls == 1


def test_a_stream_that_fell_back_is_counted_once(server):
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


def test_a_stream_closed_before_its_first_chunk_costs_its_prompt(server):
    server.script(sse_reply(stream_events("He", "llo")))
    client = priced_client(server)

    client.stream("hi", max_tokens=5).close()

    assert client.spending.total.cost > 0
    assert client.spending.total.completion_tokens == 0


def test_an_unexpected_exception_releases_the_reservation(server):
    class Broken:
        def post(self, url, body):
            raise KeyboardInterrupt

    client = priced_client(server, transport=Broken())

    with client.budget(usd=1) as budget, pytest.raises(KeyboardInterrupt):
        client.chat("hi", max_tokens=5)

    assert budget.spent > 0  # in doubt
    assert budget.left == budget.limit - budget.spent


# --- budgets


def test_a_call_that_could_exceed_the_budget_is_rejected_before_it_is_sent(server):
    client = priced_client(server)

    with client.budget(usd=1) as budget:
        client.chat("hi", max_tokens=100)
        with pytest.raises(
            BudgetExceededError, match=r"a call of gw/m may cost \$\d+\.\d+ and \$0\.997000 of \$1 is left"
        ):
            client.chat("hi", max_tokens=1000)

    assert len(server.requests) == 1
    assert (budget.spent, budget.left) == (Decimal("0.003"), Decimal("0.997"))


def test_after_the_block_the_budget_no_longer_applies(server):
    client = priced_client(server)
    with client.budget(usd=0), pytest.raises(BudgetExceededError):
        client.chat("hi", max_tokens=1)

    assert client.chat("hi", max_tokens=1).text == "hi"


def test_without_max_tokens_a_call_reserves_the_models_maximum(server):
    client = client_of(server, "openai", path="", model="gpt-4o")  # 16,384 tokens at $10 a million

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


def test_a_failed_call_releases_its_reservation(server):
    server.script(json_reply(503, {"error": {"message": "busy"}}))
    client = priced_client(server)

    with client.budget(usd=1) as budget, pytest.raises(Exception, match="busy"):
        client.chat("hi", max_tokens=10)

    assert budget.left == 1


def test_a_call_with_an_unknown_outcome_is_counted_in_full(server):
    server.script(stall)
    client = priced_client(server, options=ConnectionOptions(timeout=Timeout(first_byte=0.1)))

    with client.budget(usd=1) as budget, pytest.raises(RequestTimeoutError):
        client.chat("hi", max_tokens=10)

    assert budget.spent > Decimal("0.01")


def test_a_finished_stream_releases_what_it_did_not_use(server):
    server.script(sse_reply(stream_events("He", "llo")))
    client = priced_client(server)

    with client.budget(usd=1) as budget:
        stream = client.stream("hi", max_tokens=100)
        during = budget.left
        stream.final_response()

    assert during < Decimal("0.9")
    assert budget.left == Decimal("0.997")


def test_a_budget_can_apply_to_single_calls(server):
    client = priced_client(server)
    budget = Budget("0.35")

    client.chat("hi", max_tokens=1, budget=budget)
    client.chat("hi", max_tokens=1000)
    with pytest.raises(BudgetExceededError):
        client.chat("hi", max_tokens=1000, budget=budget)

    assert budget.spent == Decimal("0.003")
    assert client.spending.total.calls == 2


def test_two_budgets_both_pay_and_a_rejection_by_one_charges_neither(server):
    client = priced_client(server)
    small = Budget("0.0001")

    with client.budget(usd=1) as large, pytest.raises(BudgetExceededError):
        client.chat("hi", max_tokens=1, budget=small)

    assert (large.left, small.left) == (1, Decimal("0.0001"))


def test_a_call_of_unknown_cost_is_rejected_unless_allowed(server):
    client = priced_client(server, catalogue=None)

    with client.budget(usd=1), pytest.raises(BudgetExceededError, match="the cost of a call of gw/m is unknown"):
        client.chat("hi", max_tokens=1)
    assert server.requests == []
    with client.budget(usd=1, unknown="allow") as budget:
        client.chat("hi", max_tokens=1)
    assert budget.spent == 0


@pytest.mark.parametrize(("usd", "settings"), [("lots", {}), (-1, {}), (float("nan"), {}), (1, {"unknown": "maybe"})])
def test_an_invalid_budget_is_rejected(usd, settings):
    with pytest.raises(ConfigurationError):
        Budget(usd, **settings)


def test_a_budget_without_a_client_cannot_be_entered():
    with pytest.raises(ConfigurationError, match="with client"), Budget(1):
        pass


def test_a_connection_lost_after_the_request_counts_its_full_cost(server):
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


def test_embeddings_that_could_exceed_the_budget_are_rejected(server):
    client = embedding(server, catalogue=Catalogue().with_price("gw/e", input=1000))

    with client.budget(usd="0.02") as budget:
        client.embed("some words")
        with pytest.raises(BudgetExceededError):
            client.embed("more words than that")

    assert len(server.requests) == 1
    assert budget.spent == Decimal("0.009")


def test_failed_embeddings_release_their_reservation(server):
    client = embedding(server, catalogue=Catalogue().with_price("gw/e", input=1000), resilience=ONE_ATTEMPT)
    server.script(json_reply(503, {"error": {"message": "busy"}}))

    with client.budget(usd=1) as budget, pytest.raises(Exception, match="busy"):
        client.embed("some words")

    assert (budget.left, client.spending.total.calls) == (1, 0)
