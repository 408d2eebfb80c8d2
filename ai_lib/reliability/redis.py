"""Rate limits and circuit breakers that many machines share, in Redis. Needs the extra `redis`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lib.api.limits import StoreUnavailableError
from ai_lib.errors import ConfigurationError
from ai_lib.reliability.bucket import DECREASE, FLOOR, INCREASE, ONE_EVENT, Buckets
from ai_lib.reliability.config import PROBE_SECONDS
from ai_lib.utils import json
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    import redis

    from ai_lib.reliability.config import BreakerPolicy

__all__ = ["RedisBreakers", "RedisStore"]

_logger = logging.getLogger(__name__)

# A server that is slower than this, or unreachable, must not hold up a call.
_TIMEOUT = 1.0
_PREFIX = "ai_lib"
_SCRIPT = Path(__file__).with_name("bucket.lua")
_CONSTANTS = (FLOOR, DECREASE, INCREASE, ONE_EVENT)
# After a day without use, every bucket is full again.
_KEEP_SECONDS = 86_400


class _Server:
    """A Redis server, given by its address or as a client."""

    def __init__(self, server: str | redis.Redis) -> None:
        try:
            import redis
        except ImportError as exc:
            raise ConfigurationError(
                'sharing through Redis needs the package redis: pip install "ai-lib[redis]"', code="missing_package"
            ) from exc
        self.server = server
        self.error = redis.RedisError
        self._client: PerProcess[redis.Redis] = PerProcess(self._connect)
        self._client()  # an invalid address fails here, not in the first call

    def _connect(self) -> redis.Redis:
        import redis

        if not isinstance(self.server, str):
            return self.server
        try:
            return redis.Redis.from_url(self.server, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
        except ValueError as exc:
            raise ConfigurationError("the address of Redis must begin with redis://, rediss:// or unix://") from exc

    def __call__(self) -> redis.Redis:
        """Return this process's client."""
        return self._client()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.server,)


class RedisStore:
    """Keeps the state of rate limits in Redis: each step is one script, on Redis' own clock.

    Args:
        server: An address such as "redis://127.0.0.1:6379/0", or a `redis.Redis`.
        prefix: Prefix of the names of the keys.

    Raises:
        ConfigurationError: The package redis is not installed, or the address is invalid.
    """

    def __init__(self, server: str | redis.Redis, *, prefix: str = _PREFIX) -> None:
        self._server = _Server(server)
        self._prefix = prefix
        # Redis keeps scripts by the hash of their text; the text itself is sent only where it is missing.
        self._script: PerProcess[Any] = PerProcess(
            lambda: self._server().register_script(_SCRIPT.read_text(encoding="utf-8"))
        )
        self._now: float | None = None  # None means Redis' own clock

    def apply(self, key: str, buckets: Buckets, operation: str, *arguments: Any) -> Any:
        """Perform one operation; see `LimitStore`.

        Raises:
            StoreUnavailableError: Redis cannot be reached.
        """
        request = {
            "buckets": [{"rate": bucket.rate, "capacity": bucket.capacity} for bucket in buckets.items],
            "adaptive": buckets.adaptive,
            "initial": buckets.initial,
            "constants": _CONSTANTS,
            "operation": operation,
            # JSON has no infinity: no limit is null.
            "arguments": [None if argument == float("inf") else argument for argument in arguments],
            "now": self._now,
            "keep": _KEEP_SECONDS,
        }
        try:
            reply = self._script()(keys=[f"{self._prefix}:limit:{key}"], args=[json.dumps(request)])
        except self._server.error as exc:
            raise StoreUnavailableError(str(exc)) from exc
        result = json.loads(reply)
        return tuple(result) if isinstance(result, list) else result

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), prefix=self._prefix), (self._server.server,)

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"


class RedisBreakers:
    """Makes breakers whose state all processes with the same Redis share: `BreakerPolicy(storage=RedisBreakers(...))`.

    While Redis cannot be reached, breakers count as closed.

    Args and errors are those of `RedisStore`.
    """

    def __init__(self, server: str | redis.Redis, *, prefix: str = _PREFIX) -> None:
        self._server = _Server(server)
        self._prefix = prefix

    def __call__(self, name: str, policy: BreakerPolicy) -> _Storage:
        """Return the storage of one breaker."""
        return _Storage(self._server, f"{self._prefix}:breaker:{name}", policy)

    def __repr__(self) -> str:
        return f"RedisBreakers(prefix={self._prefix!r})"


class _Storage:
    """One breaker's state, a `BreakerStorage`: a hash, and two counts for each tenth of the window."""

    name = "redis"

    def __init__(self, server: _Server, key: str, policy: BreakerPolicy) -> None:
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
