"""The state that a guard keeps in each process, and the protocols of the calls and streams that it guards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ai_lib.errors import AiLibError
from ai_lib.reliability.retry import RetryBudget, RetryPolicy
from ai_lib.utils.clock import Clock

if TYPE_CHECKING:
    from ai_lib.reliability.circuit_breaker import CircuitBreaker
    from ai_lib.reliability.concurrency import Slots
    from ai_lib.reliability.config import ResilienceConfig
    from ai_lib.reliability.monitor import ErrorMonitor
    from ai_lib.reliability.rate_limiter import RateLimiter
    from ai_lib.types.limits import LimitStatus

__all__ = ["Guarded", "GuardedStream", "ProcessState"]

_MAX_BREAKERS = 1000
_TRANSITIONS = {"open": "breaker_opened", "half-open": "breaker_half_opened", "closed": "breaker_closed"}


class Guarded(Protocol):
    """One kind of call, such as a chat or an embedding, as far as a guard has to know it."""

    @property
    def model(self) -> str | None:
        """The requested model."""

    def tokens(self) -> float:
        """Return the estimated number of tokens that the call will use; called only if tokens are limited."""

    def used(self, result: Any) -> float | None:
        """Return the number of tokens that the call used; None if the provider did not report it."""

    def rate_limits(self, result: Any) -> Mapping[str, LimitStatus]:
        """Return the rate limits that the provider reported with its response; empty if it reported none."""


class GuardedStream(Protocol):
    """A stream, as far as a guard has to know it."""

    def recover_with(self, recover: Callable[[AiLibError], Any]) -> None:
        """Register what returns another stream if this one fails before it has yielded anything."""

    def on_end(self, hook: Callable[[Any, AiLibError | None], None]) -> None:
        """Register what is called once when the stream ends, with the stream and the error that ended it."""


class ProcessState:
    """Locks, queues and counts of one guard in one process; the arguments are `Guard`'s.

    A part is there only where it is configured.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        config: ResilienceConfig | None,
        *,
        provider: str,
        base_url: str,
        key: str,
        clock: Clock,
    ) -> None:
        self.policy = policy
        self.provider = provider
        self.budget = RetryBudget(policy.budget_ratio, policy.budget_reserve)
        self.slots: Slots | None = None
        self.limiter: RateLimiter | None = None
        self.monitor: ErrorMonitor | None = None
        self._breaker_policy = None if config is None else config.breaker
        self._breakers: dict[str | None, CircuitBreaker] = {}
        self._base_url = base_url
        self._clock = clock
        if config is None:
            return
        # Imported where they are used: most programs have none of these.
        if config.concurrency is not None:
            from ai_lib.reliability.concurrency import Slots

            self.slots = Slots(config.concurrency)
        if config.rate_limit is not None:
            from ai_lib.reliability.rate_limiter import RateLimiter

            self.limiter = RateLimiter(config.rate_limit, key, clock)
        if config.monitor is not None:
            from ai_lib.reliability.monitor import ErrorMonitor

            self.monitor = ErrorMonitor(config.monitor, provider, clock)

    def breaker(self, model: str | None, emit: Callable[..., None]) -> CircuitBreaker | None:
        """Return the circuit breaker of a model; None where breakers are not configured.

        A breaker that exists keeps the `emit` that it was made with.
        """
        if self._breaker_policy is None:
            return None
        breaker = self._breakers.get(model)
        if breaker is None:
            from ai_lib.reliability.circuit_breaker import CircuitBreaker

            name = " ".join(part for part in (self.provider, self._base_url, model) if part)
            if len(self._breakers) >= _MAX_BREAKERS:  # model names may come from users
                self._breakers.pop(next(iter(self._breakers)), None)
            # Threads that get here at once agree on one.
            breaker = self._breakers.setdefault(
                model,
                CircuitBreaker(
                    self._breaker_policy,
                    name=name,
                    clock=self._clock,
                    on_change=lambda old, new: emit(_TRANSITIONS[new], model, before=old),
                ),
            )
        return breaker

    def breaker_state(self, model: str | None) -> str:
        """Return the state of a model's breaker: "closed", "open" or "half-open"."""
        breaker = self._breakers.get(model)
        return "closed" if breaker is None else breaker.state
