"""Counters and timers by name."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from ai_lib.api.metrics import Metrics
from ai_lib.errors import ConfigurationError, RateLimitError
from ai_lib.metrics import InMemoryMetrics, MetricsObserver, as_observer
from tests.support.observed_calls import KNOWN_USAGE, call_start, report_call


class Two:
    """The two methods, and no more."""

    def __init__(self):
        self.counts = Counter()
        self.timers = []
        self.stopped = 0
        self._lock = threading.Lock()

    def incr_counter(self, name, value=1):
        with self._lock:
            self.counts[name] += value

    def start_timer(self, name):
        self.timers.append(name)
        return self

    def stop(self):
        with self._lock:
            self.stopped += 1


class WholeMetrics(Metrics):
    """Every method, each with what it was given."""

    def __init__(self):
        self.given = []

    def record_histogram(self, name, value):
        self.given.append(("histogram", name, value))

    def incr_counter_with_tags(self, name, value, tags):
        self.given.append(("count", name, value, tags))

    def record_histogram_with_tags(self, name, value, tags):
        self.given.append(("histogram", name, value, tags))

    def record_error(self, name, error_type):
        self.given.append(("error", name, error_type))

    def record_success(self, name, success):
        self.given.append(("success", name, success))


def test_counter_and_timer_are_called_for_a_successful_chat():
    metrics = Two()

    report_call(as_observer(metrics), **KNOWN_USAGE, cost=Decimal("0.25"))

    assert metrics.counts == {
        "groq.requests": 1,
        "chat_requests": 1,
        "groq.success": 1,
        "groq.tokens_input": 10,
        "groq.tokens_output": 5,
    }
    assert metrics.timers == ["groq.request_duration_ms"]
    assert metrics.stopped == 1


def test_a_failure_is_counted_by_the_class_of_its_error():
    metrics = Two()

    report_call(as_observer(metrics), outcome="error", error=RateLimitError("slow down"))

    assert metrics.counts == {
        "groq.requests": 1,
        "chat_requests": 1,
        "groq.failure": 1,
        "errors.total": 1,
        "errors.RateLimitError": 1,
    }


@pytest.mark.parametrize("outcome", ["cancelled", "abandoned"])
def test_a_cancelled_or_abandoned_stream_is_not_an_error(outcome):
    metrics = Two()

    report_call(as_observer(metrics), call_start(operation="stream"), outcome=outcome)

    assert metrics.counts == {"groq.requests": 1, "stream_requests": 1, f"groq.{outcome}": 1}


def test_a_stream_that_broke_off_is_an_error():
    metrics = Two()

    report_call(as_observer(metrics), call_start(operation="stream"), outcome="interrupted")

    assert metrics.counts["groq.interrupted"] == 1
    assert metrics.counts["errors.unknown"] == 1


def test_the_answer_counts_for_the_provider_that_gave_it():
    metrics = Two()

    report_call(as_observer(metrics), provider="openai")

    assert metrics.counts == {"groq.requests": 1, "chat_requests": 1, "openai.success": 1}


@pytest.mark.parametrize("name", ["incr_counter", "start_timer"])
def test_one_method_is_enough(name):
    class One:
        pass

    calls = []
    setattr(One, name, lambda _, *given: calls.append(given))

    report_call(
        as_observer(One()), **KNOWN_USAGE, outcome="error", error=RateLimitError(""), cost=Decimal(1), first_chunk=0.1
    )

    assert calls


def test_start_timer_may_return_none():
    class Untimed(Two):
        def start_timer(self, name):
            return None

    metrics = Untimed()

    report_call(as_observer(metrics))

    assert metrics.counts["groq.success"] == 1


def test_a_timer_that_fails_does_not_keep_the_counts_back():
    class Broken(Two):
        def stop(self):
            raise RuntimeError

    metrics = Broken()

    with pytest.raises(RuntimeError):
        report_call(as_observer(metrics))

    assert metrics.counts["groq.success"] == 1


def test_methods_with_tags_get_provider_and_model():
    metrics = WholeMetrics()
    tags = {"provider": "groq", "model": "llama"}

    report_call(MetricsObserver(metrics), **KNOWN_USAGE, cost=Decimal("0.25"), first_chunk=0.25)

    assert metrics.given == [
        ("count", "requests", 1, tags),
        ("count", "success", 1, tags),
        ("count", "tokens_input", 10, tags),
        ("count", "tokens_output", 5, tags),
        ("histogram", "request_duration_ms", 500.0, tags),
        ("histogram", "first_chunk_ms", 250.0, tags),
        ("histogram", "groq.first_chunk_ms", 250.0),
        ("histogram", "cost_usd", 0.25, tags),
        ("histogram", "groq.cost_usd", 0.25),
        ("success", "groq.requests", True),
    ]


def test_a_failure_is_reported_to_record_error():
    metrics = WholeMetrics()

    report_call(
        MetricsObserver(metrics),
        call_start(operation="list_models", model=None),
        outcome="error",
        error=RateLimitError(""),
    )

    tags = {"provider": "groq", "model": "unknown"}
    assert ("count", "errors.RateLimitError", 1, tags) in metrics.given
    assert ("success", "groq.requests", False) in metrics.given
    assert ("error", "groq.requests", "RateLimitError") in metrics.given


def test_64_threads_are_counted_exactly():
    metrics = Two()
    observer = as_observer(metrics)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda _: report_call(observer, **KNOWN_USAGE), range(640)))

    assert metrics.counts["groq.success"] == 640
    assert metrics.counts["groq.tokens_input"] == 6400
    assert metrics.stopped == 640


def test_an_observer_stays_what_it_is():
    observer = InMemoryMetrics()

    assert as_observer(observer) is observer


def test_a_metrics_that_overrides_nothing_is_taken():
    observer = as_observer(Metrics())

    assert report_call(observer, **KNOWN_USAGE, outcome="error", cost=Decimal(1)) is None
    assert isinstance(observer, MetricsObserver)


@pytest.mark.parametrize("given", [object(), None, "groq", 3])
def test_anything_else_is_refused(given):
    with pytest.raises(ConfigurationError, match=f"{type(given).__name__} has none"):
        as_observer(given)


def test_a_class_is_refused_with_the_way_to_make_it_an_object():
    with pytest.raises(ConfigurationError, match=r"pass Two\(\)"):
        as_observer(Two)


def test_coroutine_methods_are_refused():
    class Asynchronous:
        async def incr_counter(self, name, value):
            """Nobody waits for this."""

    with pytest.raises(ConfigurationError, match="those of Asynchronous are coroutines"):
        as_observer(Asynchronous())
