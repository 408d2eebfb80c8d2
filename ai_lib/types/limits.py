"""Rate limits, as reported by the headers of a response."""

from __future__ import annotations

import attrs

__all__ = ["LimitStatus"]


@attrs.frozen
class LimitStatus:
    """One limit of a key, as the last answer tells it.

    Args:
        limit: How many there are in a window.
        remaining: How many are left of it.
        reset: Seconds until it is full again.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None

    @property
    def wait(self) -> float:
        """Seconds until one more may be asked; 0 while some are left, or where it is not told.

        Where the limit is a window, everything is there again at the reset. Where it is a bucket, the reset is when it
        will be full, and one more is there much sooner. An empty bucket is told by a reset that is a whole minute, hour
        or day away: a window that has just begun is rarely used up already.
        """
        if self.remaining != 0 or self.reset is None:
            return 0.0
        if self.limit and any(abs(self.reset - period) <= 0.02 * period for period in _PERIODS):
            return self.reset / self.limit
        return self.reset


_PERIODS = (60.0, 3600.0, 86_400.0)
