"""prometheus_client, scraped for real."""

import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from ai_lib.errors import ConfigurationError, RateLimitError
from ai_lib.metrics import PrometheusMetrics
from ai_lib.types.trace import Attempt
from tests.support.observed_calls import KNOWN_USAGE, call_record, call_start, report_call

CALL = {"operation": "chat", "provider": "groq", "model": "llama", "outcome": "success"}
SERIES = {"operation": "chat", "provider": "groq", "model": "llama"}


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def scrape(registry):
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)

    def scraped():
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=5) as response:
            text = response.read().decode()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    yield scraped
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_registry_that_cannot_take_all_is_left_as_it_was(registry):
    Counter("ai_lib_errors", "somebody else's", registry=registry)

    with pytest.raises(ConfigurationError, match="the registry has metrics of ai_lib already"):
        PrometheusMetrics(registry)

    assert [family.name for family in registry.collect()] == ["ai_lib_errors"]


def value(found, name, **labels):
    return found.get((name, frozenset(labels.items())))


def test_a_scrape_brings_exact_numbers(registry, scrape):
    metrics = PrometheusMetrics(registry)

    report_call(metrics, **KNOWN_USAGE, cost=Decimal("0.25"), first_chunk=0.25)
    report_call(metrics, **KNOWN_USAGE, cost=Decimal("0.5"), seconds=3.0)
    report_call(metrics)

    found = scrape()
    assert value(found, "ai_lib_calls_total", **CALL) == 3
    assert value(found, "ai_lib_call_duration_seconds_count", **CALL) == 3
    assert value(found, "ai_lib_call_duration_seconds_sum", **CALL) == 4.0
    assert value(found, "ai_lib_call_duration_seconds_bucket", **CALL, le="0.64") == 2
    assert value(found, "ai_lib_first_chunk_seconds_count", **CALL) == 1
    assert value(found, "ai_lib_tokens_total", **SERIES, kind="prompt") == 20
    assert value(found, "ai_lib_tokens_total", **SERIES, kind="completion") == 10
    assert value(found, "ai_lib_tokens_total", **SERIES, kind="cached") == 8
    assert value(found, "ai_lib_tokens_total", **SERIES, kind="reasoning") == 4
    assert value(found, "ai_lib_cost_usd_total", **SERIES) == 0.75
    assert value(found, "ai_lib_cost_unknown_calls_total", **SERIES) == 1
    assert value(found, "ai_lib_calls_in_flight", operation="chat", provider="groq") == 0


def test_a_scrape_brings_failures_and_attempts(registry, scrape):
    metrics = PrometheusMetrics(registry)

    retried = Attempt("RateLimitError", provider="groq", decision="retried")
    report_call(metrics, outcome="error", error=RateLimitError(""), attempts=(retried, retried))

    found = scrape()
    assert value(found, "ai_lib_calls_total", **{**CALL, "outcome": "error"}) == 1
    assert value(found, "ai_lib_errors_total", provider="groq", error="RateLimitError") == 1
    assert value(found, "ai_lib_failed_attempts_total", provider="groq", decision="retried") == 2


def test_a_call_is_in_flight_until_it_ends(registry, scrape):
    metrics = PrometheusMetrics(registry)
    labels = {"operation": "chat", "provider": "groq"}

    ended = metrics.call_started(call_start())
    before = value(scrape(), "ai_lib_calls_in_flight", **labels)
    ended(call_record(provider="openai"))

    assert before == 1
    assert value(scrape(), "ai_lib_calls_in_flight", **labels) == 0


def test_a_stream_that_was_dropped_is_counted_by_the_next_scrape(registry, scrape):
    metrics = PrometheusMetrics(registry)

    report_call(metrics, outcome="abandoned")

    assert registry.get_sample_value("ai_lib_calls_total", {**CALL, "outcome": "abandoned"}) == 1
    assert value(scrape(), "ai_lib_calls_total", **{**CALL, "outcome": "abandoned"}) == 1


def test_the_end_of_a_dropped_stream_takes_no_lock_of_the_registry(registry):
    metrics = PrometheusMetrics(registry)
    ended = metrics.call_started(call_start())

    with metrics._calls._lock, metrics._in_flight._lock:
        ended(call_record(outcome="abandoned"))

    assert registry.get_sample_value("ai_lib_calls_total", {**CALL, "outcome": "abandoned"}) == 1


def test_too_many_models_become_other(registry):
    metrics = PrometheusMetrics(registry, max_models=200)

    for number in range(250):
        report_call(metrics, model=f"m{number}")

    assert registry.get_sample_value("ai_lib_calls_total", {**CALL, "model": "other"}) == 50
    assert registry.get_sample_value("ai_lib_calls_total", {**CALL, "model": "m199"}) == 1


def test_64_threads_are_counted_exactly(registry):
    metrics = PrometheusMetrics(registry)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda _: report_call(metrics, **KNOWN_USAGE), range(640)))

    assert registry.get_sample_value("ai_lib_calls_total", CALL) == 640
    assert registry.get_sample_value("ai_lib_tokens_total", {**SERIES, "kind": "prompt"}) == 6400


def test_a_second_instance_in_a_registry_is_refused_and_leaves_nothing_behind(registry):
    PrometheusMetrics(registry)

    with pytest.raises(ConfigurationError, match="give one PrometheusMetrics to all clients"):
        PrometheusMetrics(registry)

    PrometheusMetrics(registry, namespace="other")


def test_a_missing_package_is_named(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with pytest.raises(ConfigurationError, match=r'pip install "ai-lib\[prometheus\]"'):
        PrometheusMetrics(registry)
