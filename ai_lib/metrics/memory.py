"""Metrics in memory, to be read by the program or scraped by Prometheus, without any package."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from decimal import Decimal
from types import MappingProxyType

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.prometheus_text import render
from ai_lib.metrics.record import BoundedLabels, error_class, is_cost_unknown, is_failure, token_counts
from ai_lib.metrics.snapshot import CallKey, Distribution, Series, SeriesTotals, Snapshot
from ai_lib.utils.inbox import Inbox
from ai_lib.utils.process import PerProcess

__all__ = ["InMemoryMetrics"]


class InMemoryMetrics:
    """Counts calls, errors, tokens, cost and durations, exactly and from any number of threads.

    A forked child counts its own calls, from zero.

    Args:
        window: Number of the last durations of each operation, provider and model that percentiles are computed from.
        max_models: Number of models that are counted separately; others are counted as "other".

    Raises:
        ConfigurationError: An argument is not a positive integer.
    """

    def __init__(self, *, window: int = 1000, max_models: int = 200) -> None:
        for name, value in (("window", window), ("max_models", max_models)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ConfigurationError(f"{name} must be an integer >= 1, got {value!r}")
        self._state = PerProcess(lambda: _Counts(window, max_models))

    def call_started(self, start: CallStart) -> EndCallback:
        """Count the call as in flight."""
        self._state().in_flight.add(start.id)
        return self._end

    def _end(self, record: CallRecord) -> None:
        state = self._state()
        state.in_flight.discard(record.start.id)
        state.inbox.put(record)

    def snapshot(self) -> Snapshot:
        """Return the counts of all calls so far."""
        state = self._state()
        with state.inbox.paused():
            return Snapshot(
                calls=MappingProxyType(dict(state.calls)),
                errors=MappingProxyType(dict(state.errors)),
                attempts=MappingProxyType(dict(state.attempts)),
                series=MappingProxyType({series: totals.frozen() for series, totals in state.series.items()}),
                in_flight=len(state.in_flight),
            )

    def reset(self) -> None:
        """Reset all counts to zero, except calls in flight."""
        state = self._state()
        with state.inbox.paused():
            for part in (state.calls, state.errors, state.attempts, state.series):
                part.clear()

    def render(self) -> str:
        """Return the counts in the Prometheus text format; serve them with `prometheus_text.CONTENT_TYPE`."""
        return render(self.snapshot())


class _Counts:
    """The counts of one process."""

    def __init__(self, window: int, max_models: int) -> None:
        self.calls: Counter[CallKey] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.series: defaultdict[Series, _Totals] = defaultdict(lambda: _Totals(window))
        # Adding to a set and discarding from it are atomic in CPython, and need no lock.
        self.in_flight: set[str] = set()
        self.inbox = Inbox(self.add)
        self._label = BoundedLabels(max_models)

    def add(self, record: CallRecord) -> None:
        operation, provider, model = record.start.operation, record.provider, self._label(record.model)
        self.calls[CallKey(operation, provider, model, record.outcome)] += 1
        if is_failure(record):
            self.errors[provider, error_class(record)] += 1
        for attempt in record.attempts:
            self.attempts[attempt.provider or provider, attempt.decision] += 1
        self.series[Series(operation, provider, model)].add(record)


class _Durations:
    def __init__(self, window: int) -> None:
        self._last: deque[float] = deque(maxlen=window)
        self._count = 0
        self._total = 0.0

    def add(self, seconds: float) -> None:
        self._last.append(seconds)
        self._count += 1
        self._total += seconds

    def frozen(self) -> Distribution:
        return Distribution.of(self._last, self._count, self._total)


class _Totals:
    def __init__(self, window: int) -> None:
        self._tokens: Counter[str] = Counter(prompt=0, completion=0, cached=0, reasoning=0)
        self._cost = Decimal()
        self._cost_unknown = 0
        self._seconds = _Durations(window)
        self._first_chunk = _Durations(window)

    def add(self, record: CallRecord) -> None:
        self._tokens.update(token_counts(record))
        self._cost += record.cost or 0
        self._cost_unknown += is_cost_unknown(record)
        self._seconds.add(record.seconds)
        if record.first_chunk is not None:
            self._first_chunk.add(record.first_chunk)

    def frozen(self) -> SeriesTotals:
        return SeriesTotals(
            tokens=MappingProxyType(dict(self._tokens)),
            cost=self._cost,
            cost_unknown=self._cost_unknown,
            seconds=self._seconds.frozen(),
            first_chunk=self._first_chunk.frozen(),
        )
