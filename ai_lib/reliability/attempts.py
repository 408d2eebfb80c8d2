"""The attempts of one call under a guard, and what each holds of breaker and limit until its outcome is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, CancelledError, CircuitOpenError, NetworkError, RateLimitError
from ai_lib.types.trace import Attempt

if TYPE_CHECKING:
    from ai_lib.reliability.circuit_breaker import Permit
    from ai_lib.reliability.guard import Guard, Guarded, ProcessState
    from ai_lib.reliability.rate_limiter import Reservation

__all__ = ["Admission", "Attempts", "StreamWatch"]

T = TypeVar("T")


class Admission:
    """What one attempt holds of breaker and limit, until its outcome is known."""

    __slots__ = ("_permit", "_reservation")

    def __init__(self, permit: Permit | None, reservation: Reservation | None) -> None:
        self._permit = permit
        self._reservation = reservation

    def record_success(self, asked: Guarded, result: Any) -> None:
        """Say that there is an answer, and settle with the limit what it cost."""
        if self._permit is not None:
            self._permit.record_success()
        if self._reservation is not None:
            if self._reservation.tokens:
                self._reservation.settle(asked.used(result))
            self._reservation.record_success(asked.rate_limits(result))

    def record_failure(self, error: BaseException) -> None:
        """Say what the attempt raised."""
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
    """The attempts of one call."""

    __slots__ = ("_before", "_guard", "_made", "_parts", "asked", "call")

    def __init__(self, guard: Guard, parts: ProcessState, call: Call, asked: Guarded) -> None:
        self._guard = guard
        self._parts = parts
        self.call = call
        self.asked = asked
        self._made = 0
        self._before = 0.0
        parts.budget.deposit()

    def in_another_process(self) -> bool:
        """Return whether this is a fork's copy."""
        return self._guard.state() is not self._parts

    def run(self, once: Callable[[], T]) -> tuple[T, Admission | None]:
        """Return what `once` returns and what is held for it, after as many attempts as it takes."""
        now = self.call.clock.now
        failure: AiLibError | None = None
        try:
            while True:
                admission = self._admitted(failure)
                self.call.limit_attempt(self._guard.policy.attempt_timeout)
                begun = now()
                try:
                    return once(), admission
                except AiLibError as error:
                    if admission is not None:
                        admission.record_failure(error)
                    if not self.again(error, now() - begun):
                        raise
                    failure = error
                except BaseException as exc:
                    if admission is not None:
                        admission.record_failure(exc)
                    raise
        finally:
            # Its traceback and its causes' hold this frame, whose callers have the stream by now: dropped, it would
            # keep its connection until the garbage is collected.
            failure = None

    def _admitted(self, failure: AiLibError | None) -> Admission | None:
        """Return what the next attempt holds; where it may not be made, raise what made it necessary."""
        try:
            return self._guard.admit(self._parts, self.call, self.asked)
        except AiLibError as error:
            facts = (type(error).__name__, error.code, None, 0.0, self._guard.provider, self.asked.model)
            self.call.attempts.append(Attempt(*facts, decision="not_sent"))
            error.provider = error.provider or self._guard.provider
            error.model = error.model or self.asked.model
            if failure is not None and isinstance(error, CircuitOpenError | RateLimitError):
                raise failure from error
            raise

    def again(self, error: AiLibError, took: float) -> bool:
        """Wait and return True where the policy says to try again; note the attempt either way."""
        self._made += 1
        call, policy = self.call, self._guard.policy
        delay = policy.delay(self._made, error, call.clock.random(), self._before)
        if delay is None:
            decision = policy.refusal(self._made, error) or "not_retryable"
        elif not call.has_time_for(delay):
            decision = "deadline"
        else:
            decision = "retried" if self._parts.budget.withdraw() else "retry_budget"
        wait = delay if delay is not None and decision == "retried" else 0.0
        model = self.asked.model
        call.attempts.append(
            Attempt(type(error).__name__, error.code, error.status, wait, self._guard.provider, model, took, decision)
        )
        kind = "retry" if decision == "retried" else "gave_up"
        call.record(kind, provider=self._guard.provider, model=model, error=type(error).__name__, code=error.code,
                  waited=wait, why=decision)  # fmt: skip
        self._guard.emit(kind, model, error=error, waited=wait, attempt=self._made, decision=decision)
        if decision != "retried":
            return False
        self._before = wait
        with call.timed("backoff"):
            call.sleep(wait)
        return True


class StreamWatch:
    """What is held for a stream while it lasts."""

    def __init__(self, parts: ProcessState, attempts: Attempts, once: Callable[[], Any]) -> None:
        self._parts = parts
        self._attempts = attempts
        self._once = once
        self._admission: Admission | None = None
        self._begun = 0.0
        self._over = False

    def first(self) -> Any:
        """Return the stream."""
        self._begun = self._attempts.call.clock.now()
        try:
            stream, self._admission = self._attempts.run(self._once)
        except BaseException as exc:
            self.ended(None, exc if isinstance(exc, AiLibError) else CancelledError("interrupted"))
            raise
        return stream

    def recover(self, error: AiLibError) -> Any:
        """Return another stream in place of one that failed before it gave anything.

        Raises:
            AiLibError: There is to be no further attempt.
        """
        if self._admission is not None:
            self._admission.record_failure(error)
            self._admission = None
        if not self._attempts.again(error, self._attempts.call.clock.now() - self._begun):
            self.ended(None, error)
            raise error
        return self.first()

    def ended(self, stream: Any, error: AiLibError | None) -> None:
        """Give everything back, and say how it went."""
        # A fork's copy of a stream holds nothing: slot, probe and reservation are the parent's.
        if self._over or self._attempts.in_another_process():
            return
        self._over = True
        if self._parts.slots is not None:
            self._parts.slots.release()
        if self._admission is not None and error is None:
            self._admission.record_success(self._attempts.asked, stream)
        elif self._admission is not None and error is not None:
            self._admission.record_failure(error)
        if self._parts.monitor is not None:
            self._parts.monitor.record_success() if error is None else self._parts.monitor.record_failure(error)
