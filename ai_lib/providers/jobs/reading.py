"""Values in answers about a job; `connection.jobs` turns LookupError and TypeError into an InvalidResponseError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.utils.times import parse_date

__all__ = ["read_number", "read_object", "read_timestamp", "require_text"]


def require_text(payload: Any, field: str) -> str:
    """Return a string that an answer must have; raise LookupError without it, TypeError for anything else."""
    value = payload[field]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{field} should be a string, got {type(value).__name__}")
    return value


def read_object(payload: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return an optional object; an empty one for anything else."""
    value = payload.get(field)
    return value if isinstance(value, Mapping) else {}


def read_number(value: Any) -> int | None:
    """Return an integer, which Google sends as a string; None for anything else."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_timestamp(value: Any) -> float | None:
    """Return a time in seconds since 1970, read from a number or a date; None for anything else."""
    if isinstance(value, str):
        date = parse_date(value)
        return None if date is None else date.timestamp()
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
