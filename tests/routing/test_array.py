"""Model arrays as servers see them: which endpoint is called, which is not, and how that changes."""

import gc
import pickle
import threading
import time
from functools import partial

import pytest

from ai_lib import (
    AiClient,
    ConfigurationError,
    FallbackChain,
    InvalidRequestError,
    LoadBalancingStrategy,
    ModelArray,
    ModelEndpoint,
    ResilienceConfig,
)
from ai_lib.errors import CircuitOpenError, OverloadedError
from ai_lib.reliability import BreakerPolicy
from ai_lib.routing import HealthCheck
from tests.support.server import BUSY, Server, completion, json_reply, sse_reply, stall, stream_events

array_client = partial(AiClient, resilience=ResilienceConfig.none())


@pytest.fixture
def servers():
    with Server(json_reply(200, completion("a"))) as a, Server(json_reply(200, completion("b"))) as b:
        yield a, b


def array_of(*servers, **fields):
    array = ModelArray("production")
    for name, server in zip("abc", servers, strict=False):
        array.add_endpoint(name=name, url=f"{server.url}/v1", model=f"model-{name}", **fields)
    return array


def test_the_example_of_the_reference_works(monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "key-of-groq")
    array = (
        ModelArray("production")
        .with_strategy(LoadBalancingStrategy.HEALTH_BASED)
        .add_endpoint(ModelEndpoint(name="groq-1", url="https://api.groq.com", weight=1.0, healthy=True))
    )

    client = AiClient(array)

    assert (client.provider, client.base_url) == ("groq", "https://api.groq.com/openai/v1")
    assert array.is_healthy("groq-1")


def test_calls_really_go_to_the_endpoints_url_with_its_model_and_key(servers):
    a, b = servers
    array = ModelArray("x")
    array.add_endpoint(name="a", url=a.url + "/one", model="small", api_key="key-a", provider="openai")
    array.add_endpoint(name="b", url=b.url + "/two", model="large", api_key="key-b", provider="groq")

    answers = [array_client(array).chat("hi").text for _ in range(1)] + [array_client(array).chat("hi").text]

    assert answers == ["a", "b"]
    assert [(r.path, r.json["model"], r.headers["authorization"]) for r in (a.requests[0], b.requests[0])] == [
        ("/one/chat/completions", "small", "Bearer key-a"),
        ("/two/chat/completions", "large", "Bearer key-b"),
    ]


def test_an_endpoint_without_a_model_gets_the_calls(servers):
    array = ModelArray("x").add_endpoint(name="a", url=servers[0].url)

    array_client(array).chat("hi", model="asked-for")

    assert servers[0].requests[0].json["model"] == "asked-for"


def test_chats_streams_and_batches_are_spread(servers):
    client = array_client(array_of(*servers))

    client.chat("hi")
    for server in servers:
        server.script(sse_reply(stream_events("He", "llo")))
    assert client.stream("hi").final_response().text == "Hello"
    for server in servers:
        server.script(json_reply(200, completion("hi")))
    client.batch(["one", "two", "three", "four"], max_workers=2)

    assert [len(server.requests) for server in servers] == [3, 3]


def test_a_stream_is_in_flight_until_it_is_closed(servers):
    array = array_of(*servers)
    for server in servers:
        server.script(sse_reply(stream_events("He", "llo")))
    client = array_client(array)

    stream = client.stream("hi")
    next(stream)
    during = [status.in_flight for status in array.statuses()]
    stream.close()

    assert during == [1, 0]
    assert [status.in_flight for status in array.statuses()] == [0, 0]


def test_a_failing_endpoint_hands_on_its_calls_and_is_skipped_after_three(servers):
    servers[0].script(BUSY)
    array = array_of(*servers).with_strategy("round_robin")
    client = array_client(array)

    answers = [client.chat("hi") for _ in range(10)]

    assert {answer.text for answer in answers} == {"b"}
    assert len(servers[0].requests) == 3
    assert not array.is_healthy("a")
    assert [step.facts["name"] for step in answers[0].trace if step.kind == "endpoint"] == ["a", "b"]
    assert answers[0].attempts[0].error == "OverloadedError"


