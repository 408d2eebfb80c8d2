"""The observer that reports calls to an object with the small `Metrics` interface."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, EndCallback, Metrics
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.record import UNKNOWN, error_class, has_usage, is_failure

__all__ = ["MetricsObserver", "as_observer"]

_METHODS = ("call_started", *(name for name in vars(Metrics) if not name.startswith("_")))


class MetricsObserver:
    """Reports every call to an object with some of the methods of `Metrics`.

    When a call starts: `<provider>.requests`, `<operation>_requests`, the timer `<provider>.request_duration_ms`.
    When it ends: one of `<provider>.success`, `.failure`, `.interrupted`, `.cancelled` and `.abandoned`, then
    `<provider>.tokens_input` and `.tokens_output`, the histograms `<provider>.first_chunk_ms` and `<provider>.cost_usd`
    if they are known, and for a failure `errors.total` and `errors.<class>`. The names at the end have the provider
    that answered, which with a route may be another one. The methods with tags receive the same without the provider in
    the name, and the duration as a histogram; their tags are `provider` and `model`.
    """

    def __init__(self, metrics: Any) -> None:
        self._count = _method(metrics, "incr_counter")
        self._start_timer = _method(metrics, "start_timer")
        self._observe = _method(metrics, "record_histogram")
        self._count_tagged = _method(metrics, "incr_counter_with_tags")
        self._observe_tagged = _method(metrics, "record_histogram_with_tags")
        self._record_error = _method(metrics, "record_error")
        self._record_success = _method(metrics, "record_success")

    def call_started(self, start: CallStart) -> EndCallback:
        """Count the call and start its timer."""
        provider = start.provider
        self._count(f"{provider}.requests", 1)
        self._count(f"{start.operation}_requests", 1)
        self._count_tagged("requests", 1, {"provider": provider, "model": start.model or UNKNOWN})
        stop = _method(self._start_timer(f"{provider}.request_duration_ms"), "stop")

        def end(record: CallRecord) -> None:
            try:
                stop()
            finally:
                self._report(record)

        return end

    def _report(self, record: CallRecord) -> None:
        provider = record.provider
        tags = {"provider": provider, "model": record.model or UNKNOWN}
        counts: dict[str, int] = {"failure" if record.outcome == "error" else record.outcome: 1}
        if has_usage(record):
            counts["tokens_input"] = record.usage.prompt_tokens
            counts["tokens_output"] = record.usage.completion_tokens
        for counter, count in counts.items():
            self._count(f"{provider}.{counter}", count)
            self._count_tagged(counter, count, tags)
        # Without tags the timer has measured the duration.
        self._observe_tagged("request_duration_ms", record.seconds * 1000, tags)
        for name, value, factor in (("first_chunk_ms", record.first_chunk, 1000), ("cost_usd", record.cost, 1)):
            if value is not None:
                self._observe_tagged(name, float(value) * factor, tags)
                self._observe(f"{provider}.{name}", float(value) * factor)
        self._record_success(f"{provider}.requests", record.outcome == "success")
        if is_failure(record):
            kind = error_class(record)
            self._count("errors.total", 1)
            self._count(f"errors.{kind}", 1)
            self._count_tagged(f"errors.{kind}", 1, tags)
            self._record_error(f"{provider}.requests", kind)


def as_observer(metrics: Any) -> CallObserver:
    """Return the observer for a `CallObserver`, a `Metrics`, or any object with `incr_counter` or `start_timer`.

    Raises:
        ConfigurationError: The object is none of these.
    """
    if isinstance(metrics, type):
        raise ConfigurationError(f"metrics takes objects, not classes: pass {metrics.__name__}()")
    if any(iscoroutinefunction(getattr(metrics, name, None)) for name in _METHODS):
        raise ConfigurationError(f"metrics takes plain methods; those of {type(metrics).__name__} are coroutines")
    if callable(getattr(metrics, "call_started", None)):
        observer: CallObserver = metrics
        return observer
    if any(callable(getattr(metrics, name, None)) for name in ("incr_counter", "start_timer")):
        return MetricsObserver(metrics)
    raise ConfigurationError(
        f"metrics requires an object with call_started, incr_counter or start_timer; {type(metrics).__name__} has none"
    )


def _method(target: Any, name: str) -> Callable[..., Any]:
    """Return a method, or a function that does nothing."""
    method = getattr(target, name, None)
    return method if callable(method) else lambda *_: None
