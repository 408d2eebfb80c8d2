"""One client in every host: threads, forks, gevent, process pools, a running event loop."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

import ai_lib
from ai_lib import AiClient, AiLibError, ConnectionOptions, RateLimit, ResilienceConfig
from ai_lib.reliability import BreakerPolicy, ConcurrencyLimit, ErrorThresholds
from ai_lib.types import Attempt
from tests.support.clients import client_of
from tests.support.server import Connection, Server, echo, sse_reply, stream_events

EVERYTHING = ResilienceConfig(
    breaker=BreakerPolicy(),
    rate_limit=RateLimit.per_second(1e5, burst=1e5),
    concurrency=ConcurrencyLimit(50),
    monitor=ErrorThresholds(),
)
POOL_SIZE = ConnectionOptions().pool_size
ERRORS = sorted(
    name for name, value in vars(ai_lib).items() if isinstance(value, type) and issubclass(value, AiLibError)
)


guarded_client = partial(client_of, resilience=EVERYTHING)


def wrong_answers(client: AiClient, who: str, calls: int) -> int:
    """Return how many calls did not get an answer to their question."""
    return sum(client.chat(f"{who} {number}").text != f"{who} {number}" for number in range(calls))


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_forked_children_get_their_own_answers_even_when_locks_were_held():
    with Server(echo) as server:
        client = guarded_client(server)
        client.chat("warm up")
        parts = client.guard.state()

        children = []
        with parts.slots._lock, parts.limiter._queue()._lock, parts.budget._lock, parts._breakers["m"]._machine._lock:
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


@pytest.mark.parametrize("leave", ["close", "cancel"])
def test_a_child_that_leaves_its_parents_stream_takes_nothing_from_the_parent(leave):
    may_go_on = threading.Semaphore(1)
    with Server(sse_reply(stream_events("a", "b", "c"), pace=may_go_on)) as server:
        client = guarded_client(server)
        stream = client.stream("hi")
        next(stream)

        with client.guard.state().slots._lock:
            child = os.fork()
            if child == 0:
                signal.alarm(10)  # a deadlock would last for ever
                try:
                    getattr(stream, leave)()
                finally:
                    os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        held = client.guard.in_flight
        may_go_on.release(20)
        text = stream.final_response().text

    assert (code, held, text) == (0, 1, "abc")
    assert client.guard.in_flight == 0


@pytest.mark.slow
def test_sixty_four_threads_share_one_client():
    with Server(echo) as server:
        files_before = open_files()
        client = guarded_client(server)
        stop = threading.Event()
        most = 0

        def watch() -> None:
            nonlocal most
            while not stop.wait(0.02):
                most = max(most, open_files())

        watching = threading.Thread(target=watch)
        watching.start()
        with ThreadPoolExecutor(64) as pool:
            wrong = sum(pool.map(lambda number: wrong_answers(client, f"thread {number}", 25), range(64)))
        stop.set()
        watching.join()

        assert wrong == 0
        assert (client.guard.in_flight, client.guard.waiting) == (0, 0)
        # Both ends of each connection are in this process.
        assert most <= files_before + 2 * (POOL_SIZE + 10)
        client.close()
        server.open_connections(at_most=0)
        # The server's last threads may be about to close their ends.
        assert open_files() <= files_before + 2


@pytest.mark.slow
def test_dropped_streams_release_everything_without_the_garbage_collector():
    with Server(sse_reply(stream_events("a", "b", "c"))) as server:
        resilience = ResilienceConfig(concurrency=ConcurrencyLimit(4, max_queue=0), breaker=BreakerPolicy())
        client = guarded_client(server, resilience=resilience)
        files_before = open_files()
        gc.disable()
        try:
            for number in range(1000):
                stream = client.stream("hi")
                next(stream)
                if number % 2:
                    stream.final_response()
                del stream
            in_flight = client.guard.in_flight
            client.close()
            server.open_connections(at_most=0)
            files_after = open_files()
        finally:
            gc.enable()

        assert in_flight == 0
        assert client.guard.breaker_state("m") == "closed"
        # The server's last thread may be about to close its end.
        assert files_after <= files_before + 2


PATCH = "from gevent import monkey; monkey.patch_all()"
# As in a program that imports before it patches, or a server that loads the application before it forks.
LATE_PATCH = "import warnings; warnings.simplefilter('ignore'); import ai_lib; from ai_lib import AiClient; " + PATCH
GREENLETS = """
import sys, time
import gevent
from ai_lib import AiClient, AiLibError, ProviderConfig, RateLimit, ResilienceConfig
from ai_lib.reliability import ConcurrencyLimit

