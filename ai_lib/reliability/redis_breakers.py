"""Circuit breakers that many processes and machines share, in Redis. Needs the extra `redis`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ai_lib.reliability.circuit_breaker import PROBE_SECONDS
from ai_lib.reliability.config import BreakerPolicy
from ai_lib.reliability.redis import PREFIX, RedisServer

if TYPE_CHECKING:
    import redis

__all__ = ["RedisBreakers"]

_logger = logging.getLogger(__name__)


class RedisBreakers:
    """Makes breakers whose state all processes with the same Redis share: `BreakerPolicy(storage=RedisBreakers(...))`.

    While Redis cannot be reached, breakers count as closed.

    Args:
        server: An address such as "redis://127.0.0.1:6379/0", or a `redis.Redis`.
        prefix: Prefix of the names of the keys.

    Raises:
        ConfigurationError: The package redis is not installed, or the address is invalid.
    """

    def __init__(self, server: str | redis.Redis, *, prefix: str = PREFIX) -> None:
        self._server = RedisServer(server)
        self._prefix = prefix

    def __call__(self, name: str, policy: BreakerPolicy) -> _Storage:
        """Return the storage of one breaker."""
        return _Storage(self._server, f"{self._prefix}:breaker:{name}", policy)

    def __repr__(self) -> str:
        return f"RedisBreakers(prefix={self._prefix!r})"


class _Storage:
    """One breaker's state, a `BreakerStorage`: a hash, and two counts for each tenth of the window."""

    name = "redis"

    def __init__(self, server: RedisServer, key: str, policy: BreakerPolicy) -> None:
        self._server = server
        self._key = key
        self._calls_key = f"{key}:calls"
        self._probe_key = f"{key}:probe"
        self._policy = policy

    # --- what pybreaker calls

    @property
    def state(self) -> str:
        return self._try(lambda redis: _text(redis.hget(self._key, "state")), None) or "closed"

    @state.setter
    def state(self, state: str) -> None:
        self._try(lambda redis: redis.hset(self._key, "state", state), 0)
        if state == "closed":
            self._try(lambda redis: redis.delete(self._calls_key), 0)

    @property
    def counter(self) -> int:
        calls, failures = self._try(self._counts, (0, 0))
        return failures if failures >= self._policy.failure_rate * calls else 0

    @property
    def success_counter(self) -> int:
        return int(self._try(lambda redis: redis.hget(self._key, "successes"), None) or 0)

    def increment_counter(self) -> None:
        """Do nothing: `count` has counted it."""

    def reset_counter(self) -> None:
        """Do nothing: a success does not undo the failures in the window; closing does."""

    def increment_success_counter(self) -> None:
        self._try(lambda redis: redis.hincrby(self._key, "successes", 1), 0)

    def reset_success_counter(self) -> None:
        self._try(lambda redis: redis.hset(self._key, "successes", 0), 0)

    @property
    def opened_at(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.seconds_open())

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:  # noqa: ARG002 - Redis' clock counts, not pybreaker's
        self._try(lambda redis: redis.hset(self._key, "opened_at", _time(redis)), 0)

    # --- what our breaker calls as well

    def count(self, *, failed: bool) -> None:
        def add(redis: redis.Redis) -> None:
            with redis.pipeline(transaction=False) as pipe:
                pipe.hincrby(self._calls_key, f"{self._slice(redis)}:{int(failed)}", 1)
                pipe.expire(self._calls_key, int(self._policy.window) + 1)
                pipe.expire(self._key, int(self._policy.window + self._policy.recovery_timeout) + 3600)
                pipe.execute()

        self._try(add, None)

    def acquire_probe(self) -> bool:
        return bool(self._try(lambda redis: redis.set(self._probe_key, 1, nx=True, ex=int(PROBE_SECONDS)), True))

    def release_probe(self) -> None:
        self._try(lambda redis: redis.delete(self._probe_key), 0)

    def seconds_open(self) -> float:
        def since(redis: redis.Redis) -> float:
            return _time(redis) - float(redis.hget(self._key, "opened_at") or 0.0)

        return float(self._try(since, 0.0))

    def _try(self, operation: Callable[[redis.Redis], Any], default: Any) -> Any:
        try:
            return operation(self._server())
        except self._server.error as exc:
            _logger.warning("the circuit breaker's Redis is unavailable (%s); calls are let through", exc)
            return default

    def _slice(self, redis: redis.Redis) -> int:
        """Return the number of the current tenth of the window."""
        return int(_time(redis) * 10 / self._policy.window)

    def _counts(self, redis: redis.Redis) -> tuple[int, int]:
        """Return the calls in the window and the failures among them, and delete older counts."""
        oldest = self._slice(redis) - 9
        calls = failures = 0
        expired = []
        fields: dict[Any, Any] = redis.hgetall(self._calls_key)
        for field, count in fields.items():
            slice_number, _, failed = _text(field).partition(":")
            if int(slice_number) < oldest:
                expired.append(field)
            else:
                calls += int(count)
                failures += int(count) * int(failed)
        if expired:
            redis.hdel(self._calls_key, *expired)
        return calls, failures


def _time(redis: redis.Redis) -> float:
    seconds, micros = redis.time()
    return float(seconds) + micros / 1e6


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
