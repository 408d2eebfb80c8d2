"""Thousands of calls to a server that sends every fault: each ends in time, right or with a typed error."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    FallbackChain,
    Hedge,
    ProviderConfig,
    ProviderError,
    RateLimit,
    ResilienceConfig,
    RetryPolicy,
    Timeout,
)
from ai_lib.errors import OverloadedError
from ai_lib.reliability import BreakerPolicy, ConcurrencyLimit, ErrorThresholds
from ai_lib.utils.clock import Clock
from tests.support.clients import client_of
from tests.support.faults import FAULTS, WAIT, FaultyHandler, answer_to
from tests.support.server import Request, Server, json_reply

pytestmark = pytest.mark.slow

CALLS, THREADS = 400, 16
TIMEOUT = Timeout(connect=2.0, first_byte=0.25, idle=0.25, total=1.5)
MAX_RETRIES = RetryPolicy().max_retries
RETRY = RetryPolicy(base=0.005, cap=0.02)
# Back-off of half a second and more would make the storm long; what the server asks for is slept in full.
SHORT_SLEEPS = Clock(sleep=lambda seconds: time.sleep(min(seconds, WAIT + 0.005)))
SETTINGS = {
    "default": None,
    "everything": ResilienceConfig(
        retry=RETRY,
        breaker=BreakerPolicy(recovery_timeout=0.01, success_threshold=1),
        rate_limit=RateLimit.per_second(2000, burst=200),
        concurrency=ConcurrencyLimit(12),
        monitor=ErrorThresholds(on_alert=lambda alert: None),
    ),
}


storm_client = partial(
    client_of, options={"timeout": TIMEOUT, "pool_size": THREADS}, clock=SHORT_SLEEPS, resilience=None
)


def question_of(request: Request) -> str:
    return request.json["messages"][-1]["content"]


def timed_call(client: AiClient, number: int) -> tuple[str, float]:
    """Return how a call ended, "right" or its error's class, and its seconds."""
    question = f"question {number}"
    start = time.monotonic()
    try:
        if number % 8 == 7:
            assert answer_to(question).startswith(next(client.stream(question)).text.strip())  # and left there
        else:
            answer = client.stream(question).final_response() if number % 2 else client.chat(question)
            assert answer.text.strip() == answer_to(question)
    except AiLibError as error:
        return type(error).__name__, time.monotonic() - start
    return "right", time.monotonic() - start


def storm(client: AiClient, calls: int = CALLS) -> tuple[Counter[str], float]:
    """Return how the calls ended, and the seconds of the longest."""
    with ThreadPoolExecutor(THREADS) as pool:
        ended = list(pool.map(lambda number: timed_call(client, number), range(calls)))
    return Counter(how for how, _ in ended), max(took for _, took in ended)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def open_now() -> tuple[int, int]:
    """Return the open files, both ends of each connection among them, and the threads, the server's among them."""
    return open_files(), threading.active_count()


def assert_nothing_left(client: AiClient, before: tuple[int, int]) -> None:
    assert (client.guard.in_flight, client.guard.waiting) == (0, 0)
    client.close()
    until = time.monotonic() + 10
    while any(now > then for now, then in zip(open_now(), before, strict=True)) and time.monotonic() < until:
        threading.Event().wait(0.05)  # the server's threads see one end after the other
    files, threads = open_now()
    assert files <= before[0]
    assert threads <= before[1]


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_call_ends_in_time_with_its_own_answer_or_a_typed_error(setting):
    faulty = FaultyHandler(seed=4, share=0.3)
    with Server(faulty) as server:
        client = storm_client(server, resilience=SETTINGS[setting])
        before = open_now()

        ended, longest = storm(client)

        # While a breaker is open, little reaches the server.
        assert set(faulty.faults_sent) == set(FAULTS) or ended["CircuitOpenError"]
        # An open breaker rejects many calls.
        turned_away = ended["CircuitOpenError"]
        assert ended["right"] > (CALLS - turned_away) * 0.5
        # A busy machine is slow; a call that hangs would take much longer.
        assert longest < 1.5 + 3.0
        assert faulty.received.total() <= CALLS * 1.1 + 10
        assert max(count for question, count in faulty.received.items() if question) <= 1 + MAX_RETRIES
        # An answer with a Retry-After may be lost with its connection on a machine that halts for a moment.
        assert len(faulty.early_retries) <= 1
        assert_nothing_left(client, before)


def test_a_chain_and_a_hedge_lose_no_call():
    faulty, sound = FaultyHandler(seed=5, share=0.5), FaultyHandler(seed=6, share=0.0)
    with Server(faulty) as first, Server(sound) as second:
        before = open_now()
        other = ProviderConfig("other", base_url=second.url, default_model="m")
        chained = storm_client(first, route=FallbackChain([other]))
        hedged = storm_client(first, route=Hedge().contender(other, after=0.05))

        for client in (chained, hedged):
            ended, longest = storm(client, 200)

            # Only a started stream is lost with its provider, and an error that no other provider can fix.
            assert ended["right"] > 200 * 0.7
            assert longest < 1.5 + 3.0
            assert_nothing_left(client, before)


def test_an_outage_meets_a_tenth_more_traffic_and_a_breaker_ends_it():
    down = json_reply(503, {"error": {"message": "down"}})
    with Server(down) as retried, Server(down) as broken:
        client = storm_client(retried)
        guarded = storm_client(broken, resilience=ResilienceConfig(retry=RETRY, breaker=BreakerPolicy()))

        ended, _ = storm(client, 600)
        stopped, _ = storm(guarded, 600)

        # A call or two may time out on a machine that halts for a moment.
        assert ended[OverloadedError.__name__] >= 590
        assert ended.total() == 600
        assert len(retried.requests) <= 660
        assert max(Counter(question_of(request) for request in retried.requests).values()) <= 1 + MAX_RETRIES
        assert set(stopped) == {OverloadedError.__name__, "CircuitOpenError"}
        assert len(broken.requests) < 60
        assert issubclass(OverloadedError, ProviderError)
