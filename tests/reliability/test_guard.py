"""Circuit breaker, rate limit, concurrency limit and monitor around every request, as a server sees them."""

from __future__ import annotations

import contextlib
import gc
import json
import threading
import time

import pytest

from ai_lib import (
    AiLibError,
    ConnectionOptions,
    RateLimit,
    RateLimitError,
    ResilienceConfig,
    RetryPolicy,
    StreamInterruptedError,
)
from ai_lib.errors import BackpressureError, CircuitOpenError, OverloadedError
from ai_lib.reliability import BreakerPolicy, ConcurrencyLimit, ErrorThresholds, Event
from ai_lib.testing import FakeClock
from tests.support.clients import client_of
from tests.support.server import (
    BUSY,
    Connection,
    chunk_event,
    completion,
    json_reply,
    reset,
    sse_reply,
    stream_events,
)

OVERLOADED = {"error": {"message": "busy", "code": "overloaded"}}
SLOW_DOWN = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
OK = json_reply(200, completion("hi"))


# --- the deadline


def test_a_full_rate_limit_raises_at_once_when_it_would_pass_the_deadline(server):
    client = client_of(
        server,
        options=ConnectionOptions(timeout=5.0),
        resilience=ResilienceConfig(rate_limit=RateLimit.per_minute(1, burst=1)),
    )
    client.chat("the only one this minute")
    started = time.monotonic()

    with pytest.raises(RateLimitError, match="admits no request in time") as caught:
        client.chat("hi")

    assert time.monotonic() - started < 1.0
    assert caught.value.code == "client_rate_limit"
    assert caught.value.retry_after == pytest.approx(60, abs=5)
    assert len(server.requests) == 1


# --- the breaker


def test_an_open_breaker_sends_nothing_and_lets_one_call_probe_later(server):
    server.script(json_reply(500, OVERLOADED))
    time = FakeClock()
    policy = BreakerPolicy(failure_threshold=3, recovery_timeout=30.0, success_threshold=1)
    client = client_of(server, clock=time, resilience=ResilienceConfig(retry=None, breaker=policy))
    for _ in range(3):
        with contextlib.suppress(AiLibError):
            client.chat("hi")

    with pytest.raises(CircuitOpenError, match="not sent") as caught:
        client.chat("hi")
    assert caught.value.retry_after == pytest.approx(30.0)
    assert len(server.requests) == 3
    server.script(OK)
    time.now += 31.0
    answer = client.chat("hi")

    assert answer.text == "hi"
    assert client.guard.breaker_state("m") == "closed"


def test_a_breaker_that_opens_between_two_attempts_does_not_hide_what_opened_it(server):
    server.script(BUSY)
    client = client_of(
        server, clock=FakeClock(), resilience=ResilienceConfig(breaker=BreakerPolicy(failure_threshold=1))
    )

    with pytest.raises(OverloadedError) as caught:
        client.chat("hi")

    assert [(one.error, one.decision) for one in caught.value.attempts] == [
        ("OverloadedError", "retried"),
        ("CircuitOpenError", "not_sent"),
    ]
    assert len(server.requests) == 1


def test_a_breaker_belongs_to_one_model(server):
    server.script(json_reply(500, OVERLOADED))
    policy = BreakerPolicy(failure_threshold=1)
    client = client_of(server, resilience=ResilienceConfig(retry=None, breaker=policy))
    with contextlib.suppress(AiLibError):
        client.chat("hi", model="broken")
    server.script(OK)

    assert client.chat("hi", model="sound").text == "hi"
    assert client.guard.breaker_state("broken") == "open"


def test_bad_requests_never_open_the_breaker(server):
    server.script(json_reply(400, {"error": {"message": "no"}}))
    client = client_of(server, resilience=ResilienceConfig(retry=None, breaker=BreakerPolicy(failure_threshold=1)))

    for _ in range(5):
        with pytest.raises(AiLibError):
            client.chat("hi")

    assert len(server.requests) == 5


def test_a_stream_reports_to_the_breaker_when_it_ends(server):
    server.script(sse_reply([chunk_event("par")]))
    client = client_of(server, resilience=ResilienceConfig(retry=None, breaker=BreakerPolicy(failure_threshold=1)))

    stream = client.stream("hi")
    state_when_open = client.guard.breaker_state("m")
    with pytest.raises(StreamInterruptedError):
        stream.final_response()

    assert state_when_open == "closed"
    assert client.guard.breaker_state("m") == "open"


# --- rate limit


def test_requests_are_paced_by_the_limit(server):
    times = FakeClock()
    client = client_of(server, clock=times, resilience=ResilienceConfig(rate_limit=RateLimit.per_second(5, burst=10)))

    for _ in range(20):
        client.chat("hi")

    assert sum(times.waits) == pytest.approx(2.0)
    assert len(server.requests) == 20


