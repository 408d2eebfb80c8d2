"""How fast requests and tokens go out, so that the provider need not say 429.

A hand-written token bucket (`bucket`) says when; threads line up (`line`), and only the one in front holds a
reservation, so a pause or a lower rate holds for all that wait behind it. No lock is held while anybody waits.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping
from typing import Any, Self

import attrs

from ai_lib.api.call import Call
from ai_lib.api.limits import LimitStore, StoreUnavailableError
from ai_lib.errors import ConfigurationError, InvalidRequestError, RateLimitError
from ai_lib.reliability.bucket import OPERATIONS, Bucket, Buckets, BucketState
from ai_lib.reliability.fifo import FifoQueue
from ai_lib.types.limits import LimitStatus
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

__all__ = ["MemoryStore", "RateLimit", "RateLimiter", "Reservation"]

_logger = logging.getLogger(__name__)

# Without a burst of its own a limit is paced: no window of its length ever holds more than the limit, also for a
# provider that counts strictly and sees requests arrive a little closer together than they left.
_PACED_RATE = 0.97
_PACED_BURST = 0.01
# What a 429 without a wait pauses for.
_PAUSE = 1.0


def _positive(_: object, field: attrs.Attribute[float], value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ConfigurationError(f"{field.name} must be a number above 0, got {value!r}")


@attrs.frozen(kw_only=True)
class RateLimit:
    """How many requests and tokens may go out in a time.

    Args:
        requests: Requests in `per` seconds; None for no limit.
        tokens: Tokens in `per` seconds, prompts and answers together; None for no limit.
        per: Seconds.
        burst: Requests that may go at once after a pause. None means a steady pace, at which no window of `per` seconds
            ever holds more than the limit.
        adaptive: Whether a 429 slows the client down, and successes speed it up again, up to the limit.
        initial: The part of the limit to begin with, from 0.25 to 1.
        max_wait: Most seconds to wait; None means as long as the call's own time lasts.
        store: Where the state is kept, to share it between processes; None means in this process.
        name: Whose limit; clients with the same name and store share it. None means the provider's address and key.
    """

    requests: float | None = attrs.field(default=None, validator=_positive)
    tokens: float | None = attrs.field(default=None, validator=_positive)
    per: float = attrs.field(default=60.0, validator=_positive)
    burst: float | None = attrs.field(default=None, validator=_positive)
    adaptive: bool = True
    initial: float = attrs.field(default=1.0, validator=_positive)
    max_wait: float | None = None
    store: LimitStore | None = None
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.requests is None and self.tokens is None and self.burst is not None:
            raise ConfigurationError("burst says how many of `requests` may go at once: give requests as well")
        if self.initial > 1:
            raise ConfigurationError(f"initial is a part of the limit, at most 1, got {self.initial!r}")
        if self.max_wait is not None and not self.max_wait >= 0:
            raise ConfigurationError(f"max_wait must be seconds from 0 or None, got {self.max_wait!r}")
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
        requests = _paced(self.requests, self.per)
        if self.requests is not None and self.burst is not None:
            requests = Bucket(self.requests / self.per, max(1.0, self.burst))
        return Buckets((requests, _paced(self.tokens, self.per)), self.adaptive, self.initial)


# A bucket that is never empty: no limit.
_ENDLESS = Bucket(1e15, 1e15)


def _paced(limit: float | None, per: float) -> Bucket:
    if limit is None:
        return _ENDLESS
    return Bucket(_PACED_RATE * limit / per, max(1.0, _PACED_BURST * limit))


class MemoryStore:
    """Keeps the state of limits in this process; a forked child begins with a state of its own."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        # Re-entrant: a dropped stream ends wherever the garbage collector runs.
        self._of_process = PerProcess[tuple[Any, dict[str, BucketState]]](lambda: (threading.RLock(), {}))

    def apply(self, key: str, buckets: Buckets, operation: str, *arguments: Any) -> Any:
        """Do one operation."""
        now = self._clock.now()
        lock, states = self._of_process()
        with lock:
            state = states.get(key)
            if state is None:
                state = states[key] = buckets.fresh(now)
            state.refill(buckets, now)
            return OPERATIONS[operation](buckets, state, now, *arguments)


@attrs.define
class Reservation:
    """What one request has taken.

    Args:
        tokens: The tokens that were reserved, by their weight.
        waited: Seconds that it took.
        slowed: Whether the limit was slowed down then.
    """

    tokens: float
    waited: float
    slowed: bool
    _limiter: RateLimiter

    def release(self) -> None:
        """Give everything back: the request was not sent."""
        self._limiter.change("credit", (1.0, self.tokens))

    def settle(self, used: float | None) -> None:
        """Settle the estimate: give back what was not used, or take what was used beyond it."""
        if used is None or not self.tokens:
            return
        used = self._limiter.weight(used)
        if used != self.tokens:
            self._limiter.change("credit", (0.0, self.tokens - used))
            self.tokens = used

    def record_success(self, headers: Mapping[str, LimitStatus]) -> None:
        """Say that the provider took the request, and what its headers say is left."""
        if self.slowed:
            self._limiter.change("succeed")
        if headers:
            self._limiter.learn(headers)

    def record_throttling(self, seconds: float | None) -> None:
        """Say that the provider refused the request with a 429."""
        self._limiter.change("throttle", _PAUSE if seconds is None else seconds)