def test_a_stream_that_cannot_be_opened_falls_back(servers):
    servers[0].script(BUSY)
    servers[1].script(sse_reply(stream_events("He", "llo")))
    array = array_of(*servers)

    stream = array_client(array).stream("hi")
    text = stream.final_response().text

    assert text == "Hello"
    assert [status.in_flight for status in array.statuses()] == [0, 0]
    assert [status.success_rate < 1 for status in array.statuses()] == [True, False]


def test_a_bad_request_does_not_fall_back(servers):
    servers[0].script(json_reply(400, {"error": {"message": "no such field"}}))

    with pytest.raises(InvalidRequestError):
        array_client(array_of(*servers)).chat("hi")

    assert servers[1].requests == []


def test_when_all_targets_fail_the_error_names_each(servers):
    for server in servers:
        server.script(BUSY)

    with pytest.raises(OverloadedError) as caught:
        array_client(array_of(*servers)).chat("hi")

    assert [error.provider for error in caught.value.errors] == ["a", "b"]


def test_an_unhealthy_endpoint_is_avoided_until_it_is_marked_healthy(servers):
    array = array_of(*servers)
    client = array_client(array)
    array.mark_unhealthy("a")
    client.chat("hi")
    client.chat("hi")
    array.mark_healthy("a")
    client.chat("hi")
    client.chat("hi")

    assert [len(server.requests) for server in servers] == [1, 3]


def test_when_none_is_healthy_nothing_is_sent_unless_it_fails_open(servers):
    array = array_of(servers[0], healthy=False)

    with pytest.raises(CircuitOpenError, match="no endpoint"):
        array_client(array).chat("hi")
    assert servers[0].requests == []

    assert array_client(array_of(servers[0], healthy=False).with_fail_open()).chat("hi").text == "a"


def test_an_endpoint_can_be_selected_without_a_call(servers):
    array = array_of(*servers)
    array.add_endpoint(name="drained", url="http://127.0.0.1:9", weight=0)

    chosen = [array.select_endpoint().name for _ in range(4)]

    assert chosen == ["a", "b", "a", "b"]
    assert [status.in_flight for status in array.statuses()] == [0, 0, 0]
    assert servers[0].requests == []


def test_an_open_breaker_takes_an_endpoint_out(servers):
    servers[0].script(BUSY)
    resilience = ResilienceConfig(retry=None, breaker=BreakerPolicy(failure_threshold=1, recovery_timeout=60))
    client = array_client(array_of(*servers), resilience=resilience)

    for _ in range(4):
        client.chat("hi")

    assert len(servers[0].requests) == 1


def until(holds, patience=5.0):
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def test_probes_carry_the_key_and_bring_an_endpoint_back(servers):
    a, _ = servers
    a.script(json_reply(401, {"error": {"message": "no key"}}))
    array = ModelArray("x").add_endpoint(name="a", url=a.url + "/v1", provider="openai", api_key="key-a", model="m")
    array.with_health_check(interval=0.02, failures=2)
    with array:
        array.start()
        until(lambda: not array.is_healthy("a"))
        a.script(json_reply(200, {"data": [{"id": "m"}]}))
        until(lambda: array.is_healthy("a"))

    assert {(r.method, r.path, r.headers["authorization"]) for r in a.requests} == {
        ("GET", "/v1/models", "Bearer key-a")
    }


def test_a_custom_path_is_probed(servers):
    a, _ = servers
    a.script(json_reply(200, "fine"))
    array = ModelArray("x").add_endpoint(name="a", url=a.url + "/v1", healthy=False)
    array.with_health_check(HealthCheck(interval=0.02, path="/health"))
    with array:
        array.start()
        until(lambda: array.is_healthy("a"))

    assert a.requests[0].path == "/v1/health"


