"""What is made of a client's calls: counters, Prometheus, OpenTelemetry, JSON logs, an audit log.

>>> from ai_lib import AiClient
>>> from ai_lib.metrics import InMemoryMetrics
>>> metrics = InMemoryMetrics()
>>> client = AiClient("ollama", metrics=[metrics])

May import `api`, `types`, `errors` and `utils`. prometheus_client and opentelemetry are imported when the class that
needs them is made, and nowhere else.
"""

from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, Metrics, Timer
from ai_lib.metrics.audit import AuditLog
from ai_lib.metrics.logs import JsonLog
from ai_lib.metrics.memory import InMemoryMetrics
from ai_lib.metrics.observer import MetricsObserver, as_observer
from ai_lib.metrics.otel import OpenTelemetryTracing
from ai_lib.metrics.prometheus import PrometheusMetrics
from ai_lib.metrics.redaction import redact
from ai_lib.metrics.snapshot import CallKey, Distribution, Series, SeriesTotals, Snapshot

__all__ = [
    "AuditLog", "CallKey", "CallObserver", "CallRecord", "CallStart", "Distribution", "InMemoryMetrics", "JsonLog",
    "Metrics", "MetricsObserver", "OpenTelemetryTracing", "PrometheusMetrics", "Series", "SeriesTotals", "Snapshot",
    "Timer", "as_observer", "redact",
]  # fmt: skip