class RateLimiter:
    """Lets requests go at the pace of a limit, first come, first served. Share it between threads.

    Args:
        limit: The limit.
        key: Whose limit.
        clock: The time.
    """

    def __init__(self, limit: RateLimit, key: str = "default", clock: Clock = SYSTEM_CLOCK) -> None:
        self.limit = limit
        self._key = limit.name or key
        self._buckets = limit.buckets()
        self._clock = clock
        self._own = MemoryStore(clock)
        self._store: LimitStore = limit.store or self._own
        self._line: PerProcess[FifoQueue] = PerProcess(FifoQueue)

    @property
    def waiting(self) -> int:
        """Threads that wait now."""
        return len(self._line())

    def try_acquire(self, tokens: float = 0.0) -> Reservation | None:
        """Take a request and tokens if they are there now, else return None."""
        if len(self._line()):
            return None
        reserved = self._taken(tokens, 0.0)
        return reserved if isinstance(reserved, Reservation) else None

    def acquire(self, tokens: float = 0.0, *, timeout: float | None = None, call: Call | None = None) -> Reservation:
        """Wait until a request with so many tokens may go.

        Args:
            tokens: The tokens it will use, estimated.
            timeout: Most seconds to wait; None means the limit's `max_wait`, else the call's time.
            call: The call that waits; its time is not exceeded, and cancelling it ends the wait.

        Raises:
            RateLimitError: It would take too long (code "client_rate_limit"; `.retry_after` says how long). Nothing
                was taken.
            InvalidRequestError: It needs more tokens than the limit ever allows at once.
            CancelledError: The call was cancelled; what was reserved is given back.
        """
        if self.limit.tokens is not None and tokens > self.limit.tokens:
            raise InvalidRequestError(
                f"the request needs about {tokens:g} tokens and the limit is {self.limit.tokens:g} "
                f"in {self.limit.per:g} s",
                code="request_exceeds_limit",
                hint="Shorten the messages, lower max_tokens, or raise the rate limit",
            )
        call = call or Call(Timeout(total=None), clock=self._clock)
        longest = self._longest(timeout, call)
        if not len(self._line()):
            reserved = self._taken(tokens, 0.0)
            if isinstance(reserved, Reservation):
                return reserved
        with call.timed("rate_limit"):
            return self._in_line(tokens, self._clock.now() + longest, call)

    def weight(self, tokens: float) -> float:
        """Return what tokens count for in a limit that is kept strictly.

        Calls of n tokens at the rate of a limit of L would be L/n + 1 in some window, one more than a strict provider
        allows; at this weight they are L/n.
        """
        if self.limit.tokens is None:
            return tokens
        return tokens / max(0.5, 1.0 - tokens / self.limit.tokens)

    def change(self, operation: str, *arguments: Any) -> Any:
        """Do one of the bucket's operations on this limit's state."""
        try:
            return self._store.apply(self._key, self._buckets, operation, *arguments)
        except StoreUnavailableError as exc:
            _logger.warning("the shared store of rate limit %s is unavailable (%s); limiting alone", self._key, exc)
            return self._own.apply(self._key, self._buckets, operation, *arguments)

    def learn(self, headers: Mapping[str, LimitStatus]) -> None:
        """Take the provider's word for what is left, where that is less than is known here."""
        told = [headers.get("requests"), headers.get("tokens")]
        remaining = [None if status is None else status.remaining for status in told]
        if all(
            left is None or left > bucket.capacity for left, bucket in zip(remaining, self._buckets.each, strict=True)
        ):
            return
        waits = [status.wait for status in told if status is not None]
        self.change("learn", tuple(remaining), max(waits, default=0.0))

    # --- waiting

    def _longest(self, timeout: float | None, call: Call) -> float:
        limits = (timeout if timeout is not None else self.limit.max_wait, call.remaining())
        return min((seconds for seconds in limits if seconds is not None), default=math.inf)

    def _taken(self, tokens: float, longest: float) -> Reservation | float:
        """Return a reservation, or the seconds that it would take where those are too many."""
        weight = self.weight(tokens)
        wait, taken, factor = self.change("reserve", (1.0, weight), longest)
        return Reservation(weight, wait, factor < 1.0, self) if taken else float(wait)

    def _in_line(self, tokens: float, until: float, call: Call) -> Reservation:
        line = self._line()
        place = line.join()
        try:
            left = until - self._clock.now()
            if not line.wait(place, None if math.isinf(left) else left, call):
                raise self._too_long(0.0)
            reserved = self._taken(tokens, max(0.0, until - self._clock.now()))
            if not isinstance(reserved, Reservation):
                raise self._too_long(reserved)
            self._sit_out(reserved, until, call)
            return reserved
        finally:
            line.leave(place)

    def _sit_out(self, reservation: Reservation, until: float, call: Call) -> None:
        """Wait for the time of a reservation, and longer while the provider wants silence; give it back if it ends."""
        wait = reservation.waited
        try:
            while wait > 0:
                self._check(wait, until)
                call.sleep(wait)
                wait = self.change("paused")
        except BaseException:  # cancelled, KeyboardInterrupt, too long
            reservation.release()
            raise

    def _check(self, wait: float, until: float) -> None:
        # A millionth is what rounding leaves of nothing.
        if self._clock.now() + wait > until + 1e-6:
            raise self._too_long(wait)

    def _too_long(self, wait: float) -> RateLimitError:
        return RateLimitError(
            f"the rate limit of this client ({self._key}) allows no request in time",
            code="client_rate_limit",
            retry_after=wait or None,
            hint="Raise timeout= or the rate limit, or make fewer calls at once",
        )
