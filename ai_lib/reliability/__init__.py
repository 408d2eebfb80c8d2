"""What stands around every request to one provider: retry, circuit breaker, rate limiter, concurrency, monitor.

>>> from ai_lib import AiClient
>>> from ai_lib.reliability import RateLimit, ResilienceConfig
>>> client = AiClient("ollama", resilience=ResilienceConfig(rate_limit=RateLimit.per_minute(60)))

Knows no provider and no transport. May import `api`, `types`, `errors` and `utils`.
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.events import Event, Listener
    from ai_lib.api.limits import LimitStore
    from ai_lib.reliability.circuit_breaker import CircuitBreaker
    from ai_lib.reliability.concurrency import ConcurrencyLimit
    from ai_lib.reliability.config import BreakerPolicy, ResilienceConfig
    from ai_lib.reliability.monitor import ErrorAlert, ErrorThresholds
    from ai_lib.reliability.rate_limiter import RateLimit, RateLimiter
    from ai_lib.reliability.redis import RedisBreakers, RedisStore
    from ai_lib.reliability.retry import RetryPolicy
    from ai_lib.reliability.sqlite import SqliteStore
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.events": "Event Listener",
            "api.limits": "LimitStore",
            "reliability.circuit_breaker": "CircuitBreaker",
            "reliability.concurrency": "ConcurrencyLimit",
            "reliability.config": "BreakerPolicy ResilienceConfig",
            "reliability.monitor": "ErrorAlert ErrorThresholds",
            "reliability.rate_limiter": "RateLimit RateLimiter",
            "reliability.redis": "RedisBreakers RedisStore",
            "reliability.retry": "RetryPolicy",
            "reliability.sqlite": "SqliteStore",
        },
    )

__all__ = [
    "BreakerPolicy", "CircuitBreaker", "ConcurrencyLimit", "ErrorAlert", "ErrorThresholds", "Event",
    "LimitStore", "Listener", "RateLimit", "RateLimiter", "RedisBreakers", "RedisStore", "ResilienceConfig",
    "RetryPolicy", "SqliteStore",
]  # fmt: skip
