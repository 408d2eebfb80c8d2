"""Spans and histograms of OpenTelemetry. Needs `pip install ai-lib[otel]`, and an SDK that exports them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics import semconv
from ai_lib.metrics.content import input_messages, output_messages
from ai_lib.metrics.record import SECONDS_BOUNDARIES, error_class, has_usage, is_failure

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["OpenTelemetryTracing"]

# Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ (gen_ai.client.token.usage)
_TOKEN_BOUNDARIES = tuple(4**power for power in range(14))


class OpenTelemetryTracing:
    """Creates a span for every call, and measures its duration and tokens, by the conventions for generative AI.

    A span is a child of the one that is current where the call starts, and ends with the call, in any thread. Failed
    attempts are its events. Failed calls have the status ERROR; `ai_lib.outcome` marks cancelled and abandoned ones.

    Args:
        tracer_provider: Where spans go; None means the program's global one.
        meter_provider: Where measurements go; None means the program's global one.
        capture_content: Whether spans include prompts and answers, with what looks like a key masked.

    Raises:
        ConfigurationError: The package opentelemetry-api is not installed.
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
        """Start the span."""
        parent = self._current()
        name = semconv.operation_name(start.operation)
        span = self._tracer.start_span(
            f"{name} {start.model}" if start.model else name,
            context=parent,
            kind=self._kind,
            attributes=semconv.start_attributes(start),
            start_time=_nanoseconds(start.at),
        )
        if self._capture_content and span.is_recording():
            span.set_attributes(semconv.content_attributes("input", input_messages(start)))
        return partial(self._end, span, parent)

    def _end(self, span: Span, parent: Context, record: CallRecord) -> None:
        at, end = record.start.at, record.start.at + record.seconds
        if span.is_recording():
            span.set_attributes(semconv.end_attributes(record))
            if self._capture_content:
                span.set_attributes(semconv.content_attributes("output", output_messages(record)))
            if is_failure(record):
                span.set_status(self._failure)
            for attempt in record.attempts:
                # Attempts have a duration and no time; those of a hedge overlap.
                at = min(at + attempt.took, end)
                name = "retry" if attempt.decision == "retried" else "attempt_failed"
                span.add_event(f"ai_lib.{name}", semconv.attempt_attributes(attempt), timestamp=_nanoseconds(at))
                at = min(at + attempt.waited, end)
        span.end(end_time=_nanoseconds(end))
        # With the span as context, so that exemplars lead from a bucket to it, in whatever thread this runs.
        context, attributes = self._in_span(span, parent), semconv.metric_attributes(record)
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
