"""Counters and timers by name: the small `Metrics` interface, told of every call."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, EndCallback, Metrics, Outcome
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.record import UNKNOWN, error_class, has_usage, is_failure

__all__ = ["MetricsObserver", "as_observer"]

_NAMES: dict[Outcome, str] = {
    "success": "success",
    "error": "failure",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
}


_METHODS = ("call_started", *(name for name in vars(Metrics) if not name.startswith("_")))


class MetricsObserver:
    """Tells an object with some of the methods of `Metrics` of every call.

    When a call begins: `<provider>.requests`, `<operation>_requests` and the timer `<provider>.request_duration_ms`.
    When it ends: one of `<provider>.success`, `.failure`, `.interrupted`, `.cancelled` and `.abandoned`, then
    `<provider>.tokens_input` and `.tokens_output`, the histograms `<provider>.first_chunk_ms` and `<provider>.cost_usd`
    where they are known, and for a failure `errors.total` and `errors.<class>`. What is told at the end goes by the
    provider that answered, which with a route may be another one. The methods with tags are told the same without the
    provider in the name, and the duration as a histogram; their tags are `provider` and `model`.

    Args:
        metrics: The object. Methods that it lacks are left out.
    """

    def __init__(self, metrics: Any) -> None:
        self._count = _method(metrics, "incr_counter")
        self._time = _method(metrics, "start_timer")
        self._note = _method(metrics, "record_histogram")
        self._count_tagged = _method(metrics, "incr_counter_with_tags")
        self._note_tagged = _method(metrics, "record_histogram_with_tags")
        self._error = _method(metrics, "record_error")
        self._success = _method(metrics, "record_success")

    def call_started(self, start: CallStart) -> EndCallback:
        """Count the call and start its timer."""
        provider = start.provider
        self._count(f"{provider}.requests", 1)
        self._count(f"{start.operation}_requests", 1)
        self._count_tagged("requests", 1, _tags(provider, start.model))
        stop = _method(self._time(f"{provider}.request_duration_ms"), "stop")

        def ended(record: CallRecord) -> None:
            try:
                stop()
            finally:
                self._ended(record)

        return ended

    def _ended(self, record: CallRecord) -> None:
        self._both(record, _NAMES[record.outcome], 1)
        if has_usage(record):
            self._both(record, "tokens_input", record.usage.prompt_tokens)
            self._both(record, "tokens_output", record.usage.completion_tokens)
        self._distributions(record)
        name = f"{record.provider}.requests"
        self._success(name, record.outcome == "success")
        if is_failure(record):
            kind = error_class(record)
            self._count("errors.total", 1)
            self._count(f"errors.{kind}", 1)
            self._count_tagged(f"errors.{kind}", 1, _tags(record.provider, record.model))
            self._error(name, kind)

    def _both(self, record: CallRecord, name: str, value: int) -> None:
        self._count(f"{record.provider}.{name}", value)
        self._count_tagged(name, value, _tags(record.provider, record.model))

    def _distributions(self, record: CallRecord) -> None:
        known = {"request_duration_ms": record.seconds * 1000}
        if record.first_chunk is not None:
            known["first_chunk_ms"] = record.first_chunk * 1000
        if record.cost is not None:
            known["cost_usd"] = float(record.cost)
        for name, value in known.items():
            self._note_tagged(name, value, _tags(record.provider, record.model))
            # The timer has measured this one.
            if name != "request_duration_ms":
                self._note(f"{record.provider}.{name}", value)


def as_observer(given: Any) -> CallObserver:
    """Return what hears of every call.

    Args:
        given: A `CallObserver`, a `Metrics`, or any object with `incr_counter` or `start_timer`.

    Raises:
        ConfigurationError: It is none of these.
    """
    if isinstance(given, type):
        raise ConfigurationError(f"metrics takes objects, not classes: give {given.__name__}()")
    if any(iscoroutinefunction(getattr(given, name, None)) for name in _METHODS):
        raise ConfigurationError(f"metrics takes plain methods; those of {type(given).__name__} are coroutines")
    if callable(getattr(given, "call_started", None)):
        observer: CallObserver = given
        return observer
    if any(callable(getattr(given, name, None)) for name in ("incr_counter", "start_timer")):
        return MetricsObserver(given)
    raise ConfigurationError(
        f"metrics needs an object with call_started, incr_counter or start_timer; {type(given).__name__} has none"
    )


def _tags(provider: str, model: str | None) -> dict[str, str]:
    return {"provider": provider, "model": model or UNKNOWN}


def _method(of: Any, name: str) -> Callable[..., Any]:
    method = getattr(of, name, None)
    return method if callable(method) else _nothing


def _nothing(*_: Any) -> None:
    return None
