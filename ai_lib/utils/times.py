"""Durations and dates in headers and messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["parse_date", "parse_duration", "parse_seconds"]

# Compiled by `re` at first use, since most programs never need it.
_PART = (
    r"(?i)(\d++(?:\.\d++)?)\s*+(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)?(?![a-z/:-])\s*"
)
_SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_seconds(value: str | None) -> float | None:
    """Return a finite number of seconds >= 0, or None for anything else."""
    try:
        seconds = float(value) if value is not None else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds < float("inf") else None


def parse_duration(text: str) -> float | None:
    """Return the seconds of a duration such as "1m26.4s" at the start of a string, or None if there is none."""
    total = None
    start = 0
    while found := re.match(_PART, text[start:]):
        unit = (found[2] or "s").lower()
        factor = 0.001 if unit.startswith(("ms", "milli")) else _SECONDS_IN[unit[0]]
        total = (total or 0.0) + float(found[1]) * factor
        start += found.end()
    return total


def parse_date(value: str | None) -> datetime | None:
    """Return a date in the format of HTTP (RFC 9110 section 5.6.7) or RFC 3339, or None for anything else."""
    if not value:
        return None
    try:
        date = datetime.fromisoformat(value) if value[:1].isdigit() and "T" in value else parsedate_to_datetime(value)
    except ValueError:
        return None
    # Without a zone it is GMT, not this machine's time.
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
