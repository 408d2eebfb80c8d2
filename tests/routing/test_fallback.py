"""Fallback chains and round-robin, as the servers of the targets see them."""

from __future__ import annotations

import pickle
import time

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    AuthenticationError,
    ConfigurationError,
    ConnectionOptions,
    FallbackChain,
    Hedge,
    InvalidRequestError,
    ModelNotFoundError,
    RateLimitError,
    RequestTimeoutError,
    ResilienceConfig,
    RetryPolicy,
    RoundRobin,
    StreamInterruptedError,
    Timeout,
)
from ai_lib.errors import OverloadedError
from ai_lib.routing import Target
from tests.support.clients import client_of, gateway_at
from tests.support.server import (
    BUSY,
    Server,
    chunk_event,
    json_reply,
    sse_reply,
    stall,
    stream_events,
)


def requested_models(server: Server) -> list[str]:
    return [request.json["model"] for request in server.requests]


def test_the_chain_is_used_only_when_the_clients_provider_fails(first, second):
    client = client_of(first, route=FallbackChain([gateway_at(second, "two")]))

    before = client.chat("hi").text
    first.script(BUSY)
    after = client.chat("hi")

    assert (before, after.text, after.provider) == ("first", "second", "two")
    assert (len(first.requests), len(second.requests)) == (2, 1)
    assert [(one.provider, one.error) for one in after.attempts] == [("gw", "OverloadedError")]


def test_each_target_gets_its_own_model_and_options(first, second, third):
    first.script(BUSY)
    second.script(BUSY)
    chain = FallbackChain().then(gateway_at(second, "two")).then(
        gateway_at(third, "three"), model="large", options={"max_tokens": 5}
    )  # fmt: skip

    client_of(first, route=chain).chat("hi", model="asked-for", max_tokens=100)

    assert (requested_models(first), requested_models(second), requested_models(third)) == (
        ["asked-for"],
        ["two-model"],
        ["large"],
    )
    assert [server.requests[0].json["max_tokens"] for server in (first, second, third)] == [100, 100, 5]


def test_another_address_of_the_same_provider_gets_the_calls_model(first, second):
    first.script(BUSY)

    client_of(first, route=FallbackChain([gateway_at(second, "gw")])).chat("hi", model="asked-for")

    assert requested_models(second) == ["asked-for"]


def test_a_condition_decides_which_target_takes_over(first, second, third):
    first.script(json_reply(429, {"error": {"message": "slow down"}}))
    chain = FallbackChain().on_timeout(gateway_at(second, "two")).on_rate_limit(gateway_at(third, "three"))

    answer = client_of(first, route=chain).chat("hi")

    assert answer.text == "third"
    assert second.requests == []


def test_a_timeout_leads_to_the_target_for_timeouts(first, second):
    first.script(stall)
    options = ConnectionOptions(timeout=Timeout(first_byte=0.2))

    answer = client_of(first, route=FallbackChain().on_timeout(gateway_at(second, "two")), options=options).chat("hi")

    assert answer.text == "second"


def test_a_bad_request_falls_back_only_to_a_target_for_all_errors(first, second):
    first.script(json_reply(400, {"error": {"message": "no such field"}}))

    with pytest.raises(InvalidRequestError):
        client_of(first, route=FallbackChain([gateway_at(second, "two")])).chat("hi")
    answer = client_of(first, route=FallbackChain().always(gateway_at(second, "two"))).chat("hi")

    assert answer.text == "second"
    assert len(second.requests) == 1


def test_when_all_targets_fail_the_error_names_each(first, second, third):
    first.script(BUSY)
    second.script(json_reply(401, {"error": {"message": "bad key"}}))
    third.script(json_reply(404, {"error": {"message": "no model", "code": "model_not_found"}}))
    client = client_of(first, route=FallbackChain([gateway_at(second, "two"), gateway_at(third, "three")]))

    with pytest.raises(ModelNotFoundError, match=r"gw: OverloadedError, two: AuthenticationError, three:") as caught:
        client.chat("hi")

    kinds = [type(error) for error in caught.value.errors]
    assert kinds == [OverloadedError, AuthenticationError, ModelNotFoundError]
    assert [one.provider for one in caught.value.attempts] == ["gw", "two", "three"]
    copied = pickle.loads(pickle.dumps(caught.value))
    assert [str(error) for error in copied.errors] == [str(error) for error in caught.value.errors]


