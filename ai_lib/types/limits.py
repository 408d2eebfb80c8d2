"""Rate limits, as reported by the headers of a response."""

from __future__ import annotations

import attrs

__all__ = ["LimitStatus"]


@attrs.frozen
class LimitStatus:
    """One rate limit of a key, as the provider last reported it.

    Args:
        limit: Maximum number in a window.
        remaining: Number left in the window.
        reset: Seconds until all of them are available again.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None

    @property
    def wait(self) -> float:
        """Seconds until one more is available; 0 while some remain, or where the provider reports no reset.

        Where the limit is a window, all are available at the reset. Where it is a bucket, the reset is when it is full,
        and one more is available much sooner. A reset that is a whole minute, hour or day away means an empty bucket:
        a window that has just started is rarely used up already.
        """
        if self.remaining != 0 or self.reset is None:
            return 0.0
        if self.limit and any(abs(self.reset - period) <= 0.02 * period for period in _PERIODS):
            return self.reset / self.limit
        return self.reset


_PERIODS = (60.0, 3600.0, 86_400.0)
