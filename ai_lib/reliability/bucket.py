"""The token bucket as arithmetic: a state, a time and an amount go in, a changed state and a wait come out.

A reservation may take more than there is: the level goes below zero, and the wait is the time until there would have
been enough. So reservations are served in the order in which they are made, wherever the state is kept. One that is
larger than the bucket goes when the bucket is full, and those after it wait the longer.

While a limit adapts, a factor from `FLOOR` to 1 slows every bucket down: a 429 multiplies it (multiplicative decrease),
each success adds a little (additive increase).
Source: https://en.wikipedia.org/wiki/Token_bucket, https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

__all__ = ["DECREASE", "FLOOR", "INCREASE", "ONE_EVENT", "OPERATIONS", "Bucket", "BucketState", "Buckets"]

FLOOR = 0.25
DECREASE = 0.7
INCREASE = 0.02
# Several calls in flight meet the same 429: what comes within a second counts once.
ONE_EVENT = 1.0


@attrs.frozen
class Bucket:
    """One limit.

    Args:
        rate: What flows in, each second.
        capacity: What there is at most, and at the beginning.
    """

    rate: float
    capacity: float


@attrs.frozen
class Buckets:
    """Limits that hold together: requests and tokens.

    Args:
        each: The limits.
        adaptive: Whether a 429 slows them down.
        initial: The factor at the beginning.
    """

    each: tuple[Bucket, ...]
    adaptive: bool = False
    initial: float = 1.0

    def fresh(self, now: float) -> BucketState:
        """Return the state of full buckets."""
        return BucketState([bucket.capacity for bucket in self.each], now, self.initial)


@attrs.define
class BucketState:
    """What is left.

    Args:
        levels: How much there is of each; below zero when more is reserved than there was.
        at: When that was, in seconds.
        factor: What the rates are multiplied with.
        paused_until: When the next may go at the earliest.
        slowed_at: When the factor was lowered last.
    """

    levels: list[float]
    at: float
    factor: float = 1.0
    paused_until: float = 0.0
    slowed_at: float = -ONE_EVENT

    def refill(self, buckets: Buckets, now: float) -> None:
        """Let flow in what the time has brought."""
        # A clock that went back (a restart of the machine, another host's) gives nothing and takes nothing.
        passed = max(0.0, now - self.at)
        self.levels = [
            min(bucket.capacity, level + passed * bucket.rate * self.factor)
            for bucket, level in zip(buckets.each, self.levels, strict=True)
        ]
        self.at = now


def _reserve(
    buckets: Buckets, state: BucketState, now: float, amounts: Sequence[float], longest: float
) -> tuple[float, bool, float]:
    """Take the amounts if they are there within `longest` seconds; return the wait, whether they were, the factor."""
    wait = max(0.0, state.paused_until - now)
    for bucket, level, amount in zip(buckets.each, state.levels, amounts, strict=True):
        missing = min(amount, bucket.capacity) - level
        if missing > 1e-9:  # what rounding leaves of nothing is less
            wait = max(wait, missing / (bucket.rate * state.factor))
    if wait > longest:
        return wait, False, state.factor
    state.levels = [level - amount for level, amount in zip(state.levels, amounts, strict=True)]
    return wait, True, state.factor


def _credit(buckets: Buckets, state: BucketState, now: float, amounts: Sequence[float]) -> float:  # noqa: ARG001
    """Give amounts back, or take more where they are negative."""
    state.levels = [
        min(bucket.capacity, level + amount)
        for bucket, level, amount in zip(buckets.each, state.levels, amounts, strict=True)
    ]
    return 0.0


def _throttle(buckets: Buckets, state: BucketState, now: float, pause: float) -> float:
    """Let nobody go for so long, and then more slowly: the provider said "too many"."""
    state.paused_until = max(state.paused_until, now + pause)
    if buckets.adaptive and now - state.slowed_at >= ONE_EVENT:
        state.factor = max(FLOOR, state.factor * DECREASE)
        state.slowed_at = now
    return state.factor


def _succeed(buckets: Buckets, state: BucketState, now: float) -> float:  # noqa: ARG001 - one signature for all
    """Go a little faster again."""
    state.factor = min(1.0, state.factor + INCREASE)
    return state.factor


def _learn(
    buckets: Buckets,  # noqa: ARG001 - one signature for all
    state: BucketState,
    now: float,
    remaining: Sequence[float | None],
    pause: float,
) -> float:
    """Take the provider's word for what is left of each, and that nothing is left for so long."""
    state.levels = [
        level if left is None else min(level, left) for level, left in zip(state.levels, remaining, strict=True)
    ]
    state.paused_until = max(state.paused_until, now + pause)
    return 0.0


def _paused(buckets: Buckets, state: BucketState, now: float) -> float:  # noqa: ARG001 - one signature for all
    """Return for how many seconds nobody may go."""
    return max(0.0, state.paused_until - now)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "reserve": _reserve,
    "credit": _credit,
    "throttle": _throttle,
    "succeed": _succeed,
    "learn": _learn,
    "paused": _paused,
}
"""What can be done with a state, refilled up to now; whoever keeps the state does each in one step."""
