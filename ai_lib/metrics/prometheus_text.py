"""The Prometheus text format, written by hand.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import attrs

from ai_lib.metrics.snapshot import Distribution, SeriesTotals, Snapshot

__all__ = ["CONTENT_TYPE", "render"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The header `Content-Type` for `render`."""

_Value: TypeAlias = int | float | Decimal
# What stands behind the family's name, the labels, the value.
_Sample: TypeAlias = tuple[str, Mapping[str, str], _Value]


@attrs.frozen
class _Family:
    name: str
    kind: str
    help: str
    samples: Callable[[Snapshot], Iterable[_Sample]]


def render(snapshot: Snapshot) -> str:
    """Return the counts in the Prometheus text format, version 0.0.4."""
    return "".join(line + "\n" for family in _FAMILIES for line in _lines(family, snapshot))


def _lines(family: _Family, snapshot: Snapshot) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for suffix, labels, value in family.samples(snapshot):
        told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{suffix}{{{told}}} {value}" if told else f"{family.name}{suffix} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _calls(snapshot: Snapshot) -> Iterator[_Sample]:
    return (("", attrs.asdict(key), count) for key, count in snapshot.calls.items())


def _errors(snapshot: Snapshot) -> Iterator[_Sample]:
    return (("", {"provider": where, "error": error}, count) for (where, error), count in snapshot.errors.items())


def _attempts(snapshot: Snapshot) -> Iterator[_Sample]:
    return (("", {"provider": where, "decision": what}, count) for (where, what), count in snapshot.attempts.items())


def _tokens(snapshot: Snapshot) -> Iterator[_Sample]:
    for series, totals in snapshot.series.items():
        for kind, count in totals.tokens.items():
            yield "", {**attrs.asdict(series), "kind": kind}, count


def _of_series(value: Callable[[SeriesTotals], _Value]) -> Callable[[Snapshot], Iterator[_Sample]]:
    def samples(snapshot: Snapshot) -> Iterator[_Sample]:
        return (("", attrs.asdict(series), value(totals)) for series, totals in snapshot.series.items())

    return samples


def _summary(chosen: Callable[[SeriesTotals], Distribution]) -> Callable[[Snapshot], Iterator[_Sample]]:
    def samples(snapshot: Snapshot) -> Iterator[_Sample]:
        for series, totals in snapshot.series.items():
            labels, found = attrs.asdict(series), chosen(totals)
            for quantile, value in (("0.5", found.p50), ("0.95", found.p95), ("0.99", found.p99)):
                if value is not None:
                    yield "", {**labels, "quantile": quantile}, value
            yield "_sum", labels, found.total
            yield "_count", labels, found.count

    return samples


def _in_flight(snapshot: Snapshot) -> Iterator[_Sample]:
    yield "", {}, snapshot.in_flight


_FAMILIES = (
    _Family("ai_lib_calls_total", "counter", "Calls that ended.", _calls),
    _Family("ai_lib_errors_total", "counter", "Calls that failed, by class of error.", _errors),
    _Family("ai_lib_failed_attempts_total", "counter", "Attempts that failed, by what came of them.", _attempts),
    _Family(
        "ai_lib_tokens_total", "counter", "Tokens; prompt includes cached, completion includes reasoning.", _tokens
    ),
    _Family("ai_lib_cost_usd_total", "counter", "US dollars, where known.", _of_series(lambda totals: totals.cost)),
    _Family(
        "ai_lib_cost_unknown_calls_total",
        "counter",
        "Calls that were answered and whose cost is not known.",
        _of_series(lambda totals: totals.cost_unknown),
    ),
    _Family("ai_lib_call_duration_seconds", "summary", "How long calls took.", _summary(lambda totals: totals.seconds)),
    _Family(
        "ai_lib_first_chunk_seconds",
        "summary",
        "How long streams took to their first chunk.",
        _summary(lambda totals: totals.first_chunk),
    ),
    _Family("ai_lib_calls_in_flight", "gauge", "Calls that have begun and not ended.", _in_flight),
)
