"""The attempts of one guarded call: each is admitted, made, recorded and, if the policy allows, repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, CancelledError, CircuitOpenError, NetworkError, RateLimitError
from ai_lib.types.trace import Attempt

if TYPE_CHECKING:
    from ai_lib.reliability.circuit_breaker import Permit
    from ai_lib.reliability.rate_limiter import Reservation
    from ai_lib.reliability.state import Guarded, ProcessState

__all__ = ["Attempts"]


class Attempts:
    """The attempts of one call or stream, and what it holds until its outcome is known: slot, permit, reservation.

    `send` makes one attempt. `emit` is called with each decision: its kind, the model and what belongs to it.
    """

    __slots__ = (
        "_call", "_count", "_emit", "_ended", "_guarded", "_last_delay", "_permit", "_reservation", "_send", "_started",
        "_state",
    )  # fmt: skip

    def __init__(
        self,
        state: ProcessState,
        call: Call,
        guarded: Guarded,
        send: Callable[[], Any],
        emit: Callable[..., None],
    ) -> None:
        self._state = state
        self._call = call
        self._guarded = guarded
        self._send = send
        self._emit = emit
        self._permit: Permit | None = None
        self._reservation: Reservation | None = None
        self._count = 0
        self._last_delay = 0.0
        self._started = 0.0
        self._ended = False
        if state.slots is not None:
            state.slots.acquire(call)
        state.budget.deposit()

    def run(self) -> Any:
        """Return the result of the first attempt that succeeds; `end` must follow.

        Raises:
            AiLibError: The last attempt failed, or none could be made.
        """
        failure: AiLibError | None = None
        try:
            while True:
                self._admit(failure)
                self._call.limit_attempt(self._state.policy.attempt_timeout)
                self._started = self._call.clock.now()
                try:
                    return self._send()
                except AiLibError as error:
                    if not self._retry(error):
                        raise
                    failure = error
        except BaseException as exc:
            self.end(None, exc if isinstance(exc, AiLibError) else CancelledError("interrupted"))
            raise
        finally:
            # The traceback of the error and of its causes holds this frame, whose callers have the stream by now: a
            # stream that is dropped would keep its connection until the garbage collector runs.
            failure = None

    def recover(self, error: AiLibError) -> Any:
        """Return another stream in place of one that failed before it yielded anything.

        Raises:
            AiLibError: No further attempt is allowed.
        """
        if not self._retry(error):
            self.end(None, error)
            raise error
        return self.run()

    def end(self, result: Any, error: AiLibError | None) -> None:
        """Release everything that is held, and record the outcome."""
        if self._ended:
            return
        self._ended = True
        state = self._state
        if state.slots is not None:
            state.slots.release()
        if error is not None:
            self._record_failure(error)
            if state.monitor is not None:
                state.monitor.record_failure(error)
        else:
            if self._permit is not None:
                self._permit.record_success()
            if self._reservation is not None:
                if self._reservation.tokens:
                    self._reservation.settle(self._guarded.used(result))
                self._reservation.record_success(self._guarded.rate_limits(result))
            if state.monitor is not None:
                state.monitor.record_success()

    def _admit(self, failure: AiLibError | None) -> None:
        """Wait until the next attempt may be made; `failure` is what the attempt before it raised.

        Raises:
            CircuitOpenError: The breaker is open.
            RateLimitError: The client's own limit does not admit the attempt in time.
            CancelledError: The call was cancelled.
            RequestTimeoutError: The call exceeded its total timeout.
        """
        call, state, model = self._call, self._state, self._guarded.model
        try:
            call.check()
            breaker = state.breaker(model, self._emit)
            self._permit = None if breaker is None else breaker.acquire()
            if state.limiter is None:
                return
            tokens = self._guarded.tokens() if state.limiter.limit.tokens is not None else 0.0
            self._reservation = state.limiter.acquire(tokens, call=call)
        except BaseException as error:
            if self._permit is not None:
                self._permit.release()
            if not isinstance(error, AiLibError):
                raise
            attempt = (type(error).__name__, error.code, None, 0.0, state.provider, model)
            call.attempts.append(Attempt(*attempt, decision="not_sent"))
            error.provider = error.provider or state.provider
            error.model = error.model or model
            # The failure is what the user can act on; that no further attempt was possible is its consequence.
            if failure is not None and isinstance(error, CircuitOpenError | RateLimitError):
                raise failure from error
            raise
        waited = self._reservation.waited
        if waited:
            self._emit("rate_limited", model, waited=waited)
            call.record("rate_limited", provider=state.provider, waited=waited)

    def _record_failure(self, error: AiLibError) -> None:
        """Record what an attempt raised, and give back what it held."""
        permit, self._permit = self._permit, None
        reservation, self._reservation = self._reservation, None
        if permit is not None:
            permit.record_failure(error)
        if reservation is None:
            return
        if isinstance(error, RateLimitError):
            reservation.record_throttling(error.retry_after)
        if isinstance(error, NetworkError) and not error.ambiguous:
            reservation.release()  # it never arrived
        elif not error.ambiguous and not isinstance(error, CancelledError):
            reservation.settle(0.0)  # refused: no tokens were used

    def _retry(self, error: AiLibError) -> bool:
        """Record a failed attempt; where it is to be repeated, wait and return True."""
        self._record_failure(error)
        self._count += 1
        call, policy, model = self._call, self._state.policy, self._guarded.model
        seconds = call.clock.now() - self._started
        delay = policy.delay(self._count, error, call.clock.random(), self._last_delay)
        if delay is None:
            decision = policy.refusal(self._count, error) or "not_retryable"
        elif not call.has_time_for(delay):
            decision = "deadline"
        else:
            decision = "retried" if self._state.budget.withdraw() else "retry_budget"
        retried = decision == "retried"
        wait = delay if delay is not None and retried else 0.0
        kind, name, provider = "retry" if retried else "gave_up", type(error).__name__, self._state.provider
        call.attempts.append(Attempt(name, error.code, error.status, wait, provider, model, seconds, decision))
        call.record(kind, provider=provider, model=model, error=name, code=error.code, waited=wait, why=decision)
        self._emit(kind, model, error=error, waited=wait, attempt=self._count, decision=decision)
        if retried:
            self._last_delay = wait
            with call.timed("backoff"):
                call.sleep(wait)
        return retried