def test_a_429_pauses_the_calls_that_follow(server):
    server.script(json_reply(429, SLOW_DOWN, {"retry-after": "9"}), OK)
    times = FakeClock()
    limit = RateLimit.per_second(100, burst=100)
    client = client_of(server, clock=times, resilience=ResilienceConfig(retry=None, rate_limit=limit))

    with pytest.raises(RateLimitError):
        client.chat("hi")
    client.chat("hi")

    assert sum(times.waits) == pytest.approx(9.0)


def test_the_remaining_limit_in_the_headers_is_respected(server):
    headers = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0",
               "x-ratelimit-reset-requests": "4s"}  # fmt: skip
    server.script(json_reply(200, completion("hi"), headers))
    times = FakeClock()
    limit = RateLimit.per_second(100, burst=100)
    client = client_of(server, clock=times, resilience=ResilienceConfig(rate_limit=limit))

    client.chat("hi")
    client.chat("hi")

    assert sum(times.waits) == pytest.approx(4.0)


def test_tokens_are_reserved_by_estimate_and_settled_by_use(server):
    times = FakeClock()
    limit = RateLimit(tokens=6000, per=60.0)
    client = client_of(server, clock=times, resilience=ResilienceConfig(rate_limit=limit))

    for _ in range(10):  # about 510 tokens each by estimate, 3 by the server's count
        client.chat("hi", max_tokens=500)

    assert sum(times.waits) < 10


def test_a_request_above_the_token_limit_is_rejected_before_anything_is_sent(server):
    client = client_of(server, resilience=ResilienceConfig(rate_limit=RateLimit(tokens=100)))

    with pytest.raises(AiLibError, match=r"needs about .* tokens and the limit is 100 in 60 s"):
        client.chat("hi", max_tokens=500)

    assert server.requests == []


# --- concurrency


