"""Settings of the reliability layer, and the presets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import attrs

from ai_lib.reliability.concurrency import ConcurrencyLimit
from ai_lib.reliability.monitor import ErrorThresholds
from ai_lib.reliability.rate_limiter import RateLimit
from ai_lib.reliability.retry import RetryPolicy
from ai_lib.reliability.validators import FRACTION, POSITIVE_SECONDS, integer

__all__ = ["PROBE_SECONDS", "BreakerPolicy", "ResilienceConfig"]


# A probe that never reports its outcome, because its process was killed, blocks the next one for this long.
PROBE_SECONDS = 120.0


@attrs.frozen(kw_only=True)
class BreakerPolicy:
    """When a circuit breaker opens, and when it closes again.

    Only failures of the provider and of the connection count (5xx, overload, timeouts, lost connections, malformed
    responses), never a 4xx, and a 429 only on request.

    Args:
        failure_threshold: Failures within the window that open the breaker; a positive integer.
        window: Length of the window in seconds.
        failure_rate: Fraction of the calls in the window that must have failed as well, 0 to 1.
        recovery_timeout: Seconds for which nothing is sent; then one call at a time is let through.
        success_threshold: Consecutive successes that close the breaker again; a positive integer.
        count_rate_limits: Whether a 429 counts as a failure.
        storage: Returns the storage of a breaker, given its name and this policy, to share the state between
            processes; None keeps the state in this process.
    """

    failure_threshold: int = attrs.field(default=5, validator=integer(1))
    window: float = attrs.field(default=60.0, validator=POSITIVE_SECONDS)
    failure_rate: float = attrs.field(default=0.5, validator=FRACTION)
    recovery_timeout: float = attrs.field(default=30.0, validator=POSITIVE_SECONDS)
    success_threshold: int = attrs.field(default=3, validator=integer(1))
    count_rate_limits: bool = False
    storage: Callable[[str, BreakerPolicy], Any] | None = None


@attrs.frozen(kw_only=True)
class ResilienceConfig:
    """How a client behaves when calls fail or are too many. None disables a part.

    Without arguments it is what a client has by default: two retries.

    Args:
        retry: When a failed call is repeated.
        breaker: When nothing is sent any more, for each provider, address and model.
        rate_limit: How fast requests and tokens are sent, for each provider, address and key.
        concurrency: How many calls run at once.
        monitor: When failures are reported.
    """

    retry: RetryPolicy | None = attrs.field(factory=RetryPolicy)
    breaker: BreakerPolicy | None = None
    rate_limit: RateLimit | None = None
    concurrency: ConcurrencyLimit | None = None
    monitor: ErrorThresholds | None = None

    def with_changes(self, **changes: Any) -> Self:
        """Return a copy with some settings changed."""
        return attrs.evolve(self, **changes)

    @classmethod
    def none(cls) -> Self:
        """Each call is made once, whatever happens."""
        return cls(retry=None)

    @classmethod
    def default(cls) -> Self:
        """Retries, a breaker (5 failures, 30 s), 10 requests a second (20 at once), 100 calls at once, alerts."""
        return cls(
            breaker=BreakerPolicy(failure_threshold=5, recovery_timeout=30.0, success_threshold=3),
            rate_limit=RateLimit.per_second(10, burst=20, adaptive=False),
            concurrency=ConcurrencyLimit(100),
            monitor=ErrorThresholds(error_rate=0.10, consecutive=5, window=60.0),
        )

    @classmethod
    def development(cls) -> Self:
        """Lenient: a breaker (10 failures, 15 s), 20 requests a second (50 at once), 200 calls at once."""
        return cls(
            breaker=BreakerPolicy(failure_threshold=10, recovery_timeout=15.0, success_threshold=5),
            rate_limit=RateLimit.per_second(20, burst=50, adaptive=False),
            concurrency=ConcurrencyLimit(200),
        )

    @classmethod
    def production(cls) -> Self:
        """Patient retries, a quick breaker (3 failures, 60 s), 5 requests a second (10 at once), 50 calls at once."""
        return cls(
            retry=RetryPolicy(max_retries=5, base=2.0, cap=30.0),
            breaker=BreakerPolicy(failure_threshold=3, recovery_timeout=60.0, success_threshold=2),
            rate_limit=RateLimit.per_second(5, burst=10),
            concurrency=ConcurrencyLimit(50),
            monitor=ErrorThresholds(error_rate=0.05, consecutive=3, window=30.0),
        )

    @classmethod
    def conservative(cls) -> Self:
        """Careful: a very quick breaker (2 failures, 120 s), 1 to 2 requests a second (5 at once), 10 calls at once."""
        return cls(
            breaker=BreakerPolicy(failure_threshold=2, recovery_timeout=120.0, success_threshold=5),
            rate_limit=RateLimit.per_second(2, burst=5, initial=0.5),
            concurrency=ConcurrencyLimit(10),
            monitor=ErrorThresholds(error_rate=0.10, consecutive=5, window=60.0),
        )
