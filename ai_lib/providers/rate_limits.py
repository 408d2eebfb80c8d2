"""The headers in which providers report the rate limits of a key."""

from __future__ import annotations

from collections.abc import Mapping

from ai_lib.types.limits import LimitStatus
from ai_lib.utils.times import parse_date, parse_duration, parse_seconds

__all__ = ["read_rate_limits"]

# For each kind, the names that services give to the three headers; the first that occur are read.
_NAMES: dict[str, tuple[str, ...]] = {
    "requests": (
        "x-ratelimit-{}-requests",
        "anthropic-ratelimit-requests-{}",
        "x-ratelimit-{}-req-minute",
        "x-ratelimit-{}-requests-minute",
        "x-ratelimit-{}-requests-day",
        "x-ratelimit-{}",
    ),
    "tokens": (
        "x-ratelimit-{}-tokens",
        "anthropic-ratelimit-tokens-{}",
        "x-ratelimit-{}-tokens-minute",
        "x-tokenlimit-{}",
    ),
    "input_tokens": ("anthropic-ratelimit-input-tokens-{}",),
    "output_tokens": ("anthropic-ratelimit-output-tokens-{}",),
}
_HEADERS = {
    kind: [tuple(name.format(what) for what in ("limit", "remaining", "reset")) for name in names]
    for kind, names in _NAMES.items()
}
_EPOCH = 10**9  # a number above this is a time, below it a number of seconds


def read_rate_limits(headers: Mapping[str, str]) -> dict[str, LimitStatus]:
    """Return the limits in an answer's headers, by "requests", "tokens", "input_tokens" and "output_tokens".

    Args:
        headers: The headers. Times are taken relative to the answer's own Date.
    """
    # One look at each header: a look-up that ignores case costs as much as twenty in a dict, and most answers of most
    # servers have none of these.
    told = {low: headers[name] for name in headers if "limit" in (low := name.lower())}
    found: dict[str, LimitStatus] = {}
    if not told:
        return found
    for kind, names in _HEADERS.items():
        for names_of_three in names:
            limit, remaining, reset = map(told.get, names_of_three)
            if limit is not None or remaining is not None:
                found[kind] = LimitStatus(_count(limit), _count(remaining), _reset(reset, headers))
                break
    return found


def _count(value: str | None) -> int | None:
    number = parse_seconds(value)  # None also for -1, with which Azure says that it does not know
    return int(number) if number is not None else None


def _reset(value: str | None, headers: Mapping[str, str]) -> float | None:
    """Return the seconds in a reset header: a duration, seconds left, seconds since 1970, or a time (RFC 3339)."""
    if value is None:
        return None
    number = parse_seconds(value)
    if number is not None and number < _EPOCH:
        return number
    now = parse_date(headers.get("date"))
    if number is None:
        then = parse_date(value)
        if then is None:
            return parse_duration(value)
        number = then.timestamp()
    return max(0.0, number - now.timestamp()) if now is not None else None
