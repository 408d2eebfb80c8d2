"""The circuit breaker: after too many failures nothing is sent for a while, then one call probes.

pybreaker keeps the state machine; the outcome of a call is reported to it when it is known. Not `breaker.call(send)`:
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
from ai_lib.reliability.config import PROBE_SECONDS, BreakerPolicy
from ai_lib.reliability.window import Window
from ai_lib.utils.clock import Clock

__all__ = ["BreakerStorage", "CircuitBreaker", "MemoryStorage", "Permit"]


class BreakerStorage(Protocol):
    """The state of a breaker: the interface of pybreaker's storages, and the methods below."""

    state: str

    def count(self, *, failed: bool) -> None:
        """Count a call in the window."""

    def acquire_probe(self) -> bool:
        """Return whether the caller may make the one call that probes while the breaker is half-open."""

    def release_probe(self) -> None:
        """Let another call probe."""

    def seconds_open(self) -> float:
        """Return the seconds since the breaker opened."""


class MemoryStorage(pybreaker.CircuitMemoryStorage):
    """Keeps a breaker's state in this process, on an injectable clock, with failures counted in a window."""

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
        """The failures in the window; 0 while they are too small a fraction of its calls."""
        with self._lock:
            calls, failures = self._window.counts(self._clock.now())
        return failures if failures >= self._policy.failure_rate * calls else 0

    def increment_counter(self) -> None:
        """Do nothing: `count` has counted it."""

    def reset_counter(self) -> None:
        """Do nothing: a success does not undo the failures in the window; closing does."""

    def acquire_probe(self) -> bool:
        """Return whether the caller may probe."""
        with self._lock:
            now = self._clock.now()
            free = self._probe_until <= now
            if free:
                self._probe_until = now + PROBE_SECONDS
            return free

    def release_probe(self) -> None:
        """Let another call probe."""
        self._probe_until = 0.0

    def seconds_open(self) -> float:
        """Return the seconds since the breaker opened."""
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
        """When it opened, in the form that pybreaker expects."""
        return datetime.now(UTC) - timedelta(seconds=self.seconds_open())

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:  # noqa: ARG002 - the clock's time counts, not pybreaker's
        self._opened = self._clock.now()


@attrs.define
class Permit:
    """Permission to make one call, ended by the first call of `record_success`, `record_failure` or `release`."""

    _breaker: CircuitBreaker
    _probe: bool
    _ended: bool = False

    def record_success(self) -> None:
        """Record that the provider answered."""
        self._end(failed=False)

    def record_failure(self, error: BaseException) -> None:
        """Record what the call raised."""
        self._end(failed=self._breaker.is_failure(error))

    def release(self) -> None:
        """End a call that says nothing about the provider: cancelled, or never sent."""
        self._end(failed=None)

    def _end(self, *, failed: bool | None) -> None:
        if self._ended:
            return
        self._ended = True
        if failed is not None:
            self._breaker.record(failed=failed, probe=self._probe)
        elif self._probe:
            self._breaker.storage.release_probe()


class _Listener(pybreaker.CircuitBreakerListener):
    def __init__(self, on_change: Callable[[str, str], None]) -> None:
        self._on_change = on_change

    def state_change(
        self,
        cb: object,  # noqa: ARG002 - pybreaker's signature
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        self._on_change(old_state.name if old_state else pybreaker.STATE_CLOSED, new_state.name)


class CircuitBreaker:
    """Stops calls to a provider that has failed too often.

    Args:
        policy: The thresholds.
        name: Names what it guards, in messages and in a shared storage.
        clock: The time.
        on_change: Called with the old and the new state: "closed", "open", "half-open".
    """

    def __init__(
        self,
        policy: BreakerPolicy,
        *,
        name: str = "",
        clock: Clock,
        on_change: Callable[[str, str], None] = lambda old, new: None,  # noqa: ARG005 - a default that does nothing
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
            listeners=[_Listener(on_change)],
            state_storage=self.storage,
            name=name,
            throw_new_error_on_trip=False,  # else the call that trips it loses its own error
        )

    @property
    def state(self) -> str:
        """The state: "closed", "open" or "half-open"."""
        return self.storage.state

    def acquire(self) -> Permit:
        """Acquire permission to make a call.

        Raises:
            CircuitOpenError: The breaker is open, or half-open while another call probes; `.retry_after` says when to
                try again.
        """
        state = self.storage.state
        if state == pybreaker.STATE_CLOSED:
            return Permit(self, probe=False)
        left = self._policy.recovery_timeout - self.storage.seconds_open()
        is_waiting = state == pybreaker.STATE_OPEN and left > 0
        if is_waiting or not self.storage.acquire_probe():
            raise CircuitOpenError(
                f"not sent: {self._name or 'the provider'} failed {self._policy.failure_threshold} times within "
                f"{self._policy.window:g} s",
                # How long the probe of another call takes is unknown; a second is a guess.
                retry_after=left if is_waiting else 1.0,
            )
        if state == pybreaker.STATE_OPEN:
            self._machine.half_open()
        return Permit(self, probe=True)

    def is_failure(self, error: BaseException) -> bool | None:
        """Return whether an error is a failure of the provider; None if it says nothing about the provider.

        False means that the provider works: it answered, if only to refuse the request.
        """
        if not isinstance(error, AiLibError) or isinstance(error, CancelledError):
            return None
        if isinstance(error, RateLimitError):
            return True if self._policy.count_rate_limits else None
        return isinstance(error, ProviderError | TransportError | InvalidResponseError)

    def record(self, *, failed: bool, probe: bool) -> None:
        """Count an outcome. That of a call from before the breaker opened comes too late to matter."""
        if not probe and self.storage.state != pybreaker.STATE_CLOSED:
            return
        self.storage.count(failed=failed)
        if not failed and not probe:
            return
        try:
            self._machine.call(_replay, failed)
        except (pybreaker.CircuitBreakerError, _Failure) as raised:
            # pybreaker's frames hold it, it holds them, and they hold the frames of the call, with its stream.
            raised.__traceback__ = raised.__context__ = None
        finally:
            if probe:
                self.storage.release_probe()  # not earlier: another call would probe while this one reopens it

    def open(self) -> None:
        """Stop all calls for the recovery timeout."""
        self._machine.open()

    def close(self) -> None:
        """Let all calls through and forget the failures."""
        self.storage.release_probe()
        self._machine.close()


class _Failure(Exception):  # noqa: N818 - never leaves this module
    """Stands for a call's error inside pybreaker, which would keep the error alive."""


def _replay(failed: bool) -> None:
    """Fail inside pybreaker as the call did."""
    if failed:
        raise _Failure
