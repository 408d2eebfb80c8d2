"""Statistics of the traffic of an endpoint or a model: calls in flight, latency, failures."""

from __future__ import annotations

import attrs

from ai_lib.errors import AiLibError
from ai_lib.routing.pool import counts_against_provider

__all__ = ["Traffic"]

# The newest answer counts for a fifth, so that a change shows within a handful of calls.
_NEWEST = 0.2
# Half of what failures took away is restored in this time, or it would never be tried again.
_HALF_LIFE = 60.0


@attrs.define(eq=False)
class Traffic:
    """Averages over the latest calls. Not locked: code that shares it between threads holds a lock.

    Args:
        in_flight: Calls that run now.
        latency: Average seconds of an answer; None before the first.
        failures: Failures in a row.
        calls: Calls that have finished.
    """

    in_flight: int = 0
    latency: float | None = None
    failures: int = 0
    calls: int = 0
    _rate: float = 1.0
    _at: float = 0.0

    def started(self) -> None:
        """Count a call that starts."""
        self.in_flight += 1

    def ended(self, error: AiLibError | None, seconds: float, now: float) -> None:
        """Record the outcome of a call."""
        self.in_flight -= 1
        self.calls += 1
        failed = counts_against_provider(error)
        self._rate = self.success_rate(now) * (1 - _NEWEST) + (not failed) * _NEWEST
        self._at = now
        self.failures = self.failures + 1 if failed else 0
        if error is None:
            self.latency = seconds if self.latency is None else self.latency * (1 - _NEWEST) + seconds * _NEWEST

    def success_rate(self, now: float) -> float:
        """Return the fraction of calls that succeeded, 0 to 1; old failures count for less."""
        decay: float = 0.5 ** ((now - self._at) / _HALF_LIFE)
        return 1 - (1 - self._rate) * decay
