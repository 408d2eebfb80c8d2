"""One client under every host: threads, forks, gevent, pools of processes, a running event loop."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import ai_lib
from ai_lib import (
    AiClient,
    AiLibError,
    Attempt,
    BreakerPolicy,
    ConcurrencyLimit,
    ErrorThresholds,
    ProviderConfig,
    RateLimit,
    ResilienceConfig,
)
from tests.server import Connection, Server, completion, json_reply, sse_reply, stream_events

EVERYTHING = ResilienceConfig(
    breaker=BreakerPolicy(),
    rate_limit=RateLimit.per_second(1e5, burst=1e5),
    concurrency=ConcurrencyLimit(50),
    monitor=ErrorThresholds(),
)
ERRORS = sorted(
    name for name, value in vars(ai_lib).items() if isinstance(value, type) and issubclass(value, AiLibError)
)


def echo(connection: Connection) -> None:
    """Answer with the question."""
    question = connection.read_request().json["messages"][0]["content"]
    json_reply(200, completion(question))(connection)


def client_of(server: Server, **arguments) -> AiClient:
    config = ProviderConfig("gw", base_url=server.url, default_model="m")
    return AiClient(config, **{"resilience": EVERYTHING, **arguments})


def wrong_answers(client: AiClient, who: str, calls: int) -> int:
    """Return how many calls did not get an answer to their own question."""
    return sum(client.chat(f"{who} {number}").text != f"{who} {number}" for number in range(calls))


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_four_children_of_a_warm_client_get_their_own_answers_also_when_its_locks_were_held():
    with Server(echo) as server:
        client = client_of(server)
        client.chat("warm up")
        parts = client.guard._parts()

        children = []
        with parts.slots._lock, parts.limiter._line()._lock, parts.budget._lock, parts.breakers["m"]._machine._lock:
            for number in range(4):
                child = os.fork()
                if child == 0:
                    code = 255
                    try:
                        code = wrong_answers(client, f"child {number}", 200)
                    finally:
                        os._exit(code)
                children.append(child)
        wrong_in_parent = wrong_answers(client, "parent", 50)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

        on_the_parents_socket = {
            request.json["messages"][0]["content"].split()[0] for request in server.requests if request.connection == 0
        }
    assert codes == [0] * 4
    assert wrong_in_parent == 0
    assert on_the_parents_socket <= {"warm", "parent"}
    assert len(server.requests) == 1 + 4 * 200 + 50


@pytest.mark.slow
def test_sixty_four_threads_share_one_client():
    with Server(echo) as server:
        client = client_of(server)
        client.chat("warm up")
        files_before = open_files()
        most = 0

        def work(number: int) -> int:
            nonlocal most
            wrong = wrong_answers(client, f"thread {number}", 40)
            most = max(most, open_files())
            return wrong

        with ThreadPoolExecutor(64) as pool:
            wrong = sum(pool.map(work, range(64)))

        assert wrong == 0
        assert client.guard.in_flight == 0
        # Both ends of each connection are in this process.
        assert most <= files_before + 2 * (50 + 10)


def test_streams_that_are_dropped_give_everything_back_without_the_garbage_collector():
    with Server(sse_reply(stream_events("a", "b", "c"))) as server:
        resilience = ResilienceConfig(concurrency=ConcurrencyLimit(4, max_queue=0), breaker=BreakerPolicy())
        client = client_of(server, resilience=resilience)
        files_before = open_files()
        gc.disable()
        try:
            for number in range(400):
                stream = client.stream("hi")
                next(stream)
                if number % 2:
                    stream.final_response()
                del stream
            in_flight = client.guard.in_flight
        finally:
            gc.enable()
        client.close()
        server.open_connections(at_most=0)

        assert in_flight == 0
        assert open_files() <= files_before + 2


GREENLETS = """
from gevent import monkey; monkey.patch_all()
import sys, time
import gevent
from ai_lib import AiClient, ConcurrencyLimit, ProviderConfig, RateLimit, ResilienceConfig

resilience = ResilienceConfig(rate_limit=RateLimit.per_second(200, burst=20), concurrency=ConcurrencyLimit(25))
client = AiClient(ProviderConfig("gw", base_url=sys.argv[1], default_model="m"), resilience=resilience)
begun = time.monotonic()
jobs = [gevent.spawn(lambda number=number: client.chat(f"q{number}").text == f"q{number}") for number in range(50)]
gevent.joinall(jobs)
print(all(job.value for job in jobs), time.monotonic() - begun)
"""


@pytest.mark.slow
def test_greenlets_wait_side_by_side(tmp_path):
    pytest.importorskip("gevent", reason="needs gevent")

    def slow(connection: Connection) -> None:
        connection.read_request()
        connection.wait(0.2)
        echo(connection)

    with Server(slow) as server:
        command = [sys.executable, "-c", GREENLETS, server.url]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    right, seconds = ran.stdout.split()
    assert right == "True"
    assert float(seconds) < 50 * 0.2 / 3


def raise_it(name: str) -> None:
    error = getattr(ai_lib, name)("what happened", code="c", status=429, provider="p", model="m", retry_after=1.5)
    error.attempts = (Attempt("RateLimitError", "c", 429, 0.5, "p", "m", 0.1, "retried"),)
    error.timings = {"backoff": 0.5}
    error.errors = (AiLibError("another"),)
    error.ambiguous = True
    raise error


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as running:
        yield running


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_comes_whole_out_of_a_pool_of_processes(pool, name):
    with pytest.raises(getattr(ai_lib, name)) as caught:
        pool.submit(raise_it, name).result(30)

    error = caught.value
    assert type(error) is getattr(ai_lib, name)
    assert (error.message, error.code, error.status, error.retry_after, error.ambiguous) == (
        "what happened", "c", 429, 1.5, True,
    )  # fmt: skip
    assert error.attempts[0].decision == "retried"
    assert error.timings == {"backoff": 0.5}
    assert error.errors[0].message == "another"


def chat_in_worker(packed: bytes, question: str) -> str:
    return pickle.loads(packed).chat(question).text


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_client_goes_to_a_worker_by_pickle(method):
    with Server(echo) as server:
        packed = pickle.dumps(client_of(server))
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as workers:
            texts = list(workers.map(chat_in_worker, [packed] * 4, [f"q{number}" for number in range(4)]))

    assert texts == ["q0", "q1", "q2", "q3"]


def test_a_call_works_inside_a_running_event_loop(server):
    async def view() -> str:
        return client_of(server).chat("hi").text

    assert asyncio.run(view()) == "hi"


def test_no_thread_stays_after_a_call(server):
    before = threading.active_count()
    client = client_of(server)

    client.chat("hi")

    assert threading.active_count() <= before + 1  # the server's, for the connection
