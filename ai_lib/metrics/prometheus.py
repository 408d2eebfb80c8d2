"""Counters and histograms of prometheus_client. Needs `pip install ai-lib[prometheus]`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.record import (
    SECONDS_BOUNDARIES,
    BoundedLabels,
    error_class,
    is_cost_unknown,
    is_failure,
    token_counts,
)
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["PrometheusMetrics"]

_SERIES = ("operation", "provider", "model")
_CALL = (*_SERIES, "outcome")


class PrometheusMetrics:
    """Reports every call to prometheus_client. Any number of clients may share one instance.

    The metrics are `<namespace>_calls_total`, `_call_duration_seconds` and `_first_chunk_seconds` by operation,
    provider, model and outcome; `_tokens_total`, also by kind ("prompt" includes "cached", "completion" includes
    "reasoning"), `_cost_usd_total` and `_cost_unknown_calls_total` by operation, provider and model;
    `_errors_total` by provider and class; `_failed_attempts_total` by provider and decision; and `_calls_in_flight` by
    operation and the client's provider. A stream that is closed or dropped before its end is counted with the next
    call, or by the next scrape; in prometheus_client's multiprocess mode only with the next call.

    Args:
        registry: Where the metrics are registered; None means prometheus_client's default registry.
        namespace: Prefix of their names.
        max_models: Number of models with a label of their own; others are counted as "other".

    Raises:
        ConfigurationError: prometheus_client is not installed, or the registry has metrics of these names already.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, namespace: str = "ai_lib", *, max_models: int = 200
    ) -> None:
        self._model = BoundedLabels(max_models)
        # Per process, so that a forked child does not count the pending records of its parent again.
        self._pending: PerProcess[deque[CallRecord]] = PerProcess(deque)
        try:
            from prometheus_client import REGISTRY, Counter, Gauge, Histogram
        except ImportError as exc:
            raise ConfigurationError(
                'PrometheusMetrics needs the package prometheus_client: pip install "ai-lib[prometheus]"',
                code="missing_package",
            ) from exc
        registry = REGISTRY if registry is None else registry
        common: dict[str, Any] = {"namespace": namespace, "registry": registry}
        timed: dict[str, Any] = {**common, "labelnames": _CALL, "buckets": SECONDS_BOUNDARIES}
        try:
            # First, so that a scrape counts pending records before it reads anything.
            registry.register(self)
            self._calls = Counter("calls", "Calls that ended.", _CALL, **common)
            self._seconds = Histogram("call_duration_seconds", "Duration of calls.", **timed)
            self._first_chunk = Histogram("first_chunk_seconds", "Time to the first chunk of streams.", **timed)
            text = "Tokens; prompt includes cached, completion includes reasoning."
            self._tokens = Counter("tokens", text, (*_SERIES, "kind"), **common)
            self._cost = Counter("cost_usd", "US dollars, where known.", _SERIES, **common)
            text = "Calls that were answered and whose cost is unknown."
            self._cost_unknown = Counter("cost_unknown_calls", text, _SERIES, **common)
            self._errors = Counter("errors", "Calls that failed, by class of error.", ("provider", "error"), **common)
            text = "Attempts that failed, by decision."
            self._attempts = Counter("failed_attempts", text, ("provider", "decision"), **common)
            text = "Calls that have started and not ended."
            labels = ("operation", "provider")
            self._in_flight = Gauge("calls_in_flight", text, labels, multiprocess_mode="livesum", **common)
        except ValueError as exc:
            for collector in (self, *(value for value in vars(self).values() if hasattr(value, "collect"))):
                registry.unregister(collector)
            raise ConfigurationError(
                f"the registry has metrics of {namespace} already: give one PrometheusMetrics to all clients, "
                "or each its own namespace"
            ) from exc

    def call_started(self, start: CallStart) -> EndCallback:
        """Count the call as in flight."""
        self._in_flight.labels(start.operation, start.provider).inc()
        self._count_pending()
        return self._end

    def _end(self, record: CallRecord) -> None:
        self._pending().append(record)
        # The end of a dropped stream comes from the garbage collector, perhaps in a thread that holds one of
        # prometheus_client's locks, which are not re-entrant. The next call, or the next scrape, counts it.
        if record.outcome != "abandoned":
            self._count_pending()

    def describe(self) -> Iterable[Any]:
        """Return nothing: the registry calls this for the names of a collector's own metrics."""
        return ()

    def collect(self) -> Iterable[Any]:
        """Count pending records; the registry calls this before it reads the metrics that were registered later."""
        self._count_pending()
        return ()

    def _count_pending(self) -> None:
        pending = self._pending()
        while True:
            try:
                record = pending.popleft()
            except IndexError:  # not a test for emptiness: another thread may have taken the last one
                return
            start = record.start
            series = (start.operation, record.provider, self._model(record.model))
            call = (*series, record.outcome)
            self._in_flight.labels(start.operation, start.provider).dec()
            self._calls.labels(*call).inc()
            self._seconds.labels(*call).observe(record.seconds)
            if record.first_chunk is not None:
                self._first_chunk.labels(*call).observe(record.first_chunk)
            for kind, count in token_counts(record).items():
                self._tokens.labels(*series, kind).inc(count)
            self._cost.labels(*series).inc(float(record.cost or 0))
            self._cost_unknown.labels(*series).inc(int(is_cost_unknown(record)))
            if is_failure(record):
                self._errors.labels(record.provider, error_class(record)).inc()
            for attempt in record.attempts:
                self._attempts.labels(attempt.provider or record.provider, attempt.decision).inc()