def test_probing_begins_with_the_first_call_and_ends_with_close(servers):
    def probing():
        return [thread for thread in threading.enumerate() if thread.name == "ai_lib health"]

    array = array_of(*servers).with_health_check(interval=60.0)
    client = array_client(array)
    before = probing()
    client.chat("hi")
    during = probing()
    array.close()

    assert (before, len(during)) == ([], 1)
    assert probing() == []


def test_an_array_that_is_dropped_ends_its_probes(servers):
    array = array_of(*servers).with_health_check(interval=60.0)
    array_client(array).chat("hi")
    mine = [thread for thread in threading.enumerate() if thread.name == "ai_lib health"]

    del array

    # A running probe holds a reference until it ends.
    until(lambda: gc.collect() >= 0 and not any(thread.is_alive() for thread in mine))
    assert len(mine) == 1


def test_without_a_health_check_no_thread_is_started(servers):
    before = threading.active_count()

    array_client(array_of(*servers)).chat("hi")

    assert not [thread for thread in threading.enumerate() if thread.name == "ai_lib health"]
    assert threading.active_count() >= before


def test_an_array_can_be_the_target_of_a_chain(servers):
    with Server(BUSY) as busy:
        from ai_lib import ProviderConfig

        first = ProviderConfig("first", base_url=busy.url, default_model="m")
        client = AiClient(first, route=FallbackChain([array_of(*servers)]), resilience=ResilienceConfig.none())

        answers = [client.chat("hi").text for _ in range(2)]

    assert answers == ["a", "b"]


def test_200_calls_from_many_threads_all_get_answers_and_leave_nothing_running(servers):
    array = array_of(*servers).with_strategy("least_connections")
    client = array_client(array)

    result = client.batch(["hi"] * 200, max_workers=16)

    assert set(result.texts) == {"a", "b"}
    assert [status.in_flight for status in array.statuses()] == [0, 0]
    assert sum(status.calls for status in array.statuses()) == 200
    assert min(len(server.requests) for server in servers) > 60


def test_it_survives_pickling(servers):
    copy = pickle.loads(pickle.dumps(array_of(*servers).with_strategy("weighted")))

    assert array_client(copy).chat("hi").text == "a"
    assert pickle.loads(pickle.dumps(array_client(copy))).chat("hi").text == "a"


def test_invalid_arguments_are_rejected(servers):
    with pytest.raises(ConfigurationError, match="no endpoints"):
        AiClient(ModelArray("empty"))
    with pytest.raises(ConfigurationError, match="has an endpoint 'a' already"):
        array_of(servers[0]).add_endpoint(name="a", url="http://x")
    with pytest.raises(ConfigurationError, match="unknown strategy 'best'"):
        ModelArray("x").with_strategy("best")
    with pytest.raises(ConfigurationError, match="has no endpoint 'z'"):
        array_of(servers[0]).mark_healthy("z")


def test_a_key_is_neither_shown_nor_sent_to_another_host(monkeypatch, servers):
    monkeypatch.setenv("OPENAI_API_KEY", "canary-4711")
    endpoint = ModelEndpoint(name="a", url=servers[0].url + "/v1", api_key="canary-4712")

    AiClient(ModelArray("x").add_endpoint(name="own", url=servers[1].url + "/v1", model="m")).chat("hi")

    assert "canary" not in repr(endpoint)
    assert "authorization" not in servers[1].requests[0].headers


def test_settings_of_the_client_hold_for_the_endpoints_but_its_key_and_headers_do_not(servers):
    from ai_lib import ConnectionOptions, ProviderConfig, RequestTimeoutError

    a, _ = servers

    a.script(stall)
    options = ConnectionOptions(timeout=0.3, api_key="canary", headers={"x-canary": "1"})
    client = AiClient(ProviderConfig("own", base_url="http://127.0.0.1:9"), options=options, route=array_of(a))

    with pytest.raises(RequestTimeoutError):
        client.chat("hi")

    assert "canary" not in str(a.requests[0].headers)
