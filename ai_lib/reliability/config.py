"""What can be set about reliability, and the presets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import attrs

from ai_lib.errors import ConfigurationError
from ai_lib.reliability.concurrency import ConcurrencyLimit
from ai_lib.reliability.monitor import ErrorThresholds
from ai_lib.reliability.rate_limiter import RateLimit
from ai_lib.reliability.retry import RetryPolicy

__all__ = ["BreakerPolicy", "ResilienceConfig"]


@attrs.frozen(kw_only=True)
class BreakerPolicy:
    """When to stop calling, and when to try again.

    Only failures of the provider and of the way to it count (5xx, overload, timeouts, lost connections, answers that
    are none), never a 4xx, and a 429 only if asked for.

    Args:
        failure_threshold: Failures within the window that open the breaker.
        window: Seconds.
        failure_rate: The part of the calls in the window that must have failed as well, from 0 to 1.
        recovery_timeout: Seconds for which nothing is sent; then one call at a time tries.
        success_threshold: Calls that must go well, one after the other, to close it again.
        count_rate_limits: Whether a 429 counts as a failure.
        storage: Makes the place where the state is kept, from the breaker's name and this policy, to share it between
            processes; None means in this process.
    """

    failure_threshold: int = 5
    window: float = 60.0
    failure_rate: float = 0.5
    recovery_timeout: float = 30.0
    success_threshold: int = 3
    count_rate_limits: bool = False
    storage: Callable[[str, BreakerPolicy], Any] | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("failure_threshold", "success_threshold"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{name} must be a whole number from 1, got {value!r}")
        for name in ("window", "recovery_timeout"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ConfigurationError(f"{name} must be a number of seconds above 0, got {value!r}")
        if not 0 <= self.failure_rate <= 1:
            raise ConfigurationError(f"failure_rate must be from 0 to 1, got {self.failure_rate!r}")


@attrs.frozen(kw_only=True)
class ResilienceConfig:
    """How a client behaves when calls fail or are too many. None switches a part off.

    Without arguments it is what a client has when nothing is said: two retries.

    Args:
        retry: When a failed call is made again.
        breaker: When nothing is sent any more, for each provider, address and model.
        rate_limit: How fast requests and tokens go out, for each provider, address and key.
        concurrency: How many calls run at once.
        monitor: When failures are reported.
    """

    retry: RetryPolicy | None = attrs.field(factory=RetryPolicy)
    breaker: BreakerPolicy | None = None
    rate_limit: RateLimit | None = None
    concurrency: ConcurrencyLimit | None = None
    monitor: ErrorThresholds | None = None

    def with_changes(self, **changes: Any) -> Self:
        """Return these settings with some of them changed."""
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
