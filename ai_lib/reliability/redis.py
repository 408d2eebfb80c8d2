"""Rate limits that many machines share, in Redis. Needs the extra `redis`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lib.api.limits import StoreUnavailableError
from ai_lib.errors import ConfigurationError
from ai_lib.reliability.bucket import DECREASE, FLOOR, INCREASE, ONE_EVENT, Buckets
from ai_lib.utils import json
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    import redis

__all__ = ["PREFIX", "RedisServer", "RedisStore"]

# A server that is slower than this, or unreachable, must not hold up a call.
_TIMEOUT = 1.0
PREFIX = "ai_lib"


class RedisServer:
    """A Redis server, given by its address or as a client.

    Args:
        server: An address such as "redis://127.0.0.1:6379/0", or a `redis.Redis`.

    Raises:
        ConfigurationError: The package redis is not installed, or the address is invalid.
    """

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


_SCRIPT = Path(__file__).with_name("bucket.lua")
_CONSTANTS = (FLOOR, DECREASE, INCREASE, ONE_EVENT)
# After a day without use, every bucket is full again.
_KEEP_SECONDS = 86_400


class RedisStore:
    """Keeps the state of rate limits in Redis: each step is one script, on Redis' own clock.

    Args:
        server: An address such as "redis://127.0.0.1:6379/0", or a `redis.Redis`.
        prefix: Prefix of the names of the keys.

    Raises:
        ConfigurationError: The package redis is not installed, or the address is invalid.
    """

    def __init__(self, server: str | redis.Redis, *, prefix: str = PREFIX) -> None:
        self._server = RedisServer(server)
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

    def __getstate__(self) -> dict[str, Any]:
        return {"server": self._server.server, "prefix": self._prefix}

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self.__init__(settings["server"], prefix=settings["prefix"])  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"
