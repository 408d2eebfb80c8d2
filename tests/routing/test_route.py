"""Chains, turns and races between providers, as servers see them."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ai_lib import (
    AiClient,
    AiLibError,
    AuthenticationError,
    BreakerPolicy,
    Call,
    CancelledError,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    ConfigurationError,
    ConnectionOptions,
    FallbackChain,
    Hedge,
    InvalidRequestError,
    Message,
    ModelNotFoundError,
    OverloadedError,
    ProviderConfig,
    RateLimitError,
    RequestTimeoutError,
    ResilienceConfig,
    RetryPolicy,
    RoundRobin,
    StreamInterruptedError,
    Target,
    Timeout,
)
from tests.support.clients import ONE_ATTEMPT, client_of
from tests.support.server import Connection, Server, chunk_event, completion, json_reply, sse_reply, stream_events

BUSY = json_reply(503, {"error": {"message": "busy"}})


@pytest.fixture
def first() -> Iterator[Server]:
    with Server(json_reply(200, completion("first"))) as running:
        yield running


@pytest.fixture
def second() -> Iterator[Server]:
    with Server(json_reply(200, completion("second"))) as running:
        yield running


@pytest.fixture
def third() -> Iterator[Server]:
    with Server(json_reply(200, completion("third"))) as running:
        yield running


def config_of(server: Server, name: str = "gw") -> ProviderConfig:
    return ProviderConfig(name, base_url=server.url + "/v1", default_model=f"{name}-model")


def stall(connection: Connection) -> None:
    connection.read_request()
    connection.stall()


def asked(server: Server) -> list[str]:
    return [request.json["model"] for request in server.requests]


# --- fallback


def test_the_clients_own_provider_is_asked_first_and_the_chain_only_when_it_fails(first, second):
    client = client_of(first, route=FallbackChain([config_of(second, "two")]))

    before = client.chat("hi").text
    first.script(BUSY)
    after = client.chat("hi")

    assert (before, after.text, after.provider) == ("first", "second", "two")
    assert (len(first.requests), len(second.requests)) == (2, 1)
    assert [(one.provider, one.error) for one in after.attempts] == [("gw", "OverloadedError")]


def test_each_target_gets_its_own_model_and_options(first, second, third):
    first.script(BUSY)
    second.script(BUSY)
    chain = FallbackChain().then(config_of(second, "two")).then(
        config_of(third, "three"), model="large", options={"max_tokens": 5}
    )  # fmt: skip

    client_of(first, route=chain).chat("hi", model="asked-for", max_tokens=100)

    assert (asked(first), asked(second), asked(third)) == (["asked-for"], ["two-model"], ["large"])
    assert [server.requests[0].json["max_tokens"] for server in (first, second, third)] == [100, 100, 5]


def test_another_address_of_the_same_provider_gets_the_calls_model(first, second):
    first.script(BUSY)

    client_of(first, route=FallbackChain([config_of(second, "gw")])).chat("hi", model="asked-for")

    assert asked(second) == ["asked-for"]


def test_a_condition_decides_which_target_takes_over(first, second, third):
    first.script(json_reply(429, {"error": {"message": "slow down"}}))
    chain = FallbackChain().on_timeout(config_of(second, "two")).on_rate_limit(config_of(third, "three"))

    answer = client_of(first, route=chain).chat("hi")

    assert answer.text == "third"
    assert second.requests == []


def test_a_timeout_leads_to_the_target_for_timeouts(first, second):
    first.script(stall)
    options = ConnectionOptions(timeout=Timeout(first_byte=0.2))

    answer = client_of(first, route=FallbackChain().on_timeout(config_of(second, "two")), options=options).chat("hi")

    assert answer.text == "second"


def test_a_bad_request_stays_one_except_for_a_target_for_all_errors(first, second):
    first.script(json_reply(400, {"error": {"message": "no such field"}}))

    with pytest.raises(InvalidRequestError):
        client_of(first, route=FallbackChain([config_of(second, "two")])).chat("hi")
    answer = client_of(first, route=FallbackChain().always(config_of(second, "two"))).chat("hi")

    assert answer.text == "second"
    assert len(second.requests) == 1


def test_when_all_fail_the_error_tells_of_each(first, second, third):
    first.script(BUSY)
    second.script(json_reply(401, {"error": {"message": "bad key"}}))
    third.script(json_reply(404, {"error": {"message": "no model", "code": "model_not_found"}}))
    client = client_of(first, route=FallbackChain([config_of(second, "two"), config_of(third, "three")]))

    with pytest.raises(ModelNotFoundError, match=r"gw: OverloadedError, two: AuthenticationError, three:") as caught:
        client.chat("hi")

    kinds = [type(error) for error in caught.value.errors]
    assert kinds == [OverloadedError, AuthenticationError, ModelNotFoundError]
    assert [one.provider for one in caught.value.attempts] == ["gw", "two", "three"]
    copied = pickle.loads(pickle.dumps(caught.value))
    assert [str(error) for error in copied.errors] == [str(error) for error in caught.value.errors]


def test_a_target_that_keeps_failing_is_skipped_while_others_are_healthy(first, second):
    first.script(BUSY)
    client = client_of(first, route=FallbackChain([config_of(second, "two")], unhealthy_after=2))

    for _ in range(5):
        assert client.chat("hi").text == "second"

    assert len(first.requests) == 2


def test_the_calls_time_covers_the_whole_chain(first, second):
    first.script(stall)
    second.script(stall)
    options = ConnectionOptions(timeout=Timeout(first_byte=0.25, total=0.4))
    client = client_of(first, route=FallbackChain([config_of(second, "two")]), options=options)
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError) as caught:
        client.chat("hi")

    assert time.monotonic() - begun < 0.9
    assert [one.provider for one in caught.value.attempts] == ["gw", "two"]
    assert caught.value.code == "total_timeout"


def test_a_target_may_have_less_time(first, second):
    first.script(BUSY)
    second.script(stall)
    chain = FallbackChain([Target(provider=config_of(second, "two"), timeout=0.2)])
    begun = time.monotonic()

    with pytest.raises(AiLibError):
        client_of(first, route=chain, options=ConnectionOptions(timeout=5.0)).chat("hi")

    assert time.monotonic() - begun < 1.0


def test_every_target_has_retries_of_its_own_before_the_next(first, second):
    first.script(BUSY)
    resilience = ResilienceConfig(retry=RetryPolicy(max_retries=1, base=0.0))

    client_of(first, route=FallbackChain([config_of(second, "two")]), resilience=resilience).chat("hi")

    assert (len(first.requests), len(second.requests)) == (2, 1)


def test_a_stream_fails_over_before_its_first_chunk(first, second):
    first.script(sse_reply([chunk_event("")]))
    second.script(sse_reply(stream_events("se", "cond")))
    client = client_of(first, route=FallbackChain([config_of(second, "two")]))

    with client.stream("hi") as stream:
        texts = [chunk.text for chunk in stream]

    assert "".join(texts) == "second"
    assert stream.response.provider == "two"
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_stream_that_has_begun_stays_with_its_provider(first, second):
    first.script(sse_reply([chunk_event("par")]))

    with pytest.raises(StreamInterruptedError) as caught:
        client_of(first, route=FallbackChain([config_of(second, "two")])).stream("hi").final_response()

    assert caught.value.partial.text == "par"
    assert second.requests == []


def test_a_key_and_a_header_stay_with_the_provider_they_are_for(first, second):
    first.script(BUSY)
    options = ConnectionOptions(api_key="canary-0123456789", headers={"x-team": "mine"})
    own = ProviderConfig("one", base_url=first.url, default_model="m", key_env="ONE_KEY")

    AiClient(own, options=options, route=FallbackChain([config_of(second, "two")]), resilience=ONE_ATTEMPT).chat("hi")

    assert first.requests[0].headers["authorization"] == "Bearer canary-0123456789"
    assert "authorization" not in second.requests[0].headers
    assert "x-team" not in second.requests[0].headers


def test_names_clients_and_classes_of_ones_own_are_targets(first, second, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("GROQ_BASE_URL", second.url)
    first.script(BUSY)
    second.script(BUSY)

    class Own:
        def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            said = request.messages[0].text
            return ChatCompletionResponse(choices=(Choice(message=Message.assistant(f"own: {said}")),))

        def stream(self, request: ChatCompletionRequest) -> Iterator[ChatCompletionChunk]:
            yield ChatCompletionChunk(text="own")
            yield ChatCompletionChunk(finish_reason="stop", raw_finish_reason="stop")

        def list_models(self) -> list[Any]:
            return []

    client = client_of(first, route=FallbackChain(["groq/llama", Own()]))

    assert client.chat("hi").text == "own: hi"
    assert client.stream("hi").final_response().text == "own"
    assert asked(second) == ["llama", "llama"]


def test_a_class_of_ones_own_may_look_at_the_calls_time(first):
    first.script(BUSY)
    left = []

    class Own:
        def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
            left.append(call.remaining())
            return ChatCompletionResponse(choices=(Choice(message=Message.assistant("own")),))

        stream = chat

    client_of(first, route=FallbackChain([Own()]), options=ConnectionOptions(timeout=20.0)).chat("hi")

    assert 0 < left[0] < 20


def test_routes_nest_through_clients(first, second, third):
    first.script(BUSY)
    inner = client_of(second, route=RoundRobin([config_of(third, "three")]))
    client = client_of(first, route=FallbackChain([inner]))

    assert [client.chat("hi").text for _ in range(4)] == ["second", "third", "second", "third"]


def test_what_is_no_provider_is_refused_before_any_call(first):
    with pytest.raises(ConfigurationError, match="a target must be a provider's name, an AiClient, or have chat"):
        client_of(first, route=FallbackChain([42]))
    with pytest.raises(
        ConfigurationError,
        match="route must be a FallbackChain, a RoundRobin, a Hedge, a ModelRouter or a ModelArray, not list",
    ):
        client_of(first, route=["groq"])
    with pytest.raises(ConfigurationError, match="there is no 'temprature'"):
        Target(provider="groq", options={"temprature": 1})


def test_a_client_with_a_route_can_be_pickled(first, second):
    first.script(BUSY)
    client = pickle.loads(pickle.dumps(client_of(first, route=FallbackChain([config_of(second, "two")]))))

    assert client.chat("hi").text == "second"


def test_the_builder_makes_chains(first, second):
    first.script(BUSY)
    builder = AiClient.builder(config_of(first, "one")).with_retry(0)

    assert builder.with_failover_chain([config_of(second, "two")]).build().chat("hi").text == "second"


# --- turns


def test_providers_take_turns_and_one_that_fails_hands_its_call_on(first, second):
    client = AiClient.builder(config_of(first, "one")).with_retry(0)
    client = client.with_round_robin_chain([config_of(second, "two")]).build()

    before = [client.chat("hi").text for _ in range(4)]
    second.script(BUSY)
    after = [client.chat("hi").text for _ in range(2)]

    assert before == ["first", "second", "first", "second"]
    assert after == ["first", "first"]


# --- hedging


def test_a_slow_first_provider_is_overtaken_and_its_socket_closed(first, second):
    first.script(stall)
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=0.1))

    answer = client.chat("hi")

    assert answer.text == "second"
    assert first.connections[0].wait_closed()
    assert len(first.requests) == 1


def test_a_quick_first_provider_is_the_only_one_asked(first, second):
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=5.0))

    assert client.chat("hi").text == "first"
    assert second.requests == []


def test_a_contender_starts_at_once_when_the_one_before_fails(first, second):
    first.script(BUSY)
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=30.0))
    begun = time.monotonic()

    assert client.chat("hi").text == "second"
    assert time.monotonic() - begun < 5


def test_a_bad_request_is_not_tried_on_another_contender(first, second):
    first.script(json_reply(400, {"error": {"message": "no such field"}}))
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=30.0))

    with pytest.raises(InvalidRequestError):
        client.chat("hi")

    assert second.requests == []


def test_when_every_contender_fails_the_error_tells_of_each(first, second):
    first.script(BUSY)
    second.script(json_reply(429, {"error": {"message": "slow down"}}))
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=0.05))

    with pytest.raises(AiLibError) as caught:
        client.chat("hi")

    assert {type(error) for error in caught.value.errors} == {OverloadedError, RateLimitError}


def test_the_stream_whose_first_chunk_comes_first_wins_whole(first, second):
    def silent(connection: Connection) -> None:
        connection.read_request()
        connection.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        connection.stall()

    first.script(silent)
    second.script(sse_reply(stream_events("se", "cond")))
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=0.1))

    with client.stream("hi") as stream:
        texts = [chunk.text for chunk in stream]

    assert "".join(texts) == "second"
    assert first.connections[0].wait_closed()


def test_the_extra_cost_of_hedging_is_bounded(first, second):
    def slow(connection: Connection) -> None:
        connection.read_request()
        connection.wait(0.06)
        json_reply(200, completion("first"))(connection)

    first.script(slow)
    second.script(slow)
    hedge = Hedge(budget_ratio=0.0, budget_reserve=3).contender(config_of(second, "two"), after=0.01)
    client = client_of(first, route=hedge)

    for _ in range(10):
        client.chat("hi")

    assert len(first.requests) == 10
    assert len(second.requests) == 3


def test_the_time_of_a_race_is_the_calls(first, second):
    first.script(stall)
    second.script(stall)
    options = ConnectionOptions(timeout=0.4)
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=0.1), options=options)
    begun = time.monotonic()

    with pytest.raises(RequestTimeoutError):
        client.chat("hi")

    assert time.monotonic() - begun < 1.5
    assert first.connections[0].wait_closed()
    assert second.connections[0].wait_closed()


def test_no_thread_of_a_race_is_left(first, second):
    first.script(stall)
    before = threading.active_count()
    client = client_of(first, route=Hedge().contender(config_of(second, "two"), after=0.05))

    client.chat("hi")
    until = time.monotonic() + 5
    while any(thread.name == "ai_lib hedge" for thread in threading.enumerate()) and time.monotonic() < until:
        first.connections[0].wait_closed(0.05)

    assert not any(thread.name == "ai_lib hedge" for thread in threading.enumerate())
    assert threading.active_count() <= before + 3  # the servers'


# --- going on after an interruption


def test_an_interrupted_text_is_continued_when_asked_for_and_marked(first):
    first.script(sse_reply([chunk_event("Once upon ")]), sse_reply(stream_events("a time")))

    with client_of(first).stream("Tell a story", resume=True) as stream:
        texts = [chunk.text for chunk in stream]

    assert "".join(texts) == stream.response.text == "Once upon a time"
    assert stream.response.adjustments == ("continued at character 10 after stream_interrupted",)
    said = first.requests[1].json["messages"]
    assert [message["role"] for message in said] == ["user", "assistant", "user"]
    assert said[1]["content"] == "Once upon "
    # What the first part took was never told, so that all of it is counted here.
    assert (stream.response.usage_status, stream.response.usage.completion_tokens) == ("estimated", 4)


def test_a_continuation_is_another_request_with_a_key_of_its_own(first):
    first.script(sse_reply([chunk_event("Once upon ")]), sse_reply(stream_events("a time")))
    config = ProviderConfig("gw", base_url=first.url, default_model="m", idempotency_header="Idempotency-Key")

    AiClient(config, resilience=ONE_ATTEMPT).stream("Tell a story", resume=True).final_response()

    keys = [request.headers["idempotency-key"] for request in first.requests]
    assert len(keys) == len(set(keys)) == 2


def test_a_continuation_may_come_from_another_provider(first, second):
    first.script(sse_reply([chunk_event("Once ")]), BUSY)
    second.script(sse_reply(stream_events("upon")))
    client = client_of(first, route=FallbackChain([config_of(second, "two")]))

    assert client.stream("hi", resume=True).final_response().text == "Once upon"


def test_without_being_asked_nothing_is_continued(first):
    first.script(sse_reply([chunk_event("Once upon ")]), sse_reply(stream_events("a time")))

    with pytest.raises(StreamInterruptedError):
        client_of(first).stream("hi").final_response()

    assert len(first.requests) == 1


def test_a_text_that_is_always_interrupted_ends_in_the_error_with_all_of_it(first):
    first.script(sse_reply([chunk_event("a")]))

    with pytest.raises(StreamInterruptedError) as caught:
        client_of(first).stream("hi", resume=True).final_response()

    assert caught.value.partial.text == "aaaa"
    assert len(first.requests) == 4


def test_an_answer_in_json_is_not_continued(first):
    first.script(sse_reply([chunk_event('{"a')]))

    with pytest.raises(StreamInterruptedError):
        client_of(first).stream("hi", resume=True, response_format="json_object").final_response()

    assert len(first.requests) == 1


def test_a_cancelled_stream_is_not_continued(first):
    first.script(sse_reply(stream_events("a", "b")))
    stream = client_of(first).stream("hi", resume=True)
    next(stream)

    stream.cancel()
    with pytest.raises(CancelledError):
        next(stream)

    assert len(first.requests) == 1


def test_a_contender_that_answers_after_the_race_is_over_is_put_away(first, second):
    released = threading.Event()
    closed = threading.Event()

    class Late:
        """Cannot be interrupted, like a class of the user's."""

        def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            raise NotImplementedError

        def stream(self, request: ChatCompletionRequest) -> Any:
            released.wait(10)
            return self

        def __iter__(self) -> Iterator[ChatCompletionChunk]:
            yield ChatCompletionChunk(text="late")

        def close(self) -> None:
            closed.set()

    second.script(sse_reply(stream_events("second")))
    first.script(stall)
    hedge = Hedge().contender(Late(), after=0.05).contender(config_of(second, "two"), after=0.1)

    text = client_of(first, route=hedge).stream("hi").final_response().text
    released.set()

    assert text == "second"
    assert closed.wait(5)


