"""The circuit breaker: after too many failures nothing is sent for a while, then one call tries.

pybreaker keeps the state machine; what happens to calls is reported to it when it is known. Not `breaker.call(send)`:
that holds the breaker's lock while the request runs, counts a cancelled call as a success, and lets every waiting
thread through at once when it is half-open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import attrs
import pybreaker

from ai_lib.errors import (
    AiLibError,
    CancelledError,
    CircuitOpenError,
    InvalidResponseError,
    ProviderError,
    RateLimitError,
    TransportError,
)
from ai_lib.reliability.config import BreakerPolicy
from ai_lib.reliability.window import Window
from ai_lib.utils.clock import Clock

__all__ = ["BreakerStorage", "CircuitBreaker", "MemoryStorage", "Permit"]

# A probe that never reports (its process was killed) keeps the others out for this long.
PROBE_SECONDS = 120.0


class BreakerStorage(Protocol):
    """Where a breaker's state is kept: pybreaker's storage, and what it lacks."""

    state: str

    def count(self, *, failed: bool) -> None:
        """Count a call in the window."""

    def acquire_probe(self) -> bool:
        """Return whether the caller may be the one call that tries while the breaker is half-open."""

    def release_probe(self) -> None:
        """Let another call try."""

    def seconds_open(self) -> float:
        """Return how long ago the breaker opened."""


class MemoryStorage(pybreaker.CircuitMemoryStorage):
    """Keeps a breaker's state in this process, on a clock that a test can hold, with failures counted in a window.

    Args:
        policy: The numbers.
        clock: The time.
    """

    def __init__(self, policy: BreakerPolicy, clock: Clock) -> None:
        super().__init__(pybreaker.STATE_CLOSED)
        self._policy = policy
        self._clock = clock
        self._window = Window(policy.window)
        self._opened = 0.0
        self._probe_until = 0.0
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    def count(self, *, failed: bool) -> None:
        """Count a call in the window."""
        with self._lock:
            self._window.add(self._clock.now(), failed=failed)

    @property
    def counter(self) -> int:
        """The failures in the window, once they are a large enough part of its calls."""
        with self._lock:
            calls, failures = self._window.counts(self._clock.now())
        return failures if failures >= self._policy.failure_rate * calls else 0

    def increment_counter(self) -> None:
        """Do nothing: `count` has."""

    def reset_counter(self) -> None:
        """Do nothing: a success does not undo the failures in the window; closing does."""

    def acquire_probe(self) -> bool:
        """Return whether the caller may try."""
        with self._lock:
            now = self._clock.now()
            free = self._probe_until <= now
            if free:
                self._probe_until = now + PROBE_SECONDS
            return free

    def release_probe(self) -> None:
        """Let another call try."""
        self._probe_until = 0.0

    def seconds_open(self) -> float:
        """Return how long ago the breaker opened."""
        return self._clock.now() - self._opened

    @property
    def state(self) -> str:
        """The state's name."""
        return str(self._state)

    @state.setter
    def state(self, state: str) -> None:
        self._state = state
        if state == pybreaker.STATE_CLOSED:
            with self._lock:
                self._window.clear()

    @property
    def opened_at(self) -> datetime:
        """When it opened, as pybreaker wants it."""
        return datetime.now(UTC) - timedelta(seconds=self.seconds_open())

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:  # noqa: ARG002 - the clock's time counts, not pybreaker's
        self._opened = self._clock.now()


@attrs.define
class Permit:
    """Permission to make one call; end it with `record_success`, `record_failure` or `release`."""

    _breaker: CircuitBreaker
    _probe: bool
    _over: bool = False

    def record_success(self) -> None:
        """Say that the provider answered."""
        self._report(None)

    def record_failure(self, error: BaseException) -> None:
        """Say what the call raised."""
        kind = self._breaker.verdict(error)
        if kind is None:
            self.release()
        else:
            self._report(error if kind else None)

    def release(self) -> None:
        """Say that the call tells nothing of the provider: cancelled, or never sent."""
        if not self._over:
            self._over = True
            if self._probe:
                self._breaker.storage.release_probe()

    def _report(self, error: BaseException | None) -> None:
        if not self._over:
            self._over = True
            self._breaker.report(error, probe=self._probe)


