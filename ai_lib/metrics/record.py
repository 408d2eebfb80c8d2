"""What every listener asks of a record: did it fail, with what, and is its cost missing."""

from __future__ import annotations

from ai_lib.api.metrics import CallRecord
from ai_lib.types.usage import UsageStatus

__all__ = ["SECONDS_BOUNDARIES", "UNKNOWN", "error_class", "has_usage", "is_cost_unknown", "is_failure", "token_counts"]

UNKNOWN = "unknown"
"""Stands for a model or an error that has no name."""

# Those of gen_ai.client.operation.duration, so that dashboards of either kind agree.
# Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
SECONDS_BOUNDARIES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Upper limits of the buckets that durations are counted in."""

_PRICED = frozenset({"chat", "stream", "embed", "rerank"})


def is_failure(record: CallRecord) -> bool:
    """Return whether something went wrong; being cancelled or abandoned is what the caller wanted."""
    return record.outcome in ("error", "interrupted")


def error_class(record: CallRecord) -> str:
    """Return the name of the error's class; "unknown" for what is none of the library's."""
    return UNKNOWN if record.error is None else type(record.error).__name__


def has_usage(record: CallRecord) -> bool:
    """Return whether the record's usage says anything."""
    return record.usage_status is not UsageStatus.UNSUPPORTED


def is_cost_unknown(record: CallRecord) -> bool:
    """Return whether a call was answered, at least in part, and nobody knows what it cost."""
    answered = record.outcome == "success" or record.response is not None
    return record.cost is None and answered and record.start.operation in _PRICED


def token_counts(record: CallRecord) -> dict[str, int]:
    """Return the tokens by kind; those read from a cache are in prompt as well, those of reasoning in completion."""
    usage = record.usage
    return {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "cached": usage.cached_tokens or 0,
        "reasoning": usage.reasoning_tokens or 0,
    }
