"""The attempts of one guarded call: each is admitted, made, recorded and, if the policy allows, repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, CancelledError, CircuitOpenError, NetworkError, RateLimitError
from ai_lib.types.trace import Attempt

if TYPE_CHECKING:
    from ai_lib.reliability.circuit_breaker import Permit
    from ai_lib.reliability.rate_limiter import Reservation
    from ai_lib.reliability.state import Guarded, ProcessState

__all__ = ["Admission", "Attempts", "StreamAttempts"]

T = TypeVar("T")


class Admission:
    """What one attempt holds of breaker and rate limit until its outcome is known."""

    __slots__ = ("_permit", "_reservation")

    def __init__(self, permit: Permit | None, reservation: Reservation | None) -> None:
        self._permit = permit
        self._reservation = reservation

    def record_success(self, guarded: Guarded, result: Any) -> None:
        """Record that the provider answered, and settle the tokens that were used."""
        if self._permit is not None:
            self._permit.record_success()
        if self._reservation is not None:
            if self._reservation.tokens:
                self._reservation.settle(guarded.used(result))
            self._reservation.record_success(guarded.rate_limits(result))

    def record_failure(self, error: BaseException) -> None:
        """Record what the attempt raised."""
        if self._permit is not None:
            self._permit.record_failure(error)
        if self._reservation is None:
            return
        if isinstance(error, RateLimitError):
            self._reservation.record_throttling(error.retry_after)
        if isinstance(error, NetworkError) and not error.ambiguous:
            self._reservation.release()  # it never arrived
        elif isinstance(error, AiLibError) and not error.ambiguous and not isinstance(error, CancelledError):
            self._reservation.settle(0.0)  # refused: no tokens were used


class Attempts:
    """The attempts of one call.

    Args:
        state: The guard's state in this process.
        call: The call.
        guarded: The kind of call.
        emit: Called with each decision: its kind, the model and what belongs to it.
    """

    __slots__ = ("_count", "_emit", "_last_delay", "_state", "call", "guarded")

    def __init__(self, state: ProcessState, call: Call, guarded: Guarded, emit: Callable[..., None]) -> None:
        self._state = state
        self._emit = emit
        self.call = call
        self.guarded = guarded
        self._count = 0
        self._last_delay = 0.0
        state.budget.deposit()

    def run(self, send: Callable[[], T]) -> tuple[T, Admission | None]:
        """Return the result of the first attempt that succeeds, and what is held for it.

        Raises:
            AiLibError: The last attempt failed, or none could be made.
        """
        now = self.call.clock.now
        failure: AiLibError | None = None
        try:
            while True:
                admission = self._admit(failure)
                self.call.limit_attempt(self._state.policy.attempt_timeout)
                started = now()
                try:
                    return send(), admission
                except BaseException as error:
                    if admission is not None:
                        admission.record_failure(error)
                    if not isinstance(error, AiLibError) or not self.retry(error, now() - started):
                        raise
                    failure = error
        finally:
            # The traceback of the error and of its causes holds this frame, whose callers have the stream by now: a
            # stream that is dropped would keep its connection until the garbage collector runs.
            failure = None

    def _admit(self, failure: AiLibError | None) -> Admission | None:
        """Wait until the next attempt may be made, and return what it holds.

        Args:
            failure: What the attempt before it raised.

        Raises:
            CircuitOpenError: The breaker is open.
            RateLimitError: The client's own limit does not admit the attempt in time.
            CancelledError: The call was cancelled.
            RequestTimeoutError: The call exceeded its total timeout.
        """
        call, state, model = self.call, self._state, self.guarded.model
        try:
            call.check()
            breaker = state.breaker(model, self._emit)
            permit = None if breaker is None else breaker.acquire()
            if state.limiter is None:
                return None if permit is None else Admission(permit, None)
            try:
                tokens = self.guarded.tokens() if state.limiter.limit.tokens is not None else 0.0
                reservation = state.limiter.acquire(tokens, call=call)
            except BaseException:
                if permit is not None:
                    permit.release()
                raise
        except AiLibError as error:
            attempt = (type(error).__name__, error.code, None, 0.0, state.provider, model)
            call.attempts.append(Attempt(*attempt, decision="not_sent"))
            error.provider = error.provider or state.provider
            error.model = error.model or model
            # The failure is what the user can act on; that no further attempt was possible is its consequence.
            if failure is not None and isinstance(error, CircuitOpenError | RateLimitError):
                raise failure from error
            raise
        if reservation.waited:
            self._emit("rate_limited", model, waited=reservation.waited)
            call.record("rate_limited", provider=state.provider, waited=reservation.waited)
        return Admission(permit, reservation)

    def retry(self, error: AiLibError, seconds: float) -> bool:
        """Record a failed attempt; where it is to be repeated, wait and return True.

        Args:
            error: What the attempt raised.
            seconds: How long the attempt took.
        """
        self._count += 1
        call, policy, model = self.call, self._state.policy, self.guarded.model
        delay = policy.delay(self._count, error, call.clock.random(), self._last_delay)
        if delay is None:
            decision = policy.refusal(self._count, error) or "not_retryable"
        elif not call.has_time_for(delay):
            decision = "deadline"
        else:
            decision = "retried" if self._state.budget.withdraw() else "retry_budget"
        wait = delay if delay is not None and decision == "retried" else 0.0
        name, provider = type(error).__name__, self._state.provider
        call.attempts.append(Attempt(name, error.code, error.status, wait, provider, model, seconds, decision))
        kind = "retry" if decision == "retried" else "gave_up"
        call.record(kind, provider=provider, model=model, error=name, code=error.code, waited=wait, why=decision)
        self._emit(kind, model, error=error, waited=wait, attempt=self._count, decision=decision)
        if decision != "retried":
            return False
        self._last_delay = wait
        with call.timed("backoff"):
            call.sleep(wait)
        return True


class StreamAttempts:
    """The attempts of one stream, and what is held for it until it ends.

    Args:
        state: The guard's state in the process that opened the stream.
        attempts: The attempts of its call.
        send: Opens the stream.
        is_current: Returns whether `state` is that of the running process.
    """

    def __init__(
        self,
        state: ProcessState,
        attempts: Attempts,
        send: Callable[[], Any],
        is_current: Callable[[], bool],
    ) -> None:
        self._state = state
        self._attempts = attempts
        self._send = send
        self._is_current = is_current
        self._admission: Admission | None = None
        self._started = 0.0
        self._ended = False

    def open(self) -> Any:
        """Return the stream.

        Raises:
            AiLibError: The last attempt failed, or none could be made.
        """
        self._started = self._attempts.call.clock.now()
        try:
            stream, self._admission = self._attempts.run(self._send)
        except BaseException as exc:
            self.end(None, exc if isinstance(exc, AiLibError) else CancelledError("interrupted"))
            raise
        return stream

    def recover(self, error: AiLibError) -> Any:
        """Return another stream in place of one that failed before it yielded anything.

        Raises:
            AiLibError: No further attempt is allowed.
        """
        if self._admission is not None:
            self._admission.record_failure(error)
            self._admission = None
        if not self._attempts.retry(error, self._attempts.call.clock.now() - self._started):
            self.end(None, error)
            raise error
        return self.open()

    def end(self, stream: Any, error: AiLibError | None) -> None:
        """Release everything that is held, and record the outcome."""
        # A copy of the stream in a forked child holds nothing: slot, permit and reservation are the parent's.
        if self._ended or not self._is_current():
            return
        self._ended = True
        if self._state.slots is not None:
            self._state.slots.release()
        if error is None:
            if self._admission is not None:
                self._admission.record_success(self._attempts.guarded, stream)
            self._state.record_success()
        else:
            if self._admission is not None:
                self._admission.record_failure(error)
            self._state.record_failure(error)
