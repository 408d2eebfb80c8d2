"""Several processes keep one limit together, as a strict server counts."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections import deque
from typing import Any

import pytest

from ai_lib import AiClient, AiLibError, ProviderConfig, RateLimit, ResilienceConfig
from ai_lib.errors import CircuitOpenError
from ai_lib.reliability import BreakerPolicy, RedisBreakers, RedisStore, SqliteStore
from tests.support.server import Connection, Server, completion, json_reply

LIMIT, WINDOW, PROCESSES, CALLS = 60, 1.0, 4, 45


class Strict:
    """Counts the requests in every window, whenever it begins, and refuses what is too many."""

    def __init__(self) -> None:
        self.arrived: deque[float] = deque()
        self.times: list[float] = []
        self.refused = 0
        self._lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        connection.read_request()
        now = time.monotonic()
        with self._lock:
            while self.arrived and now - self.arrived[0] >= WINDOW:
                self.arrived.popleft()
            allowed = len(self.arrived) < LIMIT
            self.refused += not allowed
            self.arrived.append(now)
            self.times.append(now)
        reply = json_reply(200, completion("hi")) if allowed else json_reply(429, {"error": {"message": "too many"}})
        reply(connection)


def work(url: str, store: Any, ready: Any) -> None:
    limit = RateLimit(requests=LIMIT, per=WINDOW, store=store)
    config = ProviderConfig("gw", base_url=url, default_model="m")
    client = AiClient(config, resilience=ResilienceConfig(retry=None, rate_limit=limit))
    ready.wait()
    for _ in range(CALLS):
        client.chat("hi")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["file", "redis"])
def test_four_processes_keep_one_limit_without_a_429_and_use_it_up(kind, tmp_path, request):
    store = SqliteStore(tmp_path / "limits.db") if kind == "file" else RedisStore(
        request.getfixturevalue("redis_url"), prefix=tmp_path.name
    )  # fmt: skip
    strict = Strict()
    context = multiprocessing.get_context("fork")

    with Server(strict) as server:
        ready = context.Barrier(PROCESSES)
        workers = [context.Process(target=work, args=(server.url, store, ready)) for _ in range(PROCESSES)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)

    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    assert strict.refused == 0
    assert len(strict.times) == PROCESSES * CALLS
    rate = (len(strict.times) - 1) / (strict.times[-1] - strict.times[0])
    assert rate >= 0.95 * LIMIT / WINDOW


def test_a_breaker_in_redis_opens_for_all_processes_and_lets_one_probe(redis_url, tmp_path):
    policy = BreakerPolicy(
        failure_threshold=2, recovery_timeout=0.2, success_threshold=1,
        storage=RedisBreakers(redis_url, prefix=tmp_path.name),
    )  # fmt: skip
    with Server(json_reply(500, {"error": {"message": "down"}})) as server:
        config = ProviderConfig("gw", base_url=server.url, default_model="m")
        one, other = (AiClient(config, resilience=ResilienceConfig(retry=None, breaker=policy)) for _ in range(2))
        for _ in range(2):
            with contextlib.suppress(AiLibError):
                one.chat("hi")

        with pytest.raises(CircuitOpenError):
            other.chat("hi")
        sent_while_open = len(server.requests)
        server.stopped.wait(0.25)
        trying = threading.Event()
        done = threading.Event()

        def slow(connection: Connection) -> None:
            connection.read_request()
            trying.set()
            done.wait(5)
            json_reply(200, completion("hi"))(connection)

        server.script(slow)
        probe = threading.Thread(target=one.chat, args=("hi",))
        probe.start()
        trying.wait(5)
        with pytest.raises(CircuitOpenError):
            other.chat("hi")
        done.set()
        probe.join()

        assert sent_while_open == 2
        assert other.chat("hi").text == "hi"
        assert other.guard.breaker_state("m") == "closed"


def test_without_redis_breakers_let_calls_through(server, caplog):
    pytest.importorskip("redis")
    policy = BreakerPolicy(storage=RedisBreakers("redis://127.0.0.1:9/0"))
    config = ProviderConfig("gw", base_url=server.url, default_model="m")

    answer = AiClient(config, resilience=ResilienceConfig(breaker=policy)).chat("hi")

    assert answer.text == "hi"
    assert "calls are let through" in caplog.text
