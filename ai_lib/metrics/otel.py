"""Spans and histograms of OpenTelemetry. Needs `pip install ai-lib[otel]`, and an SDK that takes them somewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics import semconv
from ai_lib.metrics.record import SECONDS_BOUNDARIES, error_class, has_usage, is_failure

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["OpenTelemetryTracing"]

# Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ (gen_ai.client.token.usage)
_TOKEN_BOUNDARIES = tuple(4**power for power in range(14))


class OpenTelemetryTracing:
    """Makes a span of every call, and measures its duration and tokens, as the conventions for generative AI say.

    A span is a child of the one that is current where the call begins, and ends with the call, in whatever thread that
    is. Attempts that failed are its events. Failed calls have the status ERROR; cancelled and abandoned ones say so in
    `ai_lib.outcome`.

    Args:
        tracer_provider: Where spans go; None means the one that the program has set.
        meter_provider: Where measurements go; None means the one that the program has set.
        capture_content: Put what was asked and answered into spans, without what looks like a key.

    Raises:
        ConfigurationError: opentelemetry is missing.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        *,
        capture_content: bool = False,
    ) -> None:
        try:
            from opentelemetry import context, metrics, trace
        except ImportError as exc:
            raise ConfigurationError(
                'OpenTelemetryTracing needs the package opentelemetry-api: pip install "ai-lib[otel]"',
                code="missing_package",
            ) from exc
        self._capture_content = capture_content
        self._current = context.get_current
        self._kind = trace.SpanKind.CLIENT
        self._failure = trace.Status(trace.StatusCode.ERROR)
        self._in_span = trace.set_span_in_context
        self._tracer = trace.get_tracer("ai_lib", tracer_provider=tracer_provider)
        meter = metrics.get_meter("ai_lib", meter_provider=meter_provider)
        seconds: dict[str, Any] = {"unit": "s", "explicit_bucket_boundaries_advisory": SECONDS_BOUNDARIES}
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration", description="GenAI operation duration.", **seconds
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk", description="Time to receive the first chunk.", **seconds
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKEN_BOUNDARIES,
        )

    def call_started(self, start: CallStart) -> EndCallback:
        """Begin the span."""
        parent = self._current()
        name = semconv.operation_name(start.operation)
        span = self._tracer.start_span(
            f"{name} {start.model}" if start.model else name,
            context=parent,
            kind=self._kind,
            attributes=semconv.at_start(start),
            start_time=_nanoseconds(start.at),
        )
        if self._capture_content and span.is_recording():
            span.set_attributes(semconv.input_content(start))
        return partial(self._ended, span, parent)

    def _ended(self, span: Span, parent: Context, record: CallRecord) -> None:
        begun = record.start.at
        if span.is_recording():
            self._complete(span, record)
        span.end(end_time=_nanoseconds(begun + record.seconds))
        # With the span, so that exemplars lead from a bucket to it, in whatever thread this is.
        self._measure(record, self._in_span(span, parent))

    def _complete(self, span: Span, record: CallRecord) -> None:
        span.set_attributes(semconv.at_end(record))
        if self._capture_content:
            span.set_attributes(semconv.output_content(record))
        if is_failure(record):
            span.set_status(self._failure)
        at, end = record.start.at, record.start.at + record.seconds
        for attempt in record.attempts:
            # Attempts tell how long they took, not when they were; those of a hedge overlap.
            at = min(at + attempt.took, end)
            name = "retry" if attempt.decision == "retried" else "attempt_failed"
            span.add_event(f"ai_lib.{name}", semconv.of_attempt(attempt), timestamp=_nanoseconds(at))
            at = min(at + attempt.waited, end)

    def _measure(self, record: CallRecord, context: Context) -> None:
        attributes = semconv.of_metrics(record)
        error = {"error.type": error_class(record)} if is_failure(record) else {}
        self._duration.record(record.seconds, {**attributes, **error}, context=context)
        if record.first_chunk is not None:
            self._first_chunk.record(record.first_chunk, attributes, context=context)
        if has_usage(record):
            usage = record.usage
            for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
                if count:
                    self._tokens.record(count, {**attributes, "gen_ai.token.type": kind}, context=context)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
