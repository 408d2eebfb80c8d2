"""What a client's calls came to, counted, as values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

import attrs

from ai_lib.api.metrics import Operation, Outcome

__all__ = ["CallKey", "Distribution", "Series", "SeriesTotals", "Snapshot"]


@attrs.frozen
class Series:
    """What calls are added up by.

    Args:
        operation: What was asked for.
        provider: The id of the provider that answered, or failed last.
        model: The model that answered; "unknown" where there is none, "other" where there were too many names.
    """

    operation: Operation
    provider: str
    model: str


@attrs.frozen
class CallKey:
    """What calls are counted by.

    Args:
        operation: As in `Series`.
        provider: As in `Series`.
        model: As in `Series`.
        outcome: How they ended.
    """

    operation: Operation
    provider: str
    model: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class Distribution:
    """How long something took.

    Args:
        count: How often, since the beginning.
        total: Seconds, since the beginning.
        p50: The median of the last ones, in seconds; None where there is none yet.
        p95: What 95 of 100 of the last ones did not exceed.
        p99: What 99 of 100 did not exceed.
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
    """What the calls of one series came to.

    Args:
        tokens: Tokens by kind: "prompt", of which "cached" were read from a cache; "completion", of which "reasoning".
        cost: US dollars, of the calls whose cost is known.
        cost_unknown: The calls that were answered and whose cost is not known.
        seconds: How long they took.
        first_chunk: How long streams took to their first chunk.
    """

    tokens: Mapping[str, int]
    cost: Decimal
    cost_unknown: int
    seconds: Distribution
    first_chunk: Distribution


@attrs.frozen(kw_only=True)
class Snapshot:
    """What all calls came to until now.

    Args:
        calls: The calls that ended, by operation, provider, model and outcome.
        errors: The calls that failed, by provider and class of error.
        attempts: The attempts that failed, by provider and what came of them: "retried" and so on, see `Attempt`.
        series: Tokens, cost and durations.
        in_flight: The calls that have begun and not ended.
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
        """Return how many calls ended so; None means any."""
        wanted = (operation, provider, model, outcome)
        return sum(count for key, count in self.calls.items() if _fits(attrs.astuple(key), wanted))

    def tokens(self, kind: str) -> int:
        """Return the tokens of one kind: "prompt", "completion", "cached" or "reasoning"."""
        return sum(totals.tokens[kind] for totals in self.series.values())

    @property
    def cost(self) -> Decimal:
        """US dollars, of all calls whose cost is known."""
        return sum((totals.cost for totals in self.series.values()), Decimal())

    @property
    def cost_unknown(self) -> int:
        """The calls that were answered and whose cost is not known."""
        return sum(totals.cost_unknown for totals in self.series.values())

    @property
    def retries(self) -> int:
        """The attempts that failed and were tried again."""
        return sum(count for (_, decision), count in self.attempts.items() if decision == "retried")


def _fits(values: Iterable[str], wanted: Iterable[str | None]) -> bool:
    return all(want is None or want == value for value, want in zip(values, wanted, strict=True))
