"""The guard of one provider: what happens around every attempt, and in which order.

    concurrency        a slot for the whole call, its retries and its stream
      for each attempt
        breaker        an open one refuses, before anything is taken from the rate limit
        rate limit     each attempt is traffic, so each one waits its turn
        send()         encode, send, decode
      retry decision   after the failure was recorded by breaker and rate limit
    monitor            counts calls, not attempts

Fallback and hedging stand outside: they choose between guards. Each part is there only where it is configured.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ai_lib.api.call import Call
from ai_lib.reliability.attempts import Attempts
from ai_lib.reliability.retry import RetryPolicy
from ai_lib.reliability.state import Guarded, GuardedStream, ProcessState
from ai_lib.utils.clock import Clock
from ai_lib.utils.process import PerProcess

if TYPE_CHECKING:
    from ai_lib.api.events import Listener
    from ai_lib.errors import AiLibError
    from ai_lib.reliability.config import ResilienceConfig

__all__ = ["Guard"]

T = TypeVar("T")
S = TypeVar("S", bound=GuardedStream)
_NO_RETRIES = RetryPolicy(max_retries=0)


class Guard:
    """Applies concurrency limit, circuit breaker, rate limit and retries to every request to one provider.

    Without a policy nothing is retried, and without a config there are no other parts. Breakers belong to the address,
    and the key identifies the rate limit: the address, and a digest of the API key.
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
        self.policy = policy or _NO_RETRIES
        self.provider = provider
        self.key = key
        self.clock = clock
        self._config = config
        self._listener = listener
        self.state: PerProcess[ProcessState] = PerProcess(
            partial(ProcessState, self.policy, config, provider=provider, base_url=base_url, key=key, clock=clock)
        )

    def run(self, send: Callable[[], T], call: Call, guarded: Guarded) -> T:
        """Return the result of `send`, repeated as the policy allows and never past the call's deadline.

        Raises:
            AiLibError: The last attempt failed, or none could be made.
        """
        attempts = Attempts(self.state(), call, guarded, send, self.emit)
        result: T = attempts.run()
        attempts.end(result, None)
        return result

    def open_stream(self, send: Callable[[], S], call: Call, guarded: Guarded) -> S:
        """Return the stream that `send` opens, like `run`; what is held for it is released when it ends.

        A stream that fails before it has yielded anything is retried like a call.
        """
        state = self.state()
        attempts = Attempts(state, call, guarded, send, self.emit)

        def end(stream: S, error: AiLibError | None) -> None:
            # A copy of a stream in a forked child holds nothing: slot, permit and reservation are the parent's.
            if self.state() is state:
                attempts.end(stream, error)

        stream: S = attempts.run()
        stream.recover_with(attempts.recover)
        stream.on_end(end)
        return stream

    def emit(self, kind: str, model: str | None, **facts: Any) -> None:
        """Call the listener with a decision."""
        if self._listener is not None:
            from ai_lib.api.events import Event, notify  # few programs listen

            notify(self._listener, Event(kind, self.provider, model, facts))

    def share(self, guard: Guard) -> None:
        """Use the limits, breakers and retry budget of another guard if both have the same settings."""
        if (self.policy, self._config, self.key, self.clock) == (guard.policy, guard._config, guard.key, guard.clock):
            self.state = guard.state

    @property
    def in_flight(self) -> int:
        """Calls that hold a slot now; 0 where concurrency is not limited."""
        slots = self.state().slots
        return 0 if slots is None else slots.in_use

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot or for the rate limit now."""
        state = self.state()
        return sum(part.waiting for part in (state.slots, state.limiter) if part is not None)

    def breaker_state(self, model: str | None) -> str:
        """Return the state of the breaker of a model: "closed", "open" or "half-open"."""
        return self.state().breaker_state(model)
