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
    kind: [tuple(name.format(part) for part in ("limit", "remaining", "reset")) for name in names]
    for kind, names in _NAMES.items()
}
_EPOCH = 10**9  # a larger number is a time in seconds since 1970, a smaller one is seconds from now


def read_rate_limits(headers: Mapping[str, str]) -> dict[str, LimitStatus]:
    """Return the rate limits in a response's headers, by "requests", "tokens", "input_tokens" and "output_tokens".

    Times are taken relative to the response's own Date.
    """
    # One pass over the headers: a look-up that ignores case costs as much as twenty in a dict, and most responses of
    # most servers have none of these.
    by_name = {lower: headers[name] for name in headers if "limit" in (lower := name.lower())}
    limits: dict[str, LimitStatus] = {}
    if not by_name:
        return limits
    for kind, triples in _HEADERS.items():
        for triple in triples:
            limit, remaining, reset = map(by_name.get, triple)
            if limit is not None or remaining is not None:
                limits[kind] = LimitStatus(_read_count(limit), _read_count(remaining), _read_reset(reset, headers))
                break
    return limits


def _read_count(value: str | None) -> int | None:
    number = parse_seconds(value)  # None also for -1, with which Azure says that it does not know
    return int(number) if number is not None else None


def _read_reset(value: str | None, headers: Mapping[str, str]) -> float | None:
    """Return the seconds in a reset header: a duration, seconds left, seconds since 1970, or a time (RFC 3339)."""
    if value is None:
        return None
    number = parse_seconds(value)
    if number is not None and number < _EPOCH:
        return number
    now = parse_date(headers.get("date"))
    if number is None:
        date = parse_date(value)
        if date is None:
            return parse_duration(value)
        number = date.timestamp()
    return max(0.0, number - now.timestamp()) if now is not None else None
