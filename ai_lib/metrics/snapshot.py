"""A snapshot of the counts of calls, as values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

import attrs

from ai_lib.api.metrics import Operation, Outcome

__all__ = ["CallKey", "Distribution", "Series", "SeriesTotals", "Snapshot"]


@attrs.frozen
class Series:
    """The key of sums.

    Args:
        operation: The kind of call.
        provider: The id of the provider that answered, or failed last.
        model: The model that answered; "unknown" if there is none, "other" beyond the maximum number of models.
    """

    operation: Operation
    provider: str
    model: str


@attrs.frozen
class CallKey:
    """The key of counts: a `Series`, and how the calls ended."""

    operation: Operation
    provider: str
    model: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class Distribution:
    """A distribution of durations in seconds.

    Args:
        count: Number of durations since the start.
        total: Their sum since the start.
        p50: The median of the last ones; None if there is none yet.
        p95: Their 95th percentile.
        p99: Their 99th percentile.
    """

    count: int = 0
    total: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None

    @classmethod
    def of(cls, last: Collection[float], count: int, total: float) -> Distribution:
        """Return the distribution of the last values; each percentile is one of them (nearest rank)."""
        ranked = sorted(last)

        def percentile(percent: int) -> float | None:
            return ranked[-(-percent * len(ranked) // 100) - 1] if ranked else None

        return cls(count=count, total=total, p50=percentile(50), p95=percentile(95), p99=percentile(99))


@attrs.frozen(kw_only=True)
class SeriesTotals:
    """The sums of one series of calls.

    Args:
        tokens: Tokens by kind: "prompt", of which "cached" were read from a cache; "completion", of which "reasoning".
        cost: US dollars, of the calls whose cost is known.
        cost_unknown: Calls that were answered and whose cost is unknown.
        seconds: Their durations.
        first_chunk: Times to the first chunk of streams.
    """

    tokens: Mapping[str, int]
    cost: Decimal
    cost_unknown: int
    seconds: Distribution
    first_chunk: Distribution


@attrs.frozen(kw_only=True)
class Snapshot:
    """The counts of all calls so far.

    Args:
        calls: The calls that ended, by operation, provider, model and outcome.
        errors: The calls that failed, by provider and class of error.
        attempts: The attempts that failed, by provider and decision, such as "retried"; see `Attempt`.
        series: Tokens, cost and durations.
        in_flight: The calls that have started and not ended.
    """

    calls: Mapping[CallKey, int]
    errors: Mapping[tuple[str, str], int]
    attempts: Mapping[tuple[str, str], int]
    series: Mapping[Series, SeriesTotals]
    in_flight: int

    def count(
        self,
        *,
        operation: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        outcome: str | None = None,
    ) -> int:
        """Return the number of ended calls that match; None matches any."""
        wanted = {"operation": operation, "provider": provider, "model": model, "outcome": outcome}
        required = {name: value for name, value in wanted.items() if value is not None}
        return sum(count for key, count in self.calls.items() if required.items() <= attrs.asdict(key).items())

    def tokens(self, kind: str) -> int:
        """Return the tokens of one kind: "prompt", "completion", "cached" or "reasoning"."""
        return sum(totals.tokens[kind] for totals in self.series.values())

    @property
    def cost(self) -> Decimal:
        """US dollars, of all calls whose cost is known."""
        return sum((totals.cost for totals in self.series.values()), Decimal())

    @property
    def cost_unknown(self) -> int:
        """The calls that were answered and whose cost is unknown."""
        return sum(totals.cost_unknown for totals in self.series.values())

    @property
    def retries(self) -> int:
        """The attempts that failed and were retried."""
        return sum(count for (_, decision), count in self.attempts.items() if decision == "retried")
