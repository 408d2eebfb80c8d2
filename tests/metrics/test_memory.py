"""Counts kept in memory."""

import os
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ai_lib.errors import ConfigurationError, RateLimitError
from ai_lib.metrics import CallKey, InMemoryMetrics, Series
from ai_lib.metrics.prometheus_text import CONTENT_TYPE
from ai_lib.types.trace import Attempt
from tests.support.observed_calls import KNOWN_USAGE, call_record, call_start, report_call

CHAT = Series("chat", "groq", "llama")


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, *sorted(sample.labels.values())] = sample.value
    return found


def test_calls_are_counted_by_how_they_ended():
    metrics = InMemoryMetrics()

    report_call(metrics, **KNOWN_USAGE)
    report_call(metrics, outcome="error", error=RateLimitError(""))
    report_call(metrics, call_start(operation="stream"), outcome="cancelled")
    report_call(metrics, call_start(operation="stream"), outcome="abandoned")

    snapshot = metrics.snapshot()
    assert snapshot.calls == {
        CallKey("chat", "groq", "llama", "success"): 1,
        CallKey("chat", "groq", "llama", "error"): 1,
        CallKey("stream", "groq", "llama", "cancelled"): 1,
        CallKey("stream", "groq", "llama", "abandoned"): 1,
    }
    assert snapshot.errors == {("groq", "RateLimitError"): 1}
    assert snapshot.count(operation="stream") == 2
    assert snapshot.count(provider="groq", model="llama", outcome="success") == 1
    assert snapshot.count(provider="openai") == 0


def test_tokens_are_added_up_by_kind():
    metrics = InMemoryMetrics()

    report_call(metrics, **KNOWN_USAGE)
    report_call(metrics, **KNOWN_USAGE)

    snapshot = metrics.snapshot()
    assert snapshot.series[CHAT].tokens == {"prompt": 20, "completion": 10, "cached": 8, "reasoning": 4}
    assert snapshot.tokens("prompt") == 20


def test_calls_of_unknown_cost_are_counted_separately():
    metrics = InMemoryMetrics()

    report_call(metrics, cost=Decimal("0.1"))
    report_call(metrics, cost=Decimal("0.2"))
    report_call(metrics)
    report_call(metrics, outcome="error")
    report_call(metrics, call_start(operation="list_models", model=None))

    snapshot = metrics.snapshot()
    assert snapshot.cost == Decimal("0.3")
    assert snapshot.cost_unknown == 1


def test_percentiles_are_those_of_the_last_calls():
    metrics = InMemoryMetrics(window=100)

    report_call(metrics, seconds=1000.0)
    for hundredths in range(1, 101):
        report_call(metrics, seconds=hundredths / 100, first_chunk=0.25)

    series = metrics.snapshot().series[CHAT]
    assert (series.seconds.p50, series.seconds.p95, series.seconds.p99) == (0.5, 0.95, 0.99)
    assert series.seconds.count == 101
    assert series.seconds.total == pytest.approx(1050.5)
    assert series.first_chunk.p99 == 0.25


def test_what_never_took_any_time_has_no_percentiles():
    metrics = InMemoryMetrics()

    report_call(metrics)

    assert metrics.snapshot().series[CHAT].first_chunk.p50 is None


def test_attempts_and_retries_are_counted():
    metrics = InMemoryMetrics()
    retried = Attempt("OverloadedError", provider="groq", decision="retried")

    report_call(
        metrics, attempts=(retried, retried, Attempt("OverloadedError", decision="max_retries")), outcome="error"
    )

    assert metrics.snapshot().attempts == {("groq", "retried"): 2, ("groq", "max_retries"): 1}
    assert metrics.snapshot().retries == 2


def test_a_call_is_in_flight_until_it_ends():
    metrics = InMemoryMetrics()

    ended = metrics.call_started(call_start())
    before = metrics.snapshot().in_flight
    ended(call_record())

    assert (before, metrics.snapshot().in_flight) == (1, 0)


def test_too_many_models_become_other():
    metrics = InMemoryMetrics(max_models=2)

    for model in ("a", "b", "c", "d", "a"):
        report_call(metrics, model=model)

    assert {key.model: count for key, count in metrics.snapshot().calls.items()} == {"a": 2, "b": 1, "other": 2}


def test_a_snapshot_stays_as_it_was():
    metrics = InMemoryMetrics()
    report_call(metrics)

    snapshot = metrics.snapshot()
    report_call(metrics)
    metrics.reset()

    assert snapshot.count() == 1
    assert metrics.snapshot().count() == 0
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        snapshot.in_flight = 3
    with pytest.raises(TypeError):
        snapshot.calls[CallKey("chat", "x", "y", "success")] = 1


def test_64_threads_are_counted_exactly():
    metrics = InMemoryMetrics()

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda number: report_call(metrics, call_start(id=str(number)), **KNOWN_USAGE), range(1280)))

    snapshot = metrics.snapshot()
    assert snapshot.count() == 1280
    assert snapshot.tokens("completion") == 6400
    assert snapshot.series[CHAT].seconds.count == 1280
    assert snapshot.in_flight == 0


def test_prometheus_reads_what_is_rendered():
    metrics = InMemoryMetrics()

    report_call(metrics, **KNOWN_USAGE, cost=Decimal("0.5"), first_chunk=0.25)
    report_call(metrics, outcome="error", error=RateLimitError(""), attempts=(Attempt("RateLimitError"),))

    found = samples(metrics.render())
    where = ("chat", "groq", "llama")
    assert found["ai_lib_calls_total", *where, "success"] == 1
    assert found["ai_lib_calls_total", "chat", "error", "groq", "llama"] == 1
    assert found["ai_lib_errors_total", "RateLimitError", "groq"] == 1
    assert found["ai_lib_failed_attempts_total", "groq", "not_retryable"] == 1
    assert found["ai_lib_tokens_total", *where, "prompt"] == 10
    assert found["ai_lib_cost_usd_total", *where] == 0.5
    assert found["ai_lib_cost_unknown_calls_total", *where] == 0
    assert found["ai_lib_call_duration_seconds", "0.95", *where] == 0.5
    assert found["ai_lib_call_duration_seconds_sum", *where] == 1.0
    assert found["ai_lib_call_duration_seconds_count", *where] == 2
    assert found["ai_lib_first_chunk_seconds_count", *where] == 1
    assert found["ai_lib_calls_in_flight",] == 0
    assert "version=0.0.4" in CONTENT_TYPE


@pytest.mark.parametrize("model", ['say "hi"', "back\\slash", "line\nbreak", "\\n", "ünï, {x}=}"])
def test_labels_are_escaped(model):
    metrics = InMemoryMetrics()

    report_call(metrics, model=model)

    families = {family.name: family for family in text_string_to_metric_families(metrics.render())}
    assert families["ai_lib_calls"].samples[0].labels["model"] == model


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_counts_for_itself():
    metrics = InMemoryMetrics()
    report_call(metrics)

    with metrics._state().inbox.paused():
        child = os.fork()
        if child == 0:
            report_call(metrics)
            report_call(metrics)
            os._exit(metrics.snapshot().count())

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert metrics.snapshot().count() == 1


@pytest.mark.parametrize("limit", ["window", "max_models"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_an_invalid_limit_is_refused(limit, value):
    with pytest.raises(ConfigurationError, match=f"{limit} must be an integer >= 1, got {value!r}"):
        InMemoryMetrics(**{limit: value})
