"""Batches as a server sees them: concurrency, order, what is sent twice and what never."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal

import attrs
import pytest

from ai_lib import (
    AiClient,
    AuthenticationError,
    BudgetExceededError,
    Catalogue,
    ConfigurationError,
    ConnectionOptions,
    InvalidRequestError,
    ProviderConfig,
    ResilienceConfig,
)
from tests.support.clients import client_of
from tests.support.server import completion, json_reply

PRICED = Catalogue().with_price("gw/m", input=1000, output=1000)  # 3 tokens: $0.003


def echo_or_fail(connection):
    prompt = connection.read_request().json["messages"][-1]["content"]
    if prompt.startswith("bad"):
        body, status = json.dumps({"error": {"message": "bad"}}).encode(), 400
    else:
        body, status = json.dumps(completion(prompt)).encode(), 200
    connection.head(status, {"content-type": "application/json", "content-length": str(len(body))})
    connection.send(body)


def prompts_received(server):
    return [request.json["messages"][-1]["content"] for request in server.requests]


def test_fifty_requests_keep_their_order_and_failures_stay_with_their_items(server):
    running, most, lock = 0, 0, threading.Lock()

    def handler(connection):
        nonlocal running, most
        connection.read_request()
        with lock:
            running += 1
            most = max(most, running)
        connection.wait(0.01)
        with lock:
            running -= 1
        echo_or_fail(connection)

    server.script(handler)
    prompts = [f"bad {n}" if n % 10 == 3 else f"ask {n}" for n in range(50)]

    result = client_of(server).batch(prompts, max_workers=5)

    assert result.texts == [None if n % 10 == 3 else f"ask {n}" for n in range(50)]
    assert sorted(result.errors) == [3, 13, 23, 33, 43]
    assert all(isinstance(error, InvalidRequestError) for error in result.errors.values())
    assert result.succeeded == [n for n in range(50) if n % 10 != 3]
    assert most == 5
    assert (result.progress.done, result.progress.failed, result.progress.total) == (50, 5, 50)


def test_an_invalid_request_is_the_error_of_its_item_and_is_not_sent(server):
    result = client_of(server).batch(["fine", {"no": "messages"}, [], {"messages": "fine", "temperature": "hot"}])

    assert [item.ok for item in result] == [True, False, False, False]
    assert [type(error).__name__ for error in result.errors.values()] == ["InvalidRequestError"] * 3
    assert len(server.requests) == 1


def test_requests_may_differ_in_their_fields(server):
    client_of(server).batch([{"messages": "a", "temperature": 0.1, "model": "n"}, "b"], max_workers=1, temperature=0.9)

    assert [(r.json["temperature"], r.json["model"]) for r in server.requests] == [(0.1, "n"), (0.9, "m")]


def test_fail_fast_raises_the_first_error_and_sends_no_more(server):
    server.script(json_reply(401, {"error": {"message": "no"}}))

    with pytest.raises(AuthenticationError):
        client_of(server).batch(["a"] * 100, max_workers=2, fail_fast=True)

    assert len(server.requests) <= 2


def test_fail_fast_raises_an_error_out_of_order(server):
    asked_both = threading.Barrier(2)

    def handler(connection):
        question = connection.read_request().json["messages"][-1]["content"]
        asked_both.wait(10)
        if question == "bad":
            connection.head(401, {"content-length": "0"})
        else:
            connection.stall()

    server.script(handler)
    start = time.monotonic()

    with pytest.raises(AuthenticationError):
        client_of(server).batch(["slow", "bad", *["never sent"] * 100], max_workers=2, fail_fast=True)

    assert time.monotonic() - start < 10
    assert len(server.requests) == 2


def test_an_empty_batch_sends_nothing(server):
    result = client_of(server).batch([])

    assert (len(result), result.cost, server.requests) == (0, 0, [])


def test_map_is_lazy_and_reads_requests_as_workers_become_free(server):
    server.script(echo_or_fail)
    taken = []

    def prompts():
        for n in range(100_000):
            taken.append(n)
            yield str(n)

    items = client_of(server).map(prompts(), max_workers=2)
    first = [next(items).response.text for _ in range(20)]
    items.close()

    assert first == [str(n) for n in range(20)]
    assert len(taken) < 20 + 2 * 16 + 2


def test_map_unordered_yields_results_as_they_finish(server):
    slow = threading.Event()

    def handler(connection):
        if connection.read_request().json["messages"][-1]["content"] == "0":
            slow.wait(5)
        echo_or_fail(connection)

    server.script(handler)
    items = client_of(server).map(["0", "1", "2"], ordered=False, max_workers=3)
    first = [next(items).index, next(items).index]
    slow.set()

    assert sorted(first) == [1, 2]
    assert next(items).index == 0


def test_progress_reports_each_request_with_the_cost(server):
    seen = []

    client_of(server, catalogue=PRICED).batch(["a", "b"], max_workers=1, progress=seen.append)

    assert [(one.done, one.total, one.cost, one.tokens) for one in seen] == [
        (1, 2, Decimal("0.003"), 3),
        (2, 2, Decimal("0.006"), 6),
    ]


def test_checkpointed_requests_are_not_sent_again_and_their_cost_counts(server, tmp_path):
    client = client_of(server, catalogue=PRICED)
    server.script(echo_or_fail)
    prompts = [f"ask {n}" for n in range(10)]
    first = client.batch(prompts[:6], checkpoint=tmp_path / "run.jsonl")

    second = client.batch(prompts, checkpoint=tmp_path / "run.jsonl")

    assert sorted(prompts_received(server)) == sorted(prompts)
    assert second.texts == prompts
    assert (first.cost, second.cost, second.progress.resumed) == (Decimal("0.018"), Decimal("0.030"), 6)
    assert [item.response.cost for item in second] == [Decimal("0.003")] * 10
    assert client.spending.total.calls == 10


def test_failures_are_not_checkpointed_and_run_again(server, tmp_path):
    server.script(json_reply(503, {"error": {"message": "busy"}}))
    client = client_of(server)
    client.batch(["a"], checkpoint=tmp_path / "run.jsonl")
    server.script(echo_or_fail)

    assert client.batch(["a"], checkpoint=tmp_path / "run.jsonl").texts == ["a"]


def test_a_resumed_answer_still_has_its_type(server, tmp_path):
    @attrs.define
    class City:
        name: str

    server.script(json_reply(200, completion('{"name": "Oslo"}')))
    client = client_of(server)
    for _ in range(2):
        result = client.batch(["which?"], checkpoint=tmp_path / "run.jsonl", response_format=City)

    assert result[0].response.parsed == City("Oslo")
    assert len(server.requests) == 1


RUN = """
import sys
from ai_lib import AiClient, ProviderConfig
client = AiClient(ProviderConfig("gw", base_url=sys.argv[1] + "/v1", default_model="m"))
result = client.batch([f"ask {n}" for n in range(2000)], checkpoint=sys.argv[2], max_workers=8)
assert result.texts == [f"ask {n}" for n in range(2000)], result.errors
print(result.progress.resumed)
"""


def test_kill_9_in_the_middle_of_2000_loses_nothing_and_pays_at_most_what_ran_twice(server, tmp_path):
    server.script(echo_or_fail)
    command = [sys.executable, "-c", RUN, server.url, str(tmp_path / "run.jsonl")]
    first = subprocess.Popen(command)
    while len(server.requests) < 700:
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    killed_at = len(server.requests)

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    assert killed_at < 2000
    assert int(ran.stdout) >= killed_at - 8
    assert sorted(set(prompts_received(server))) == sorted(f"ask {n}" for n in range(2000))
    assert len(server.requests) <= 2000 + 8


def test_repeated_work_has_the_same_idempotency_key(server, tmp_path):
    config = ProviderConfig("gw", base_url=server.url, default_model="m", idempotency_header="Idempotency-Key")
    server.script(json_reply(503, {"error": {"message": "busy"}}))
    client = AiClient(config, resilience=ResilienceConfig.none())

    for _ in range(2):
        client.batch(["a", "b"], checkpoint=tmp_path / "run.jsonl", max_workers=1)

    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]


def test_max_cost_stops_the_batch(server):
    client = client_of(server, catalogue=PRICED)

    result = client.batch(["hi"] * 100, max_cost="0.02", max_workers=1)

    assert result.stopped == "max_cost"
    assert len(result) == len(server.requests)
    assert Decimal("0.01") <= result.cost <= Decimal("0.02")


def test_max_cost_includes_the_cost_of_the_checkpoint(server, tmp_path):
    client = client_of(server, catalogue=PRICED)
    client.batch(["hi"] * 5, checkpoint=tmp_path / "run.jsonl")

    result = client.batch(["hi"] * 100, checkpoint=tmp_path / "run.jsonl", max_cost="0.016", max_workers=1)

    assert (result.stopped, result.progress.resumed, len(server.requests)) == ("max_cost", 5, 5)


def test_max_cost_waits_for_running_requests_before_it_stops(server):
    client = client_of(server, catalogue=PRICED)

    # Each may cost nearly a dollar at most, and costs a third of a cent.
    result = client.batch(["hi"] * 20, max_cost=1, max_tokens=600, max_workers=8)

    assert (result.stopped, len(result)) == (None, 20)


def test_max_cost_requires_a_known_price(server):
    with pytest.raises(BudgetExceededError, match="the price of gw/m is unknown"):
        client_of(server).batch(["hi"], max_cost=1)

    assert server.requests == []


def test_a_time_for_all_of_it_ends_it(server):
    def slow(connection):
        connection.wait(0.05)
        echo_or_fail(connection)

    server.script(slow)

    result = client_of(server).batch(["hi"] * 1000, total_timeout=0.3, max_workers=2)

    assert result.stopped == "total_timeout"
    assert 1 <= len(result) < 100


@pytest.mark.parametrize(
    "settings",
    [
        {"max_workers": 0},
        {"total_timeout": -1},
        {"executor": "threads"},
        {"max_cost": "much"},
        {"checkpoint": "/nowhere/run"},
        {"progress": 5},
    ],
)
def test_invalid_settings_are_rejected_before_anything_is_sent(server, settings):
    with pytest.raises(ConfigurationError):
        client_of(server).batch(["hi"], **settings)

    assert server.requests == []


def test_an_interrupt_ends_what_runs(server):
    def hang(connection):
        connection.read_request()
        connection.wait_closed()

    server.script(hang)

    def prompts():
        yield "a"
        while not server.requests:
            time.sleep(0.005)
        raise KeyboardInterrupt

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        client_of(server).batch(prompts(), max_workers=2)

    assert time.monotonic() - before < 3


def test_a_custom_executor_runs_the_batch(server):
    server.script(echo_or_fail)
    with ThreadPoolExecutor(2, "mine") as pool:
        result = client_of(server).batch(["a", "b", "c"], executor=pool)
        assert pool.submit(int).result() == 0  # it is still the user's

    assert result.texts == ["a", "b", "c"]


def test_an_executor_that_was_shut_down_is_an_error(server):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()

    with pytest.raises(ConfigurationError, match="the executor rejected the task: cannot schedule new futures"):
        client_of(server).batch(["a"], executor=pool)


def test_a_client_that_cannot_be_pickled_is_rejected_for_process_pools(server):
    with ProcessPoolExecutor(1) as pool, pytest.raises(ConfigurationError, match="cannot be pickled for this executor"):
        client_of(server, listener=lambda _: None).batch(["a"], executor=pool)


def test_a_process_pool_runs_the_batch_with_one_client_each(server):
    server.script(echo_or_fail)
    client = client_of(server, catalogue=PRICED)
    with ProcessPoolExecutor(2) as pool:
        result = client.batch([f"bad {n}" if n == 4 else str(n) for n in range(12)], executor=pool, tags="far")

    assert result.texts == [None if n == 4 else str(n) for n in range(12)]
    assert (client.spending.total.calls, client.spending.by_tag["far"].cost) == (11, Decimal("0.033"))
    assert isinstance(result.errors[4], InvalidRequestError)
    assert result.cost == Decimal("0.033")
    assert len(server.connections) <= 2


def test_a_budget_applies_to_work_in_other_processes(server):
    client = client_of(server, catalogue=PRICED)

    with ProcessPoolExecutor(1) as pool, client.budget(usd=0):
        result = client.batch(["a", "b"], executor=pool, max_tokens=1)

    assert [type(error) for error in result.errors.values()] == [BudgetExceededError] * 2
    assert server.requests == []


def test_a_worker_that_dies_ends_the_batch_and_the_checkpoint_has_the_rest(server, tmp_path):
    from concurrent.futures.process import BrokenProcessPool

    server.script(echo_or_fail)
    with ProcessPoolExecutor(1) as pool:
        pool.submit(os._exit, 1)
        with pytest.raises(BrokenProcessPool):
            client_of(server).batch(["a", "b"], executor=pool, checkpoint=tmp_path / "run.jsonl")

    assert client_of(server).batch(["a", "b"], checkpoint=tmp_path / "run.jsonl").texts == ["a", "b"]


def test_items_survive_pickling(server):
    result = client_of(server).batch(["a"])

    copy = pickle.loads(pickle.dumps(result))

    assert (copy.texts, copy.progress) == (result.texts, result.progress)


def test_raise_for_errors_raises_the_first(server):
    server.script(echo_or_fail)
    result = client_of(server).batch(["fine", "bad 1", "bad 2"])

    with pytest.raises(InvalidRequestError):
        result.raise_for_errors()
    with pytest.raises(InvalidRequestError):
        result[1].result()
    assert result[0].result().text == "fine"


def test_keys_from_the_environment_are_not_pickled(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary-4711")
    client = AiClient("openai", model="m", options=ConnectionOptions(base_url=server.url))

    assert b"canary" not in pickle.dumps(client)


@pytest.mark.slow
def test_a_dask_cluster_keeps_one_rate_through_redis(server, redis_url):
    distributed = pytest.importorskip("distributed", reason="needs distributed")
    from ai_lib import RateLimit
    from ai_lib.reliability import RedisStore

    server.script(echo_or_fail)
    limit = RateLimit.per_second(20, burst=1, store=RedisStore(redis_url))
    client = client_of(server, resilience=ResilienceConfig(retry=None, rate_limit=limit))
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=4, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster, distributed.Client(cluster) as dask:
        client.batch(["warm"] * 2, executor=dask.get_executor())
        server.requests.clear()
        start = time.monotonic()
        result = client.batch([str(n) for n in range(40)], executor=dask.get_executor(), max_workers=16)
        took = time.monotonic() - start

    assert result.texts == [str(n) for n in range(40)]
    assert took >= 39 / 20 * 0.9
