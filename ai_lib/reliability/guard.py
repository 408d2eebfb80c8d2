"""The guard of one provider: what happens round every attempt, and in which order.

    concurrency        a slot for the whole call, its retries and its stream
      for each attempt
        breaker        open: turned away, before anything is taken from the limit
        rate limit     each attempt is traffic, so each one waits its turn
        once()         encode, send, decode
      retry decision   after the breaker and the limit have heard of the failure
    monitor            hears of the call, not of its attempts

Fallback and hedging stand outside: they choose between guards. Each part is there only where it is configured.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError
from ai_lib.reliability.attempts import Admission, Attempts, StreamWatch
from ai_lib.reliability.retry import RetryBudget, RetryPolicy
from ai_lib.utils.clock import Clock
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    from ai_lib.api.events import Listener
    from ai_lib.reliability.circuit_breaker import CircuitBreaker
    from ai_lib.reliability.concurrency import Slots
    from ai_lib.reliability.config import ResilienceConfig
    from ai_lib.reliability.monitor import ErrorMonitor
    from ai_lib.reliability.rate_limiter import RateLimiter
    from ai_lib.types.limits import LimitStatus

__all__ = ["Guard", "Guarded", "GuardedStream"]

_logger = logging.getLogger(__name__)

T = TypeVar("T")
_ONCE = RetryPolicy(max_retries=0)
_MAX_BREAKERS = 1000


class GuardedStream(Protocol):
    """A stream as a guard needs it."""

    def recover_with(self, recover: Callable[[AiLibError], Any]) -> None:
        """Have `recover` asked for another stream when this one fails before it has given anything."""

    def on_end(self, hook: Callable[[Any, AiLibError | None], None]) -> None:
        """Have `hook` called once, when the stream is over, with the stream and what ended it."""


S = TypeVar("S", bound=GuardedStream)


class Guarded(Protocol):
    """What a guard is told about one kind of call."""

    @property
    def model(self) -> str | None:
        """The model that is asked."""

    def tokens(self) -> float:
        """Return how many tokens the call will use, estimated. Asked only where tokens are limited."""

    def used(self, result: Any) -> float | None:
        """Return how many it used; None where that is not told."""

    def rate_limits(self, result: Any) -> Mapping[str, LimitStatus]:
        """Return the rate limits that the provider reported with its answer; empty where it reported none."""


class ProcessState:
    """What one process has of a guard: locks, queues, counts."""

    def __init__(self, guard: Guard, config: ResilienceConfig | None) -> None:
        self.budget = RetryBudget(guard.policy.budget_ratio, guard.policy.budget_reserve)
        self.slots: Slots | None = None
        self.limiter: RateLimiter | None = None
        self.monitor: ErrorMonitor | None = None
        self.breakers: dict[str | None, CircuitBreaker] = {}
        if config is None:
            return
        # Imported where they are used: most programs have none of these.
        if config.concurrency is not None:
            from ai_lib.reliability.concurrency import Slots

            self.slots = Slots(config.concurrency)
        if config.rate_limit is not None:
            from ai_lib.reliability.rate_limiter import RateLimiter

            self.limiter = RateLimiter(config.rate_limit, guard.key, guard.clock)
        if config.monitor is not None:
            from ai_lib.reliability.monitor import ErrorMonitor

            self.monitor = ErrorMonitor(config.monitor, guard.provider, guard.clock)


class Guard:
    """Stands round everything that a client asks of one provider.

    Args:
        policy: When to try again; None for never.
        config: The other parts; None for none of them.
        provider: The provider's id.
        base_url: Its address; breakers and limits belong to it.
        key: Whose rate limit it is: the address, and the key in a form that does not give it away.
        clock: The time.
        listener: What hears of every decision.
    """

    def __init__(
        self,
        policy: RetryPolicy | None,
        config: ResilienceConfig | None,
        *,
        provider: str,
        base_url: str,
        key: str,
        clock: Clock,
        listener: Listener | None = None,
    ) -> None:
        self.policy = policy or _ONCE
        self.provider = provider
        self.key = key
        self.clock = clock
        self._base_url = base_url
        self._config = config
        self._listener = listener
        self.state: PerProcess[ProcessState] = PerProcess(lambda: ProcessState(self, config))

    def run(self, once: Callable[[], T], call: Call, asked: Guarded) -> T:
        """Return what `once` returns, tried as often as the policy says and never past the call's time.

        Raises:
            AiLibError: What the last attempt raised, or why none was made.
        """
        parts = self.state()
        if parts.slots is not None:
            parts.slots.acquire(call)
        try:
            result, admission = Attempts(self, parts, call, asked).run(once)
        except AiLibError as error:
            if parts.monitor is not None:
                parts.monitor.record_failure(error)
            raise
        finally:
            if parts.slots is not None:
                parts.slots.release()
        if admission is not None:
            admission.record_success(asked, result)
        if parts.monitor is not None:
            parts.monitor.record_success()
        return result

    def open_stream(self, once: Callable[[], S], call: Call, asked: Guarded) -> S:
        """Return the stream that `once` opens; what is held for it is given back when it is over.

        Until the stream has given something, its failure is tried again like that of a call.

        Raises:
            AiLibError: As for `run`.
        """
        parts = self.state()
        if parts.slots is not None:
            parts.slots.acquire(call)
        watch = StreamWatch(parts, Attempts(self, parts, call, asked), once)
        stream: S = watch.first()
        stream.recover_with(watch.recover)
        stream.on_end(watch.ended)
        return stream

    def admit(self, parts: ProcessState, call: Call, asked: Guarded) -> Admission | None:
        """Return what one attempt holds, waiting for its turn.

        Raises:
            CircuitOpenError: The breaker is open.
            RateLimitError: The client's own limit does not let it go in time.
            CancelledError: The call was cancelled.
            RequestTimeoutError: The call's time is over.
        """
        call.check()
        config = self._config
        permit = self._breaker(parts, asked.model).acquire() if config is not None and config.breaker else None
        if parts.limiter is None:
            return None if permit is None else Admission(permit, None)
        try:
            tokens = asked.tokens() if parts.limiter.limit.tokens is not None else 0.0
            reservation = parts.limiter.acquire(tokens, call=call)
        except BaseException:
            if permit is not None:
                permit.release()
            raise
        if reservation.waited:
            self.emit("rate_limited", asked.model, waited=reservation.waited)
            call.record("rate_limited", provider=self.provider, waited=reservation.waited)
        return Admission(permit, reservation)

    def _breaker(self, parts: ProcessState, model: str | None) -> CircuitBreaker:
        found = parts.breakers.get(model)
        if found is None:
            from ai_lib.reliability.circuit_breaker import CircuitBreaker

            assert self._config is not None and self._config.breaker is not None  # noqa: S101, PT018 - the caller asked
            name = " ".join(part for part in (self.provider, self._base_url, model) if part)

            def tell(old: str, new: str) -> None:
                self.emit(_TRANSITIONS[new], model, before=old)

            made = CircuitBreaker(self._config.breaker, name=name, clock=self.clock, tell=tell)
            if len(parts.breakers) >= _MAX_BREAKERS:  # the names of models may come from users
                parts.breakers.pop(next(iter(parts.breakers)), None)
            found = parts.breakers.setdefault(model, made)
        return found

    def emit(self, kind: str, model: str | None, **facts: Any) -> None:
        """Tell the listener of a decision."""
        if self._listener is None:
            return
        from ai_lib.api.events import Event  # few programs listen

        try:
            self._listener(Event(kind, self.provider, model, facts))
        except Exception:
            _logger.exception("the listener raised")

    def share(self, other: Guard) -> None:
        """Use another guard's limits, breakers and budget, where both guard the same thing in the same way."""
        if (self.policy, self._config, self.key, self.clock) == (other.policy, other._config, other.key, other.clock):
            self.state = other.state

    # --- what is going on, for tests and for people

    @property
    def in_flight(self) -> int:
        """Calls that hold a slot now; 0 where their number is not limited."""
        slots = self.state().slots
        return 0 if slots is None else slots.in_use

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot or for the rate limit."""
        parts = self.state()
        return (0 if parts.slots is None else parts.slots.waiting) + (
            0 if parts.limiter is None else parts.limiter.waiting
        )

    def breaker_state(self, model: str | None) -> str:
        """Return the state of the breaker for a model: "closed", "open" or "half-open"."""
        breaker = self.state().breakers.get(model)
        return "closed" if breaker is None else breaker.state


_TRANSITIONS = {"open": "breaker_opened", "half-open": "breaker_half_opened", "closed": "breaker_closed"}
