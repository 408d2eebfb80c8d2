"""The token bucket as arithmetic: a state, a time and an amount go in, a changed state and a wait come out.

A reservation may take more than there is: the level becomes negative, and the wait is the time until there would have
been enough. So reservations are served in the order in which they are made, wherever the state is kept. One that is
larger than the bucket goes when the bucket is full, and those after it wait longer.

While a limit adapts, a factor from `FLOOR` to 1 slows every bucket down: a 429 multiplies it (multiplicative decrease),
each success adds a little (additive increase). `bucket.lua` is the same arithmetic for Redis.

Source: https://en.wikipedia.org/wiki/Token_bucket, https://en.wikipedia.org/wiki/Additive_increase/multiplicative_decrease
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

__all__ = ["DECREASE", "FLOOR", "INCREASE", "ONE_EVENT", "Bucket", "BucketState", "Buckets"]

FLOOR = 0.25
DECREASE = 0.7
INCREASE = 0.02
# Several calls in flight meet the same 429: those within a second count once.
ONE_EVENT = 1.0


@attrs.frozen
class Bucket:
    """One limit."""

    rate: float  # what flows in each second
    capacity: float  # the maximum, which is there at the start


@attrs.frozen
class Buckets:
    """Limits that hold together: requests and tokens."""

    items: tuple[Bucket, ...]
    adaptive: bool = False  # whether a 429 slows them down
    initial: float = 1.0  # the factor at the start

    def fresh(self, now: float) -> BucketState:
        """Return the state of full buckets."""
        return BucketState([bucket.capacity for bucket in self.items], now, self.initial)


@attrs.define
class BucketState:
    """The state of buckets, which a store changes by one operation, and in one atomic step, at a time.

    Args:
        levels: What is left in each; negative if more is reserved than there was.
        at: When it was refilled last, in seconds.
        factor: Multiplies the rates; from `FLOOR` to 1.
        paused_until: Before this time nothing may go.
        slowed_at: When the factor was lowered last.
    """

    levels: list[float]
    at: float
    factor: float = 1.0
    paused_until: float = 0.0
    slowed_at: float = -ONE_EVENT

    def apply(self, buckets: Buckets, now: float, operation: str, arguments: Sequence[Any]) -> Any:
        """Refill the buckets up to now and return the result of an operation, one of the methods below."""
        # A clock that went back (the machine restarted, or the host is another one) gives nothing and takes nothing.
        passed = max(0.0, now - self.at)
        self.at = now
        self._add(buckets, [passed * bucket.rate * self.factor for bucket in buckets.items])
        return vars(BucketState)[operation](self, buckets, *arguments)

    def reserve(self, buckets: Buckets, amounts: Sequence[float], max_wait: float) -> tuple[float, bool, float]:
        """Take the amounts if they are there within `max_wait` seconds; return the wait, whether taken, the factor."""
        wait = max(0.0, self.paused_until - self.at)
        for bucket, level, amount in zip(buckets.items, self.levels, amounts, strict=True):
            missing = min(amount, bucket.capacity) - level
            if missing > 1e-9:  # less is a rounding error
                wait = max(wait, missing / (bucket.rate * self.factor))
        if wait > max_wait:
            return wait, False, self.factor
        self.levels = [level - amount for level, amount in zip(self.levels, amounts, strict=True)]
        return wait, True, self.factor

    def credit(self, buckets: Buckets, amounts: Sequence[float]) -> float:
        """Return amounts, or take more where they are negative."""
        self._add(buckets, amounts)
        return 0.0

    def throttle(self, buckets: Buckets, pause: float) -> float:
        """Pause for so many seconds, then go on more slowly: the provider answered with a 429."""
        self.paused_until = max(self.paused_until, self.at + pause)
        if buckets.adaptive and self.at - self.slowed_at >= ONE_EVENT:
            self.factor = max(FLOOR, self.factor * DECREASE)
            self.slowed_at = self.at
        return self.factor

    def speed_up(self, buckets: Buckets) -> float:  # noqa: ARG002 - one signature for all
        """Go a little faster again."""
        self.factor = min(1.0, self.factor + INCREASE)
        return self.factor

    def adopt(self, buckets: Buckets, remaining: Sequence[float | None], pause: float) -> float:  # noqa: ARG002
        """Adopt what the provider reports as remaining of each, and pause for so many seconds."""
        self.levels = [
            level if left is None else min(level, left) for level, left in zip(self.levels, remaining, strict=True)
        ]
        self.paused_until = max(self.paused_until, self.at + pause)
        return 0.0

    def pause(self, buckets: Buckets) -> float:  # noqa: ARG002 - one signature for all
        """Return for how many seconds nothing may go."""
        return max(0.0, self.paused_until - self.at)

    def _add(self, buckets: Buckets, amounts: Sequence[float]) -> None:
        self.levels = [
            min(bucket.capacity, level + amount)
            for bucket, level, amount in zip(buckets.items, self.levels, amounts, strict=True)
        ]