def test_no_more_calls_run_at_once_than_allowed(server):
    inside, most, lock = 0, 0, threading.Lock()

    def counted(connection: Connection) -> None:
        nonlocal inside, most
        connection.read_request()
        with lock:
            inside += 1
            most = max(most, inside)
        connection.wait(0.02)
        with lock:
            inside -= 1
        json_reply(200, completion("hi"))(connection)

    server.script(counted)
    client = client_of(server, resilience=ResilienceConfig(concurrency=ConcurrencyLimit(3)))
    threads = [threading.Thread(target=client.chat, args=("hi",)) for _ in range(12)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(server.requests) == 12
    assert most == 3
    assert (client.guard.in_flight, client.guard.waiting) == (0, 0)


def test_a_call_beyond_the_queue_is_refused_and_a_stream_holds_its_slot_to_its_end(server):
    server.script(sse_reply(stream_events("a", "b")))
    limit = ConcurrencyLimit(1, max_queue=0)
    client = client_of(server, resilience=ResilienceConfig(concurrency=limit))
    stream = client.stream("hi")

    with pytest.raises(BackpressureError, match="1 calls are running") as caught:
        client.chat("hi")
    stream.close()

    assert caught.value.code == "queue_full"
    assert client.guard.in_flight == 0


def test_a_dropped_stream_releases_its_slot(server):
    server.script(sse_reply(stream_events("a", "b")))
    client = client_of(server, resilience=ResilienceConfig(concurrency=ConcurrencyLimit(1)))

    stream = client.stream("hi")
    next(stream)
    del stream

    assert client.guard.in_flight == 0


def test_a_reopened_stream_closes_its_connection_when_it_is_dropped(server):
    def one_chunk_and_silence(connection: Connection) -> None:
        connection.read_request()
        connection.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        connection.chunk(f"data: {json.dumps(chunk_event('a'))}\n\n".encode())
        connection.wait_closed()

    server.script(reset, one_chunk_and_silence)
    client = client_of(server, clock=FakeClock(), resilience=None)
    gc.disable()
    try:
        stream = client.stream("hi")
        next(stream)
        del stream
        freed = server.connections[-1].closed.wait(5)  # set by the handler, which waits for it
    finally:
        gc.enable()

    assert freed


def test_embeddings_take_slots_as_well(server):
    config = {"embed": {"format": "openai", "path": "/embeddings", "model": "e"}}
    client = client_of(server, config=config, resilience=ResilienceConfig(concurrency=ConcurrencyLimit(1, max_queue=0)))
    server.script(sse_reply(stream_events("a", "b")))
    stream = client.stream("hi")

    with pytest.raises(BackpressureError):
        client.embed("text")

    stream.close()


# --- monitor, events, copies


def test_the_monitor_alerts_once_when_there_are_too_many_failures(server):
    server.script(json_reply(500, OVERLOADED))
    alerts = []
    monitor = ErrorThresholds(consecutive=3, on_alert=alerts.append)
    client = client_of(server, resilience=ResilienceConfig(retry=None, monitor=monitor))

    for _ in range(6):
        with contextlib.suppress(AiLibError):
            client.chat("hi")

    assert [(alert.reason, alert.consecutive, alert.provider) for alert in alerts] == [("consecutive", 3, "gw")]


def test_the_listener_is_called_with_every_decision(server):
    server.script(BUSY)
    heard: list[Event] = []
    resilience = ResilienceConfig(retry=RetryPolicy(max_retries=1), breaker=BreakerPolicy(failure_threshold=2))
    client = client_of(server, clock=FakeClock(), resilience=resilience, listener=heard.append)

    with pytest.raises(OverloadedError):
        client.chat("hi")

    assert [event.kind for event in heard] == ["retry", "breaker_opened", "gave_up"]
    assert heard[0].model == "m"


def test_a_copy_with_other_options_shares_the_limits_of_the_first(server):
    client = client_of(
        server,
        options=ConnectionOptions(timeout=1.0),
        resilience=ResilienceConfig(rate_limit=RateLimit.per_minute(1, burst=1)),
    )

    client.chat("hi")
    with pytest.raises(RateLimitError):
        client.with_options(timeout=2.0).chat("hi")

    assert len(server.requests) == 1


@pytest.mark.parametrize("preset", ["none", "default", "development", "production", "conservative"])
def test_every_preset_chats_and_streams(server, preset):
    server.script(OK, sse_reply(stream_events("hi")))
    client = client_of(server, resilience=getattr(ResilienceConfig, preset)())

    assert client.chat("hi").text == "hi"
    assert client.stream("hi").final_response().text == "hi"
    assert client.guard.in_flight == 0


def test_a_listener_that_raises_is_logged_and_breaks_nothing(server, caplog):
    def broken(event: Event) -> None:
        raise ValueError("oops")

    server.script(BUSY, OK)

    assert client_of(server, clock=FakeClock(), listener=broken, resilience=None).chat("hi").text == "hi"
    assert "the listener raised" in caplog.text


def test_embedded_strings_count_against_a_token_limit(server):
    server.script(json_reply(200, {"data": [{"index": 0, "embedding": [1.0]}], "usage": {"total_tokens": 40}}))
    config = {"embed": {"format": "openai", "path": "/embeddings", "model": "e"}}
    client = client_of(server, config=config, resilience=ResilienceConfig(rate_limit=RateLimit(tokens=50)))

    client.embed("one two three")
    with pytest.raises(AiLibError, match="tokens and the limit is 50"):
        client.embed("word " * 200)

    assert len(server.requests) == 1


def test_a_probe_that_the_rate_limit_refuses_lets_the_next_call_probe(server):
    server.script(json_reply(500, OVERLOADED), OK)
    times = FakeClock()
    resilience = ResilienceConfig(
        retry=None,
        breaker=BreakerPolicy(failure_threshold=1, recovery_timeout=1.0, success_threshold=1),
        rate_limit=RateLimit(requests=1, per=10.0, burst=1),
    )
    client = client_of(server, clock=times, resilience=resilience)
    with contextlib.suppress(AiLibError):
        client.chat("hi")
    times.now += 2.0

    with pytest.raises(RateLimitError):
        client.chat("hi", timeout=1.0)
    times.now += 10.0

    assert client.chat("hi").text == "hi"


def test_a_reopened_stream_holds_one_slot_and_records_each_failure(server):
    server.script(sse_reply([]), sse_reply([]), sse_reply(stream_events("whole")))
    resilience = ResilienceConfig(
        breaker=BreakerPolicy(failure_threshold=10),
        rate_limit=RateLimit.per_second(100, burst=100),
        concurrency=ConcurrencyLimit(1, max_queue=0),
    )
    client = client_of(server, clock=FakeClock(), resilience=resilience)

    stream = client.stream("hi")
    in_flight = client.guard.in_flight
    text = stream.final_response().text

    assert (text, in_flight, client.guard.in_flight) == ("whole", 1, 0)
    assert len(server.requests) == 3


def test_any_exception_of_a_transport_releases_everything(server):
    class Broken:
        def post(self, url: str, body: bytes) -> bytes:
            raise KeyboardInterrupt

    resilience = ResilienceConfig(concurrency=ConcurrencyLimit(1), breaker=BreakerPolicy(failure_threshold=1))
    client = client_of(server, transport=Broken(), resilience=resilience)

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            client.chat("hi")

    assert client.guard.in_flight == 0
    assert client.guard.breaker_state("m") == "closed"