def test_a_target_that_keeps_failing_is_skipped_while_others_are_healthy(first, second):
    first.script(BUSY)
    client = client_of(first, route=FallbackChain([gateway_at(second, "two")], unhealthy_after=2))

    for _ in range(5):
        assert client.chat("hi").text == "second"

    assert len(first.requests) == 2


def test_the_timeout_of_a_call_covers_the_whole_chain(first, second):
    first.script(stall)
    second.script(stall)
    options = ConnectionOptions(timeout=Timeout(first_byte=0.25, total=0.4))
    client = client_of(first, route=FallbackChain([gateway_at(second, "two")]), options=options)
    start = time.monotonic()

    with pytest.raises(RequestTimeoutError) as caught:
        client.chat("hi")

    assert time.monotonic() - start < 0.9
    assert [one.provider for one in caught.value.attempts] == ["gw", "two"]
    assert caught.value.code == "total_timeout"


def test_a_target_may_have_less_time(first, second):
    first.script(BUSY)
    second.script(stall)
    chain = FallbackChain([Target(provider=gateway_at(second, "two"), timeout=0.2)])
    start = time.monotonic()

    with pytest.raises(AiLibError):
        client_of(first, route=chain, options=ConnectionOptions(timeout=5.0)).chat("hi")

    assert time.monotonic() - start < 1.0


def test_every_target_is_retried_before_the_next(first, second):
    first.script(BUSY)
    resilience = ResilienceConfig(retry=RetryPolicy(max_retries=1, base=0.0))

    client_of(first, route=FallbackChain([gateway_at(second, "two")]), resilience=resilience).chat("hi")

    assert (len(first.requests), len(second.requests)) == (2, 1)


def test_a_stream_fails_over_before_its_first_chunk(first, second):
    first.script(sse_reply([chunk_event("")]))
    second.script(sse_reply(stream_events("se", "cond")))
    client = client_of(first, route=FallbackChain([gateway_at(second, "two")]))

    with client.stream("hi") as stream:
        texts = [chunk.text for chunk in stream]

    assert "".join(texts) == "second"
    assert stream.response.provider == "two"
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_started_stream_stays_with_its_provider(first, second):
    first.script(sse_reply([chunk_event("par")]))

    with pytest.raises(StreamInterruptedError) as caught:
        client_of(first, route=FallbackChain([gateway_at(second, "two")])).stream("hi").final_response()

    assert caught.value.partial.text == "par"
    assert second.requests == []


def test_routes_nest_through_clients(first, second, third):
    first.script(BUSY)
    inner = client_of(second, route=RoundRobin([gateway_at(third, "three")]))
    client = client_of(first, route=FallbackChain([inner]))

    assert [client.chat("hi").text for _ in range(4)] == ["second", "third", "second", "third"]


def test_round_robin_alternates_and_a_failing_provider_hands_on_its_call(first, second):
    client = AiClient.builder(gateway_at(first, "one")).with_retry(0)
    client = client.with_round_robin_chain([gateway_at(second, "two")]).build()

    before = [client.chat("hi").text for _ in range(4)]
    second.script(BUSY)
    after = [client.chat("hi").text for _ in range(2)]

    assert before == ["first", "second", "first", "second"]
    assert after == ["first", "first"]


def test_invalid_routes_are_rejected():
    with pytest.raises(ConfigurationError, match="on_error needs classes of errors"):
        FallbackChain().on_error("groq")
    with pytest.raises(ConfigurationError, match="after must be seconds >= 0"):
        Hedge().contender("groq", after=-1.0)
    with pytest.raises(ConfigurationError, match="timeout of a target must be seconds > 0"):
        Target(provider="groq", timeout=0)


def test_a_target_for_certain_errors_is_used_for_those_only(first, second):
    chain = FallbackChain().on_error(gateway_at(second, "two"), OverloadedError)
    client = client_of(first, route=chain)
    first.script(BUSY, json_reply(429, {"error": {"message": "slow down"}}))

    assert client.chat("hi").text == "second"
    with pytest.raises(RateLimitError):
        client.chat("hi")
