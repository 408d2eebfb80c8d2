"""Counters and histograms of prometheus_client. Needs `pip install ai-lib[prometheus]`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.labels import BoundedLabels
from ai_lib.metrics.record import SECONDS_BOUNDARIES, error_class, is_cost_unknown, is_failure, token_counts
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["PrometheusMetrics"]

_SERIES = ("operation", "provider", "model")
_CALL = (*_SERIES, "outcome")


class PrometheusMetrics:
    """Tells prometheus_client of every call. One object serves any number of clients.

    The metrics are `<namespace>_calls_total`, `_call_duration_seconds` and `_first_chunk_seconds` by operation,
    provider, model and outcome; `_tokens_total`, also by kind ("prompt" includes "cached", "completion" includes
    "reasoning"), `_cost_usd_total` and `_cost_unknown_calls_total` by operation, provider and model;
    `_errors_total` by provider and class; `_failed_attempts_total` by provider and what came of them; and
    `_calls_in_flight` by operation and the client's provider. A stream that is closed or dropped before its end is
    counted with the next call, or by the next scrape; in prometheus_client's multiprocess mode only with the next call.

    Args:
        registry: Where they are registered; None means prometheus_client's own.
        namespace: What their names begin with.
        max_models: How many models are told apart; further ones are counted as "other".

    Raises:
        ConfigurationError: prometheus_client is missing, or the registry has metrics of these names already.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, namespace: str = "ai_lib", *, max_models: int = 200
    ) -> None:
        self._model = BoundedLabels(max_models)
        # A fork must not count again what the parent has still to count.
        self._ended: PerProcess[deque[CallRecord]] = PerProcess(deque)
        self._make(registry, namespace)

    def call_started(self, start: CallStart) -> EndCallback:
        """Note that a call is in flight."""
        self._in_flight.labels(start.operation, start.provider).inc()
        self._count_waiting()
        return self._end

    def _end(self, record: CallRecord) -> None:
        self._ended().append(record)
        # A stream that was dropped tells so from the garbage collector, perhaps in a thread that holds one of
        # prometheus_client's locks, which are not re-entrant. The next call, or the next scrape, counts it.
        if record.outcome != "abandoned":
            self._count_waiting()

    def describe(self) -> Iterable[Any]:
        """Return nothing: the registry asks for the names of this collector's own metrics."""
        return ()

    def collect(self) -> Iterable[Any]:
        """Count what waits; the registry asks before it reads the metrics that were registered later."""
        self._count_waiting()
        return ()

    def _count_waiting(self) -> None:
        ended = self._ended()
        while True:
            try:
                record = ended.popleft()
            except IndexError:
                return
            self._count(record)

    def _count(self, record: CallRecord) -> None:
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

    def _make(self, registry: CollectorRegistry | None, namespace: str) -> None:
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
            # First, so that a scrape counts what waits before it reads anything.
            registry.register(self)
            self._calls = Counter("calls", "Calls that ended.", _CALL, **common)
            self._seconds = Histogram("call_duration_seconds", "How long calls took.", **timed)
            self._first_chunk = Histogram("first_chunk_seconds", "How long streams took to their first chunk.", **timed)
            told = "Tokens; prompt includes cached, completion includes reasoning."
            self._tokens = Counter("tokens", told, (*_SERIES, "kind"), **common)
            self._cost = Counter("cost_usd", "US dollars, where known.", _SERIES, **common)
            told = "Calls that were answered and whose cost is not known."
            self._cost_unknown = Counter("cost_unknown_calls", told, _SERIES, **common)
            self._errors = Counter("errors", "Calls that failed, by class of error.", ("provider", "error"), **common)
            told = "Attempts that failed, by what came of them."
            self._attempts = Counter("failed_attempts", told, ("provider", "decision"), **common)
            told = "Calls that have begun and not ended."
            by = ("operation", "provider")
            self._in_flight = Gauge("calls_in_flight", told, by, multiprocess_mode="livesum", **common)
        except ValueError as exc:
            for made in (self, *(one for one in vars(self).values() if hasattr(one, "collect"))):
                registry.unregister(made)
            raise ConfigurationError(
                f"the registry has metrics of {namespace} already: give one PrometheusMetrics to all clients, "
                "or each its own namespace"
            ) from exc
