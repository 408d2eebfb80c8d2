"""The rate limiter: how fast requests and tokens are sent, so that the provider need not answer with a 429.

A token bucket (`bucket`) decides when; threads queue for one slot, and only the one that holds it has a reservation,
so a pause or a lower rate applies to all that wait behind it. No lock is held while a thread waits.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
from collections.abc import Mapping
from typing import Any, Self

import attrs

from ai_lib.api.call import Call
from ai_lib.api.limits import LimitStore, StoreUnavailableError
from ai_lib.errors import ConfigurationError, InvalidRequestError, RateLimitError
from ai_lib.reliability.bucket import Bucket, Buckets, BucketState
from ai_lib.reliability.concurrency import ConcurrencyLimit, Slots
from ai_lib.reliability.validators import OPTIONAL_POSITIVE, POSITIVE, SECONDS_OR_FOREVER
from ai_lib.types.limits import LimitStatus
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

__all__ = ["MemoryStore", "RateLimit", "RateLimiter", "Reservation"]

_logger = logging.getLogger(__name__)

# Without a burst a limit is paced: no window of its length ever holds more than the limit, also for a
# provider that counts strictly and sees requests arrive a little closer together than they left.
_PACED_RATE = 0.97
_PACED_BURST = 0.01
# The pause after a 429 without a Retry-After.
_PAUSE = 1.0
# A bucket that is never empty: no limit.
_UNLIMITED = Bucket(1e15, 1e15)
_ONE_AT_A_TIME = ConcurrencyLimit(1, max_queue=sys.maxsize)


@attrs.frozen(kw_only=True)
class RateLimit:
    """How many requests and tokens may be sent in a period.

    Args:
        requests: Maximum requests in `per` seconds; None for no limit.
        tokens: Maximum tokens in `per` seconds, prompts and answers together; None for no limit.
        per: Length of the period in seconds.
        burst: Requests that may be sent at once after a pause. None means a steady pace, at which no window of `per`
            seconds ever holds more than the limit.
        adaptive: Whether a 429 slows the client down, and successes speed it up again, up to the limit.
        initial: Fraction of the limit to start with, 0.25 to 1.
        max_wait: Maximum seconds to wait; None means until the call's deadline.
        store: Keeps the state, to share it between processes; None keeps it in this process.
        name: Name of the limit; clients with the same name and store share it. None means the provider's address and
            key.
    """

    requests: float | None = attrs.field(default=None, validator=OPTIONAL_POSITIVE)
    tokens: float | None = attrs.field(default=None, validator=OPTIONAL_POSITIVE)
    per: float = attrs.field(default=60.0, validator=POSITIVE)
    burst: float | None = attrs.field(default=None, validator=OPTIONAL_POSITIVE)
    adaptive: bool = True
    initial: float = attrs.field(default=1.0, validator=POSITIVE)
    max_wait: float | None = attrs.field(default=None, validator=SECONDS_OR_FOREVER)
    store: LimitStore | None = None
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.requests is None and self.tokens is None and self.burst is not None:
            raise ConfigurationError("burst requires requests: it is the number of them that may be sent at once")
        if self.initial > 1:
            raise ConfigurationError(f"initial must be a fraction of the limit, at most 1, got {self.initial!r}")
        if self.store is not None and not callable(getattr(self.store, "apply", None)):
            raise ConfigurationError(f"store must be a SqliteStore, a RedisStore or a LimitStore, got {self.store!r}")

    @classmethod
    def per_minute(cls, requests: float | None = None, *, tokens: float | None = None, **fields: Any) -> Self:
        """Return a limit of requests and tokens a minute: `RateLimit.per_minute(300, tokens=100_000)`."""
        return cls(requests=requests, tokens=tokens, per=60.0, **fields)

    @classmethod
    def per_second(cls, requests: float | None = None, *, tokens: float | None = None, **fields: Any) -> Self:
        """Return a limit of requests and tokens a second."""
        return cls(requests=requests, tokens=tokens, per=1.0, **fields)

    def buckets(self) -> Buckets:
        """Return the limit as buckets: first requests, then tokens."""
        requests, tokens = (
            _UNLIMITED if limit is None else Bucket(_PACED_RATE * limit / self.per, max(1.0, _PACED_BURST * limit))
            for limit in (self.requests, self.tokens)
        )
        if self.requests is not None and self.burst is not None:
            requests = Bucket(self.requests / self.per, max(1.0, self.burst))
        return Buckets((requests, tokens), self.adaptive, self.initial)


class MemoryStore:
    """Keeps the state of limits in this process; a forked child starts with a new state."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        # Re-entrant: a dropped stream ends wherever the garbage collector runs.
        self._states = PerProcess[tuple[Any, dict[str, BucketState]]](lambda: (threading.RLock(), {}))

    def apply(self, key: str, buckets: Buckets, operation: str, *arguments: Any) -> Any:
        """Perform one operation; see `LimitStore`."""
        now = self._clock.now()
        lock, states = self._states()
        with lock:
            state = states.get(key)
            if state is None:
                state = states[key] = buckets.fresh(now)
            return state.apply(buckets, now, operation, arguments)