def test_what_a_contender_raises_besides_our_errors_is_raised(first):
    class Broken:
        def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
            raise ValueError("a bug of the user's")

        stream = chat

    first.script(BUSY)

    with pytest.raises(ValueError, match="a bug of the user's"):
        client_of(first, route=Hedge().contender(Broken(), after=0.0)).chat("hi")


def test_lists_of_models_are_the_clients_own(first, second):
    first.script(json_reply(200, {"data": [{"id": "mine"}]}))

    for route in (FallbackChain([config_of(second, "two")]), Hedge().contender(config_of(second, "two"))):
        client = client_of(first, route=route)
        assert [model.id for model in client.list_models()] == ["mine"]

    assert second.requests == []


def test_a_chain_needs_errors_to_speak_of():
    with pytest.raises(ConfigurationError, match="on_error needs the classes of errors"):
        FallbackChain().on_error("groq")
    with pytest.raises(ConfigurationError, match="after must be seconds from 0"):
        Hedge().contender("groq", after=-1.0)
    with pytest.raises(ConfigurationError, match="timeout must be seconds above 0"):
        Target(provider="groq", timeout=0)


def test_a_target_for_certain_errors_takes_over_after_those_alone(first, second):
    chain = FallbackChain().on_error(config_of(second, "two"), OverloadedError)
    client = client_of(first, route=chain)
    first.script(BUSY, json_reply(429, {"error": {"message": "slow down"}}))

    assert client.chat("hi").text == "second"
    with pytest.raises(RateLimitError):
        client.chat("hi")


def test_the_builder_makes_hedges(first, second):
    first.script(stall)
    client = AiClient.builder(config_of(first, "one")).with_hedge(config_of(second, "two"), after=0.05).build()

    assert client.chat("hi").text == "second"


def test_a_copy_shares_the_guards_of_its_route(first, second):
    first.script(BUSY)
    second.script(BUSY)
    resilience = ResilienceConfig(retry=None, breaker=BreakerPolicy(failure_threshold=1))
    client = client_of(first, route=FallbackChain([config_of(second, "two")]), resilience=resilience)
    with pytest.raises(AiLibError):
        client.chat("hi")

    with pytest.raises(AiLibError):
        client.with_options(timeout=3.0).chat("hi")

    assert (len(first.requests), len(second.requests)) == (1, 1)