resilience = ResilienceConfig(rate_limit=RateLimit.per_second(200, burst=20), concurrency=ConcurrencyLimit(25))
client = AiClient(ProviderConfig("gw", base_url=sys.argv[1], default_model="m"), resilience=resilience)
started = time.monotonic()
jobs = [gevent.spawn(lambda number=number: client.chat(f"q{number}").text == f"q{number}") for number in range(50)]
gevent.joinall(jobs)
print(all(job.value for job in jobs), time.monotonic() - started, client.guard.in_flight, client.guard.waiting)

def ended(seconds):
    started = time.monotonic()
    try:
        client.chat("hi", timeout=seconds)
    except AiLibError as error:
        return error.code
    return "answered"

# Each has its own limit, though all wait in one thread.
jobs = [gevent.spawn(ended, seconds) for seconds in (10.0, 0.05) * 10]
gevent.joinall(jobs)
print([job.value for job in jobs] == ["answered", "total_timeout"] * 10)
"""


@pytest.mark.slow
@pytest.mark.parametrize("patch", [PATCH, LATE_PATCH], ids=["patched first", "imported first"])
def test_greenlets_wait_concurrently_within_their_own_timeouts(patch):
    pytest.importorskip("gevent", reason="needs gevent")

    def slow(connection: Connection) -> None:
        connection.read_request()
        connection.wait(0.2)
        echo(connection)

    with Server(slow) as server:
        command = [sys.executable, "-c", patch + GREENLETS, server.url]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    right, seconds, in_flight, waiting, own_limits = ran.stdout.split()
    assert (right, in_flight, waiting, own_limits) == ("True", "0", "0", "True")
    assert float(seconds) < 50 * 0.2 / 3


def error_of(name: str) -> AiLibError:
    facts = {"provider": "p", "model": "m", "request_id": "r1", "body": "{}", "hint": "Do this", "retryable": True}
    error = getattr(ai_lib, name)("what happened", code="c", status=429, retry_after=1.5, **facts)
    error.attempts = (Attempt("RateLimitError", "c", 429, 0.5, "p", "m", 0.1, "retried"),)
    error.timings = {"backoff": 0.5}
    error.errors = (AiLibError("another"),)
    error.ambiguous = True
    return error


def raise_it(name: str) -> None:
    raise error_of(name)


def attributes(error: AiLibError) -> dict[str, object]:
    own = {name: value for name, value in vars(error).items() if name != "errors" and not name.startswith("__")}
    return {**own, "args": error.args, "errors": [(type(one), *attributes(one).items()) for one in error.errors]}


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as running:
        yield running


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_keeps_its_fields_across_a_process_pool(pool, name):
    with pytest.raises(getattr(ai_lib, name)) as caught:
        pool.submit(raise_it, name).result(30)

    error = caught.value
    assert type(error) is getattr(ai_lib, name)
    assert attributes(error) == attributes(error_of(name))
    assert str(error) == str(error_of(name))


def chat_in_worker(packed: bytes, question: str) -> str:
    return pickle.loads(packed).chat(question).text


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_client_can_be_pickled_to_a_worker(method):
    with Server(echo) as server:
        packed = pickle.dumps(guarded_client(server))
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as workers:
            texts = list(workers.map(chat_in_worker, [packed] * 4, [f"q{number}" for number in range(4)]))

    assert texts == ["q0", "q1", "q2", "q3"]


def chat_as_task(question: str) -> str:
    return OF_THE_APPLICATION["client"].chat(question).text


OF_THE_APPLICATION: dict[str, AiClient] = {}


def test_tasks_in_forked_workers_use_the_client_of_the_application():
    with Server(echo) as server:
        client = OF_THE_APPLICATION["client"] = guarded_client(server)
        client.chat("warm up")
        with multiprocessing.get_context("fork").Pool(3) as workers:
            texts = workers.map(chat_as_task, [f"q{number}" for number in range(60)], chunksize=1)
        last = client.chat("after").text

        on_the_parents_socket = [
            request.json["messages"][0]["content"] for request in server.requests if request.connection == 0
        ]
    assert texts == [f"q{number}" for number in range(60)]
    assert (last, on_the_parents_socket) == ("after", ["warm up", "after"])


def test_calls_work_inside_a_running_event_loop_and_in_threads_of_its(server):
    client = guarded_client(server)

    async def view() -> list[str]:
        here = client.chat("hi").text
        there = await asyncio.gather(*(asyncio.to_thread(client.chat, "hi") for _ in range(8)))
        return [here, *(answer.text for answer in there)]

    assert asyncio.run(view()) == ["hi"] * 9


def test_a_call_leaves_no_thread_behind(server):
    before = threading.active_count()
    client = guarded_client(server)

    client.chat("hi")

    assert threading.active_count() <= before + 1  # the server's, for the connection
