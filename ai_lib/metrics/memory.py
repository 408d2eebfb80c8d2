"""Metrics in memory, to be read by the program or scraped by Prometheus, without any package."""

from __future__ import annotations

from collections import Counter, deque
from decimal import Decimal
from types import MappingProxyType

import attrs

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.labels import BoundedLabels
from ai_lib.metrics.prometheus_text import render
from ai_lib.metrics.record import error_class, is_cost_unknown, is_failure, token_counts
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
        self._state = PerProcess(lambda: _State(window, max_models))

    def call_started(self, start: CallStart) -> EndCallback:
        """Count the call as in flight."""
        state = self._state()
        state.in_flight.add(start.id)
        return self._end

    def _end(self, record: CallRecord) -> None:
        state = self._state()
        state.in_flight.discard(record.start.id)
        state.inbox.put(record)

    def snapshot(self) -> Snapshot:
        """Return the counts of all calls so far."""
        state = self._state()
        with state.inbox.paused():
            return state.counts.snapshot(len(state.in_flight))

    def reset(self) -> None:
        """Reset all counts to zero, except calls in flight."""
        state = self._state()
        with state.inbox.paused():
            state.counts = _Counts(state.window)

    def render(self) -> str:
        """Return the counts in the Prometheus text format; serve them with `prometheus_text.CONTENT_TYPE`."""
        return render(self.snapshot())


class _State:
    """The counts of one process."""

    def __init__(self, window: int, max_models: int) -> None:
        self.window = window
        self.counts = _Counts(window)
        # Adding to a set and discarding from it are atomic in CPython, and need no lock.
        self.in_flight: set[str] = set()
        self._model = BoundedLabels(max_models)
        self.inbox = Inbox(self.add)

    def add(self, record: CallRecord) -> None:
        self.counts.add(record, self._model(record.model))


class _Durations:
    def __init__(self, window: int) -> None:
        self._last: deque[float] = deque(maxlen=window)
        self._count = 0
        self._total = 0.0

    def add(self, seconds: float) -> None:
        self._last.append(seconds)
        self._count += 1
        self._total += seconds

    def distribution(self) -> Distribution:
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
            seconds=self._seconds.distribution(),
            first_chunk=self._first_chunk.distribution(),
        )


@attrs.define
class _Counts:
    _window: int
    _calls: Counter[CallKey] = attrs.field(factory=Counter, init=False)
    _errors: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)
    _attempts: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)
    _series: dict[Series, _Totals] = attrs.field(factory=dict, init=False)

    def add(self, record: CallRecord, model: str) -> None:
        operation, provider = record.start.operation, record.provider
        self._calls[CallKey(operation, provider, model, record.outcome)] += 1
        if is_failure(record):
            self._errors[provider, error_class(record)] += 1
        for attempt in record.attempts:
            self._attempts[attempt.provider or provider, attempt.decision] += 1
        series = Series(operation, provider, model)
        if series not in self._series:
            self._series[series] = _Totals(self._window)
        self._series[series].add(record)

    def snapshot(self, in_flight: int) -> Snapshot:
        return Snapshot(
            calls=MappingProxyType(dict(self._calls)),
            errors=MappingProxyType(dict(self._errors)),
            attempts=MappingProxyType(dict(self._attempts)),
            series=MappingProxyType({series: totals.frozen() for series, totals in self._series.items()}),
            in_flight=in_flight,
        )