@attrs.define
class Reservation:
    """What one request has taken from the limit."""

    tokens: float  # weighted
    waited: float  # seconds
    slowed: bool  # whether the limit was slowed down at that time
    _limiter: RateLimiter

    def release(self) -> None:
        """Return everything: the request was not sent."""
        self._limiter.change("credit", (1.0, self.tokens))

    def settle(self, used: float | None) -> None:
        """Correct the estimate: return what was not used, or take what was used beyond it."""
        if used is None or not self.tokens:
            return
        used = self._limiter.weight(used)
        if used != self.tokens:
            self._limiter.change("credit", (0.0, self.tokens - used))
            self.tokens = used

    def record_success(self, limits: Mapping[str, LimitStatus]) -> None:
        """Record that the provider accepted the request, and the limits that it reported."""
        if self.slowed:
            self._limiter.change("speed_up")
        if limits:
            self._limiter.adopt(limits)

    def record_throttling(self, seconds: float | None) -> None:
        """Record that the provider refused the request with a 429, and the wait that it requested."""
        self._limiter.change("throttle", _PAUSE if seconds is None else seconds)


class RateLimiter:
    """Admits requests at the pace of a limit, first come, first served. Threads may share it.

    Args:
        limit: The limit.
        key: Identifies the limit in its store, unless it has a name.
        clock: The time.
    """

    def __init__(self, limit: RateLimit, key: str = "default", clock: Clock = SYSTEM_CLOCK) -> None:
        self.limit = limit
        self._key = limit.name or key
        self._buckets = limit.buckets()
        self._clock = clock
        self._local = MemoryStore(clock)
        self._store: LimitStore = limit.store or self._local
        self._queue: PerProcess[Slots] = PerProcess(lambda: Slots(_ONE_AT_A_TIME))

    @property
    def waiting(self) -> int:
        """Threads that wait now."""
        queue = self._queue()
        return queue.in_use + queue.waiting

    def try_acquire(self, tokens: float = 0.0) -> Reservation | None:
        """Take a request and tokens if they are available now, else return None."""
        if self.waiting:
            return None
        reservation = self._reserve(tokens, 0.0)
        return reservation if isinstance(reservation, Reservation) else None

    def acquire(self, tokens: float = 0.0, *, timeout: float | None = None, call: Call | None = None) -> Reservation:
        """Wait until a request with so many tokens may be sent.

        Args:
            tokens: Estimated number of tokens that it will use.
            timeout: Maximum seconds to wait; None means the limit's `max_wait`, else until the call's deadline.
            call: The call that waits; its deadline is kept, and cancelling it ends the wait.

        Raises:
            RateLimitError: It would take too long (code "client_rate_limit"; `.retry_after` says how long). Nothing
                was taken.
            InvalidRequestError: It needs more tokens than the limit ever allows at once.
            CancelledError: The call was cancelled; the reservation was released.
        """
        if self.limit.tokens is not None and tokens > self.limit.tokens:
            raise InvalidRequestError(
                f"the request needs about {tokens:g} tokens and the limit is {self.limit.tokens:g} "
                f"in {self.limit.per:g} s",
                code="request_exceeds_limit",
                hint="Shorten the messages, lower max_tokens, or raise the rate limit",
            )
        call = call or Call(Timeout(total=None), clock=self._clock)
        limits = (timeout if timeout is not None else self.limit.max_wait, call.remaining())
        max_wait = min((seconds for seconds in limits if seconds is not None), default=math.inf)
        reservation = self.try_acquire(tokens)
        if reservation is not None:
            return reservation
        with call.timed("rate_limit"):
            return self._wait(tokens, self._clock.now() + max_wait, call)

    def weight(self, tokens: float) -> float:
        """Return what tokens count for in a limit that is enforced strictly.

        Calls of n tokens at the rate of a limit of L would be L/n + 1 in some window, one more than a strict provider
        allows; at this weight they are L/n.
        """
        if self.limit.tokens is None:
            return tokens
        return tokens / max(0.5, 1.0 - tokens / self.limit.tokens)

    def change(self, operation: str, *arguments: Any) -> Any:
        """Perform one of the bucket's operations on the state of this limit."""
        try:
            return self._store.apply(self._key, self._buckets, operation, *arguments)
        except StoreUnavailableError as exc:
            _logger.warning(
                "the shared store of rate limit %s is unavailable (%s); limiting in this process only", self._key, exc
            )
            return self._local.apply(self._key, self._buckets, operation, *arguments)

    def adopt(self, limits: Mapping[str, LimitStatus]) -> None:
        """Adopt what the provider reports as remaining, where that is less than is known here."""
        reported = [limits.get("requests"), limits.get("tokens")]
        remaining = [None if status is None else status.remaining for status in reported]
        if all(
            left is None or left > bucket.capacity for left, bucket in zip(remaining, self._buckets.items, strict=True)
        ):
            return
        waits = [status.wait for status in reported if status is not None]
        self.change("adopt", tuple(remaining), max(waits, default=0.0))

    def _reserve(self, tokens: float, max_wait: float) -> Reservation | float:
        """Return a reservation, or the seconds that it would have to wait if that is too long."""
        weight = self.weight(tokens)
        wait, taken, factor = self.change("reserve", (1.0, weight), max_wait)
        return Reservation(weight, wait, factor < 1.0, self) if taken else float(wait)

    def _wait(self, tokens: float, deadline: float, call: Call) -> Reservation:
        """Queue, reserve and wait until the reservation may be used."""
        queue, left = self._queue(), deadline - self._clock.now()
        if not queue.wait(call, None if math.isinf(left) else left):
            raise self._timeout(0.0)
        try:
            reservation = self._reserve(tokens, max(0.0, deadline - self._clock.now()))
            if not isinstance(reservation, Reservation):
                raise self._timeout(reservation)
            wait = reservation.waited
            try:
                while wait > 0 and self._clock.now() + wait <= deadline + 1e-6:  # less is a rounding error
                    call.sleep(wait)
                    wait = self.change("pause")  # a 429 of another call may have paused the limit meanwhile
            except BaseException:  # cancelled, KeyboardInterrupt
                reservation.release()
                raise
            if wait > 0:
                reservation.release()
                raise self._timeout(wait)
            return reservation
        finally:
            queue.release()

    def _timeout(self, wait: float) -> RateLimitError:
        return RateLimitError(
            f"the rate limit of this client ({self._key}) admits no request in time",
            code="client_rate_limit",
            retry_after=wait or None,
            hint="Raise timeout= or the rate limit, or make fewer calls at once",
        )
