"""Records of a client's calls: exactly one for each call, however it ends."""

import gc
import logging
import pickle
from collections import Counter

import pytest

from ai_lib import (
    AiClient,
    CancelledError,
    ConfigurationError,
    ConnectionOptions,
    FallbackChain,
    InMemoryMetrics,
    Interceptor,
    Metrics,
    ModelArray,
    ProviderConfig,
    ResilienceConfig,
    RetryPolicy,
    StreamInterruptedError,
)
from ai_lib.errors import OverloadedError
from ai_lib.metrics import CallRecord
from tests.support.clients import client_of
from tests.support.server import BUSY, Server, chunk_event, completion, json_reply, sse_reply, stream_events


class RecordingObserver:
    """Keeps the starts and records of calls."""

    def __init__(self):
        self.started = []
        self.records: list[CallRecord] = []

    def call_started(self, start):
        self.started.append(start)
        return self.records.append


def test_the_example_with_two_methods_is_enough(server):
    counted, stopped = Counter(), []

    class StartedTimer:
        def stop(self):
            stopped.append(True)

    class Mine(Metrics):
        def incr_counter(self, name, value=1):
            counted[name] += value

        def start_timer(self, name):
            return StartedTimer()

    class NotDerived:
        def incr_counter(self, name, value):
            counted[f"second {name}"] += value

        def start_timer(self, name):
            return None

    client = client_of(server, metrics=[Mine(), NotDerived()])
    client.chat("hi")

    assert counted["gw.requests"] == counted["second gw.requests"] == 1
    assert counted["gw.success"] == counted["chat_requests"] == 1
    assert (counted["gw.tokens_input"], counted["gw.tokens_output"]) == (1, 2)
    assert stopped == [True]


def test_every_kind_of_end_is_counted_exactly_once(server):
    observer = RecordingObserver()
    client = client_of(server, metrics=[observer])
    client.chat("hi")
    server.script(BUSY)
    with pytest.raises(OverloadedError):
        client.chat("hi")
    server.script(sse_reply(stream_events("He", "llo")))
    client.stream("hi").final_response()
    with client.stream("hi") as left:
        next(left)
    dropped = client.stream("hi")
    next(dropped)
    del dropped
    gc.collect()
    cancelled = client.stream("hi")
    next(cancelled)
    cancelled.cancel()
    with pytest.raises(CancelledError):
        cancelled.final_response()
    server.script(sse_reply([chunk_event("He")]))
    with pytest.raises(StreamInterruptedError):
        client.stream("hi").final_response()

    outcomes = [(record.start.operation, record.outcome) for record in observer.records]
    assert outcomes == [
        ("chat", "success"), ("chat", "error"), ("stream", "success"), ("stream", "abandoned"), ("stream", "abandoned"),
        ("stream", "cancelled"), ("stream", "interrupted"),
    ]  # fmt: skip
    assert len(observer.started) == len({start.id for start in observer.started}) == 7


def test_a_cancelled_stream_that_is_then_closed_counts_as_cancelled(server):
    observer = RecordingObserver()
    client = client_of(server, metrics=[observer])
    with client.stream("hi") as left:
        next(left)
        left.cancel()
    dropped = client.stream("hi")
    dropped.cancel()
    del dropped
    gc.collect()

    assert [record.outcome for record in observer.records] == ["cancelled", "cancelled"]


@pytest.mark.parametrize(
    ("hook", "raised", "outcome"),
    [
        ("on_request", ValueError, "error"),
        ("on_chunk", ValueError, "error"),
        ("on_response", ValueError, "error"),
        ("on_chunk", KeyboardInterrupt, "cancelled"),
    ],
)
@pytest.mark.parametrize("operation", ["chat", "stream"])
def test_a_hook_that_raises_ends_the_call_and_the_count_of_those_in_flight(server, hook, raised, outcome, operation):
    class Raising(Interceptor):
        pass

    def fail(*_):
        raise raised("not like this")

    if operation == "chat" and hook == "on_chunk":
        hook = "on_response"
    setattr(Raising, hook, staticmethod(fail))
    observer, counts = RecordingObserver(), InMemoryMetrics()
    client = client_of(server, metrics=[observer, counts], interceptors=[Raising()])

    with pytest.raises(raised, match="not like this"):
        client.chat("hi") if operation == "chat" else client.stream("hi").final_response()

    (record,) = observer.records
    assert (record.outcome, record.error) == (outcome, None)
    assert counts.snapshot().in_flight == 0
    assert client.guard.in_flight == 0