class _Listener(pybreaker.CircuitBreakerListener):
    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell

    def state_change(
        self,
        cb: object,  # noqa: ARG002 - pybreaker's signature
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        self._tell(old_state.name if old_state else pybreaker.STATE_CLOSED, new_state.name)


class CircuitBreaker:
    """Stops calls to what has failed too often.

    Args:
        policy: The numbers.
        name: What it guards.
        clock: The time.
        tell: Called with the old and the new state's name when it changes: "closed", "open", "half-open".
    """

    def __init__(
        self,
        policy: BreakerPolicy,
        *,
        name: str = "",
        clock: Clock,
        tell: Callable[[str, str], None] = lambda old, new: None,  # noqa: ARG005 - a default that does nothing
    ) -> None:
        self._policy = policy
        self._name = name
        self.storage: BreakerStorage = (
            MemoryStorage(policy, clock) if policy.storage is None else policy.storage(name, policy)
        )
        self._machine = pybreaker.CircuitBreaker(
            fail_max=policy.failure_threshold,
            reset_timeout=policy.recovery_timeout,
            success_threshold=policy.success_threshold,
            listeners=[_Listener(tell)],
            state_storage=self.storage,
            name=name,
            throw_new_error_on_trip=False,
        )

    @property
    def state(self) -> str:
        """The state: "closed", "open" or "half-open"."""
        return self.storage.state

    def acquire(self) -> Permit:
        """Return leave to make a call.

        Raises:
            CircuitOpenError: The breaker is open, or half-open and another call is trying; `.retry_after` says when
                it may be worth asking again.
        """
        state = self.storage.state
        if state == pybreaker.STATE_CLOSED:
            return Permit(self, probe=False)
        left = self._policy.recovery_timeout - self.storage.seconds_open()
        if state == pybreaker.STATE_OPEN and left > 0:
            raise self._refusal(left)
        if not self.storage.acquire_probe():
            raise self._refusal(1.0)
        if state == pybreaker.STATE_OPEN:
            self._machine.half_open()
        return Permit(self, probe=True)

    def verdict(self, error: BaseException) -> bool | None:
        """Return whether an error speaks against the provider (True), for it (False), or says nothing (None)."""
        if not isinstance(error, AiLibError) or isinstance(error, CancelledError):
            return None
        if isinstance(error, RateLimitError):
            return True if self._policy.count_rate_limits else None
        return isinstance(error, ProviderError | TransportError | InvalidResponseError)

    def report(self, error: BaseException | None, *, probe: bool) -> None:
        """Count an outcome. That of a call from before the breaker opened comes too late to matter."""
        if not probe and self.storage.state != pybreaker.STATE_CLOSED:
            return
        self.storage.count(failed=error is not None)
        if error is None and not probe:
            return
        try:
            self._machine.call(_outcome, error)
        except (pybreaker.CircuitBreakerError, _Reported) as raised:
            # pybreaker's frames hold it, it holds them, and they hold the frames of the call, with its stream.
            raised.__traceback__ = raised.__context__ = None
        finally:
            if probe:
                self.storage.release_probe()  # only now: before, another would try while this one opens it again

    def _refusal(self, seconds: float) -> CircuitOpenError:
        return CircuitOpenError(
            f"not sent: {self._name or 'the provider'} failed {self._policy.failure_threshold} times within "
            f"{self._policy.window:g} s",
            retry_after=seconds,
        )

    def open(self) -> None:
        """Stop all calls, for the usual time."""
        self._machine.open()

    def close(self) -> None:
        """Let all calls through and forget the failures."""
        self.storage.release_probe()
        self._machine.close()


class _Reported(Exception):  # noqa: N818 - never seen outside
    """Stands for a call's error inside pybreaker."""


def _outcome(error: BaseException | None) -> None:
    if error is not None:
        raise _Reported
