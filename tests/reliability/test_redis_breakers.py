"""Circuit breakers that processes share in Redis."""

from __future__ import annotations

import contextlib
import threading

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    BreakerPolicy,
    CircuitOpenError,
    ProviderConfig,
    RedisBreakers,
    ResilienceConfig,
)
from tests.support.server import Connection, Server, completion, json_reply


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