def test_a_record_has_what_happened(server):
    observer = RecordingObserver()
    server.script(BUSY, json_reply(200, completion(), {"x-request-id": "r1"}))
    resilience = ResilienceConfig(retry=RetryPolicy(base=0.001))

    client_of(server, metrics=[observer], resilience=resilience).chat("hi", tags=("a", "b"), temperature=0.5)

    (record,) = observer.records
    assert (record.provider, record.model, record.request_id, record.finish_reason) == ("gw", "m", "r1", "stop")
    assert (record.usage.prompt_tokens, record.usage.completion_tokens, record.cost) == (1, 2, None)
    assert [attempt.error for attempt in record.attempts] == ["OverloadedError"]
    assert (record.start.tags, record.start.request.temperature) == (("a", "b"), 0.5)
    assert record.seconds > 0


def test_the_record_of_a_stream_has_the_time_to_its_first_chunk(server):
    observer = RecordingObserver()
    server.script(sse_reply(stream_events("He", "llo"), delay=0.02))

    client_of(server, metrics=[observer]).stream("hi").final_response()

    (record,) = observer.records
    assert 0 < record.first_chunk < record.seconds


def test_a_failure_keeps_the_class_and_the_partial_answer(server):
    observer = RecordingObserver()
    server.script(sse_reply([chunk_event("He")]))
    with pytest.raises(StreamInterruptedError):
        client_of(server, metrics=[observer]).stream("hi").final_response()

    (record,) = observer.records
    assert isinstance(record.error, StreamInterruptedError)
    assert record.response.text == "He"


def test_a_stream_that_fell_back_is_not_a_success_of_the_first_provider(server):
    inner, outer = RecordingObserver(), RecordingObserver()
    server.script(sse_reply([]), sse_reply(stream_events("He", "llo")))
    first = client_of(server, metrics=[inner])
    second = ProviderConfig("second", base_url=server.url, default_model="m")
    idle = ProviderConfig("idle", base_url="http://127.0.0.1:9", default_model="m")
    route = FallbackChain().always(first).always(second)
    client = AiClient(idle, route=route, metrics=outer, resilience=ResilienceConfig.none())

    assert client.stream("hi").final_response().text == "Hello"

    assert [record.outcome for record in outer.records] == ["success"]
    assert [record.outcome for record in inner.records] in (["error"], ["interrupted"])


def test_the_log_includes_other_operations(server):
    observer = RecordingObserver()
    server.script(json_reply(200, {"data": [{"id": "m"}]}))

    client_of(server, metrics=[observer]).list_models()

    assert [(record.start.operation, record.outcome) for record in observer.records] == [("list_models", "success")]


def test_an_observer_that_raises_does_not_break_the_call(server, caplog):
    class Broken:
        def call_started(self, start):
            raise ValueError("begin")

    class BrokenEnd:
        def call_started(self, start):
            def ended(record):
                raise ValueError("end")

            return ended

    class BrokenCounter:
        def incr_counter(self, name, value=1):
            raise ValueError("count")

    observer = RecordingObserver()
    with caplog.at_level(logging.ERROR, "ai_lib"):
        answer = client_of(server, metrics=[Broken(), BrokenEnd(), BrokenCounter(), observer]).chat("hi")

    assert answer.text == "hi"
    assert len(observer.records) == 1
    assert "an observer of calls raised" in caplog.text


def test_500_calls_from_16_threads_are_counted_exactly(server):
    metrics, observer = InMemoryMetrics(), RecordingObserver()
    client = client_of(server, metrics=[metrics, observer])

    client.batch(["hi"] * 500, max_workers=16)

    assert len(observer.records) == 500
    assert metrics.snapshot().count(outcome="success") == 500


def test_an_object_that_is_not_an_observer_is_rejected(server):
    with pytest.raises(ConfigurationError):
        client_of(server, metrics=[object()])


def test_observers_stay_in_their_process(server):
    metrics = InMemoryMetrics()

    copy = pickle.loads(pickle.dumps(client_of(server, metrics=[metrics])))

    assert copy.chat("hi").text == "hi"
    assert metrics.snapshot().count() == 0
    assert copy.explain()["metrics"].value == "none"


def test_observers_see_the_calls_of_a_copy(server):
    observer = RecordingObserver()

    client_of(server, metrics=[observer]).with_options(timeout=5).chat("hi")

    assert len(observer.records) == 1


