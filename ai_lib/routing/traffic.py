"""What traffic says of those that answer it: how many run, how long answers take, how often they fail."""

from __future__ import annotations

import attrs

from ai_lib.errors import AiLibError
from ai_lib.routing.pool import counts_against_provider

__all__ = ["Traffic"]

# The newest answer counts for a fifth, so that a change shows within a handful of calls.
_NEWEST = 0.2
# Half of what failures took away is given back in this time, or nobody would ever try again.
_FORGIVING = 60.0


@attrs.define(eq=False)
class Traffic:
    """Averages over the latest calls. Not locked: whoever shares it between threads holds a lock.

    Args:
        in_flight: Calls that run now.
        latency: Seconds that an answer takes; None before the first.
        failures: Failures in a row.
        calls: Calls that ended.
    """

    in_flight: int = 0
    latency: float | None = None
    failures: int = 0
    calls: int = 0
    _success: float = 1.0
    _at: float = 0.0

    def started(self) -> None:
        """Note that a call runs."""
        self.in_flight += 1

    def ended(self, error: AiLibError | None, seconds: float, now: float) -> None:
        """Note how it ended."""
        self.in_flight -= 1
        self.calls += 1
        failed = counts_against_provider(error)
        self._success = self.success(now) * (1 - _NEWEST) + (not failed) * _NEWEST
        self._at = now
        self.failures = self.failures + 1 if failed else 0
        if error is None:
            self.latency = seconds if self.latency is None else self.latency * (1 - _NEWEST) + seconds * _NEWEST

    def success(self, now: float) -> float:
        """Return the share of calls that succeeded, from 0 to 1; old failures are forgiven."""
        forgiven: float = 0.5 ** ((now - self._at) / _FORGIVING)
        return 1 - (1 - self._success) * forgiven
