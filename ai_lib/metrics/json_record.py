"""One call as a JSON object: what the JSON log and the audit log write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from ai_lib.api.metrics import CallRecord
from ai_lib.metrics.content import clean, input_messages, output_messages
from ai_lib.metrics.record import error_class, has_usage

__all__ = ["facts_of"]


def facts_of(record: CallRecord, *, content: bool) -> dict[str, Any]:
    """Return what there is to tell of a call, ready for JSON; names are always the same, values may be None.

    Args:
        record: The call.
        content: Tell what was asked and answered as well. Whatever looks like a key is masked everywhere.
    """
    start = record.start
    facts = {
        "time": datetime.fromtimestamp(start.at, UTC).isoformat(timespec="milliseconds"),
        "id": start.id,
        "request_id": record.request_id,
        "operation": start.operation,
        "provider": record.provider,
        "model": record.model,
        "outcome": record.outcome,
        "seconds": round(record.seconds, 6),
        "first_chunk": record.first_chunk,
        "tokens": _tokens(record),
        "usage_status": record.usage_status.value,
        "cost": None if record.cost is None else format(record.cost, "f"),
        "finish_reason": record.finish_reason,
        "error": _error(record),
        "attempts": [attrs.asdict(attempt) for attempt in record.attempts],
        "tags": start.tags,
    }
    if content:
        facts |= {"input": input_messages(start), "output": output_messages(record)}
    cleaned: dict[str, Any] = clean(facts)
    return cleaned


def _tokens(record: CallRecord) -> dict[str, int | None] | None:
    if not has_usage(record):
        return None
    usage = record.usage
    return {
        "prompt": usage.prompt_tokens,
        "completion": usage.completion_tokens,
        "total": usage.total_tokens,
        "cached": usage.cached_tokens,
        "reasoning": usage.reasoning_tokens,
    }


def _error(record: CallRecord) -> dict[str, Any] | None:
    error = record.error
    if error is None:
        return None
    return {"class": error_class(record), "status": error.status, "code": error.code}