def test_the_builder_has_a_step_for_it(server):
    observer = RecordingObserver()
    config = ProviderConfig("gw", base_url=server.url, default_model="m")

    AiClient.builder(config).with_metrics(observer).build().chat("hi")

    assert len(observer.records) == 1


def test_the_trace_of_an_answer_lists_attempts_and_waits(server):
    server.script(BUSY, json_reply(200, completion()))
    resilience = ResilienceConfig(retry=RetryPolicy(base=0.001))

    answer = client_of(server, resilience=resilience).chat("hi")

    assert [(step.kind, step.facts.get("error")) for step in answer.trace] == [
        ("request", None),
        ("retry", "OverloadedError"),
    ]
    assert "retry" in str(answer.trace)
    assert answer.trace.timings["first_byte"] > 0


def test_explain_shows_where_each_setting_comes_from(server, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "canary-4711")
    monkeypatch.setenv("GROQ_MODEL", "from-env")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary@proxy:1")
    client = AiClient("groq", options=ConnectionOptions(timeout=5.0, headers={"x-a": "canary"}))

    explained = client.explain()

    assert {
        name: (explained[name].value, explained[name].source)
        for name in ("provider", "model", "api_key", "timeout.total", "proxy")
    } == {
        "provider": ("groq", "argument"),
        "model": ("from-env", "environment GROQ_MODEL"),
        "api_key": ("***", "environment GROQ_API_KEY"),
        "timeout.total": ("5 s", "argument"),
        "proxy": ("***", "environment HTTPS_PROXY"),
    }
    assert explained["base_url"].source == "configuration of groq"
    assert "canary" not in str(explained) + repr(explained)
    with pytest.raises(KeyError):
        explained["nonsense"]


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({"HTTP_PROXY": "http://u:canary@proxy:1"}, ("***", "environment HTTP_PROXY")),
        ({"HTTPS_PROXY": "http://u:canary@proxy:1"}, ("none", "default")),
        ({"HTTP_PROXY": "http://u:canary@proxy:1", "NO_PROXY": "gw.test"}, ("none", "default")),
        ({"AI_PROXY_URL": "http://u:canary@proxy:1"}, ("***", "environment AI_PROXY_URL")),
    ],
)
def test_explain_names_the_proxy_that_is_used_for_the_address(variables, shown, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    proxy = AiClient(ProviderConfig("gw", base_url="http://gw.test/v1")).explain()["proxy"]

    assert (proxy.value, proxy.source) == shown


def test_explain_shows_the_effective_retries_and_the_observers(server):
    mine = ResilienceConfig(retry=RetryPolicy(max_retries=5))
    explained = client_of(server, metrics=[RecordingObserver(), InMemoryMetrics()], resilience=mine).explain()
    none = client_of(server).explain()
    fewer = client_of(server, resilience=mine, options=ConnectionOptions(max_retries=1)).explain()

    assert (explained["max_retries"].value, explained["max_retries"].source) == (5, "argument resilience")
    assert (none["max_retries"].value, none["max_retries"].source) == (0, "argument resilience")
    assert (fewer["max_retries"].value, fewer["max_retries"].source) == (1, "argument")
    assert explained["metrics"].value == "RecordingObserver, InMemoryMetrics"


def test_observers_see_other_operations_with_id_model_and_tokens(server):
    body = {"model": "embed-7", "data": [{"index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 3}}
    server.script(json_reply(200, body, {"x-request-id": "r7"}))
    observer = RecordingObserver()
    options = ConnectionOptions(api_key="k", base_url=server.url + "/v1")

    AiClient("openai", options=options, metrics=observer).embed("hi")

    (record,) = observer.records
    assert (record.start.operation, record.model, record.request_id) == ("embed", "embed-7", "r7")
    assert (record.usage.prompt_tokens, record.usage_status.value) == (3, "finalized")


def test_the_record_has_the_address_that_answered(server):
    observer = RecordingObserver()
    with Server(json_reply(200, completion())) as second:
        array = ModelArray("both").add_endpoint(name="a", url=server.url + "/v1", model="m")
        client = AiClient(array.add_endpoint(name="b", url=second.url + "/v1", model="m"), metrics=observer)
        client.chat("hi")
        client.chat("hi")

        assert [start.base_url for start in observer.started] == ["", ""]
        assert {record.base_url for record in observer.records} == {server.url + "/v1", second.url + "/v1"}
