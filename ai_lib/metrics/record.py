"""What all observers derive from a call's record: whether it failed, its tokens by kind, labels, its form as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from ai_lib.api.metrics import CallRecord
from ai_lib.metrics.content import input_messages, output_messages, sanitize
from ai_lib.types.usage import UsageStatus

__all__ = [
    "SECONDS_BOUNDARIES", "UNKNOWN", "BoundedLabels", "error_class", "has_usage", "is_cost_unknown", "is_failure",
    "to_dict", "token_counts",
]  # fmt: skip

UNKNOWN = "unknown"
"""Stands for a model or an error without a name."""

# Those of gen_ai.client.operation.duration, so that dashboards of either kind agree.
# Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
SECONDS_BOUNDARIES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Upper limits of the buckets of durations."""

_PRICED = frozenset({"chat", "stream", "embed", "rerank"})


class BoundedLabels:
    """Keeps the first names of models and replaces those beyond a limit by "other": names may come from users."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, None] = {}

    def __call__(self, name: str | None) -> str:
        """Return the label for a name; "unknown" for None."""
        if name is None:
            return UNKNOWN
        if name not in self._known:
            # No lock: threads that get here at once may add a few names too many, which does no harm.
            if len(self._known) >= self._limit:
                return "other"
            self._known[name] = None
        return name


def is_failure(record: CallRecord) -> bool:
    """Return whether the call failed; a cancelled or abandoned one did not, since the caller ended it."""
    return record.outcome in ("error", "interrupted")


def error_class(record: CallRecord) -> str:
    """Return the name of the error's class; "unknown" for an error from outside this library."""
    return UNKNOWN if record.error is None else type(record.error).__name__


def has_usage(record: CallRecord) -> bool:
    """Return whether the number of tokens is known."""
    return record.usage_status is not UsageStatus.UNSUPPORTED


def is_cost_unknown(record: CallRecord) -> bool:
    """Return whether a call was answered, at least in part, and its cost is unknown."""
    answered = record.outcome == "success" or record.response is not None
    return record.cost is None and answered and record.start.operation in _PRICED


def token_counts(record: CallRecord) -> dict[str, int]:
    """Return the tokens by kind; "cached" ones are part of "prompt", those of "reasoning" of "completion"."""
    usage = record.usage
    return {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "cached": usage.cached_tokens or 0,
        "reasoning": usage.reasoning_tokens or 0,
    }


def to_dict(record: CallRecord, *, content: bool) -> dict[str, Any]:
    """Return a call as a dict, ready for JSON; its keys are always the same, values may be None.

    What looks like a key is masked everywhere, also in prompts and answers, which `content` includes.
    """
    start, usage, error = record.start, record.usage, record.error
    tokens = {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "total": usage.total_tokens,
        "cached": usage.cached_tokens,
        "reasoning": usage.reasoning_tokens,
    }
    values: dict[str, Any] = {
        "time": datetime.fromtimestamp(start.at, UTC).isoformat(timespec="milliseconds"),
        "id": start.id,
        "request_id": record.request_id,
        "operation": start.operation,
        "provider": record.provider,
        "model": record.model,
        "outcome": record.outcome,
        "seconds": round(record.seconds, 6),
        "first_chunk": record.first_chunk,
        "tokens": tokens if has_usage(record) else None,
        "usage_status": record.usage_status.value,
        "cost": None if record.cost is None else format(record.cost, "f"),
        "finish_reason": record.finish_reason,
        "error": error and {"class": error_class(record), "status": error.status, "code": error.code},
        "attempts": [attrs.asdict(attempt) for attempt in record.attempts],
        "tags": start.tags,
    }
    if content:
        values |= {"input": input_messages(start), "output": output_messages(record)}
    clean: dict[str, Any] = sanitize(values)
    return clean
