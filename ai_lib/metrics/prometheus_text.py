"""The Prometheus text format, written without prometheus_client.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import attrs

from ai_lib.metrics.snapshot import Distribution, Snapshot

__all__ = ["CONTENT_TYPE", "render"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The header `Content-Type` for `render`."""

# A suffix of the family's name, the labels, the value.
_Sample: TypeAlias = tuple[str, Mapping[str, str], int | float | Decimal]


def render(snapshot: Snapshot) -> str:
    """Return the counts in the Prometheus text format, version 0.0.4."""
    lines = []
    for name, kind, description, samples in _families(snapshot):
        lines += [f"# HELP ai_lib_{name} {description}", f"# TYPE ai_lib_{name} {kind}"]
        for suffix, labels, value in samples:
            text = ",".join(f'{label}="{_escape(content)}"' for label, content in labels.items())
            lines.append(f"ai_lib_{name}{suffix}{{{text}}} {value}" if text else f"ai_lib_{name}{suffix} {value}")
    return "".join(line + "\n" for line in lines)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _families(snapshot: Snapshot) -> Iterator[tuple[str, str, str, Iterable[_Sample]]]:
    """Yield each family: its name, its kind, its description and its samples."""
    series = [(attrs.asdict(key), totals) for key, totals in snapshot.series.items()]
    calls = [("", attrs.asdict(key), count) for key, count in snapshot.calls.items()]
    yield "calls_total", "counter", "Calls that ended.", calls
    errors = [("", {"provider": who, "error": error}, count) for (who, error), count in snapshot.errors.items()]
    yield "errors_total", "counter", "Calls that failed, by class of error.", errors
    attempts = [("", {"provider": who, "decision": what}, count) for (who, what), count in snapshot.attempts.items()]
    yield "failed_attempts_total", "counter", "Attempts that failed, by decision.", attempts
    tokens = [("", {**key, "kind": kind}, count) for key, totals in series for kind, count in totals.tokens.items()]
    yield "tokens_total", "counter", "Tokens; prompt includes cached, completion includes reasoning.", tokens
    yield "cost_usd_total", "counter", "US dollars, where known.", [("", key, totals.cost) for key, totals in series]
    unknown = [("", key, totals.cost_unknown) for key, totals in series]
    yield "cost_unknown_calls_total", "counter", "Calls that were answered and whose cost is unknown.", unknown
    seconds = _summary((key, totals.seconds) for key, totals in series)
    yield "call_duration_seconds", "summary", "Duration of calls.", seconds
    first_chunk = _summary((key, totals.first_chunk) for key, totals in series)
    yield "first_chunk_seconds", "summary", "Time to the first chunk of streams.", first_chunk
    yield "calls_in_flight", "gauge", "Calls that have started and not ended.", [("", {}, snapshot.in_flight)]


def _summary(series: Iterable[tuple[Mapping[str, str], Distribution]]) -> Iterator[_Sample]:
    for labels, distribution in series:
        quantiles = (("0.5", distribution.p50), ("0.95", distribution.p95), ("0.99", distribution.p99))
        for quantile, value in quantiles:
            if value is not None:
                yield "", {**labels, "quantile": quantile}, value
        yield "_sum", labels, distribution.total
        yield "_count", labels, distribution.count
