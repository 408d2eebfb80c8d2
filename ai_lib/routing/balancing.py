"""The choice of the endpoint for the next call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from ai_lib.errors import AiLibError, CircuitOpenError, ConfigurationError
from ai_lib.routing.endpoint import EndpointState, EndpointStatus
from ai_lib.utils.clock import Clock

__all__ = ["Balancer", "LoadBalancingStrategy"]


class LoadBalancingStrategy(StrEnum):
    """How calls are spread over endpoints. An endpoint of weight 0 gets nothing, whichever is chosen."""

    ROUND_ROBIN = "round_robin"
    """Each in turn, whatever its weight."""
    WEIGHTED = "weighted"
    """In turn by weight, smoothly: of weights 5, 1, 1 the first never gets five calls in a row."""
    LEAST_CONNECTIONS = "least_connections"
    """The one with the fewest calls in flight relative to its weight."""
    HEALTH_BASED = "health_based"
    """The one with the best score of success rate, latency and calls in flight."""
    POWER_OF_TWO = "power_of_two"
    """The less loaded of two picked at random: nearly as good as the least loaded, without a herd that follows it."""
    RANDOM = "random"
    """At random, each with equal probability."""


_Choose: TypeAlias = Callable[[Sequence[EndpointState], Clock], EndpointState]


def _weight(state: EndpointState) -> float:
    return state.endpoint.weight


def _smooth(states: Sequence[EndpointState], weight: Callable[[EndpointState], float] = _weight) -> EndpointState:
    # Source: https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1
    for state in states:
        state.current += weight(state)
    chosen = max(states, key=lambda state: state.current)
    chosen.current -= sum(map(weight, states))
    return chosen


def _load(state: EndpointState) -> float:
    return (state.traffic.in_flight + 1) / state.endpoint.weight


def _least(states: Sequence[EndpointState]) -> EndpointState:
    least = min(map(_load, states))
    return _smooth([state for state in states if _load(state) == least])


def _healthiest(states: Sequence[EndpointState], clock: Clock) -> EndpointState:
    now = clock.now()
    # An endpoint without calls counts as the fastest, so that it gets one.
    fastest = min((state.traffic.latency for state in states if state.traffic.latency is not None), default=1.0)

    def score(state: EndpointState) -> float:
        latency = max(state.traffic.latency or fastest, 0.001)
        return state.traffic.success_rate(now) ** 2 / (latency * _load(state))

    best = max(map(score, states))
    return _smooth([state for state in states if score(state) >= best * 0.999])


def _by_weight(states: Sequence[EndpointState], clock: Clock) -> EndpointState:
    point = clock.random() * sum(state.endpoint.weight for state in states)
    for state in states:
        point -= state.endpoint.weight
        if point < 0:
            return state
    return states[-1]


def _of_two(states: Sequence[EndpointState], clock: Clock) -> EndpointState:
    first = _by_weight(states, clock)
    others = [state for state in states if state is not first]
    second = _by_weight(others, clock) if others else first
    return min(first, second, key=_load)


_CHOOSE: Mapping[str, _Choose] = {
    "round_robin": lambda states, _: _smooth(states, lambda _: 1.0),
    "weighted": lambda states, _: _smooth(states),
    "least_connections": lambda states, _: _least(states),
    "health_based": _healthiest,
    "power_of_two": _of_two,
    "random": lambda states, clock: states[int(clock.random() * len(states))],
}


class Balancer:
    """Spreads calls over endpoints; threads share it.

    Args:
        states: The endpoints.
        strategy: The strategy.
        fail_open: Whether to use unhealthy endpoints when there are no others.
        clock: Time and randomness.
        usable: Returns whether a healthy endpoint can take a call now: whether its breaker is closed.
    """

    def __init__(
        self,
        states: Sequence[EndpointState],
        strategy: str,
        *,
        fail_open: bool,
        clock: Clock,
        usable: Callable[[EndpointState], bool] = lambda state: True,  # noqa: ARG005 - all are
    ) -> None:
        if strategy not in _CHOOSE:
            raise ConfigurationError(f"unknown strategy {strategy!r}; use one of {', '.join(_CHOOSE)}")
        self._states = tuple(states)
        self._choose = _CHOOSE[strategy]
        self._fail_open = fail_open
        self._clock = clock
        self._usable = usable
        self._lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs

    def take(self, tried: Collection[EndpointState] = ()) -> EndpointState | None:
        """Return the endpoint for a call, which counts as in flight until `ended`; None where all were tried.

        Args:
            tried: The endpoints that this call was sent to already.

        Raises:
            CircuitOpenError: No endpoint is healthy, and none was tried.
        """
        with self._lock:
            now = self._clock.now()
            candidates = [state for state in self._states if state.endpoint.weight > 0 and state not in tried]
            fit = [state for state in candidates if state.healthy(now) and self._usable(state)]
            if not fit and self._fail_open:
                fit = candidates
            if not fit and not tried:
                raise CircuitOpenError(
                    "no endpoint of the array is healthy",
                    code="no_healthy_endpoint",
                    hint="Wait for a probe to succeed, or allow unhealthy ones with with_fail_open()",
                )
            if not fit:
                return None
            chosen = self._choose(fit, self._clock)
            chosen.traffic.started()
            return chosen

    def give_back(self, state: EndpointState) -> None:
        """Return an endpoint that was taken without a call."""
        with self._lock:
            state.traffic.in_flight -= 1

    def ended(self, state: EndpointState, error: AiLibError | None, seconds: float) -> None:
        """Record the outcome of a call."""
        with self._lock:
            state.ended(error, seconds, self._clock.now())

    def probed(self, name: str, ok: bool) -> None:
        """Record the outcome of a probe."""
        with self._lock:
            self.state(name).probed(ok, self._clock.now())

    def mark(self, name: str, healthy: bool) -> None:
        """Set the health of an endpoint, until traffic or a probe says otherwise."""
        with self._lock:
            self.state(name).set(healthy, "manual", self._clock.now())

    def state(self, name: str) -> EndpointState:
        """Return the state of an endpoint.

        Raises:
            ConfigurationError: There is none of this name.
        """
        for state in self._states:
            if state.endpoint.name == name:
                return state
        known = ", ".join(state.endpoint.name for state in self._states)
        raise ConfigurationError(f"the array has no endpoint {name!r}; it has {known}")

    def is_healthy(self, name: str) -> bool:
        """Return whether an endpoint gets calls."""
        with self._lock:
            return self.state(name).healthy(self._clock.now())

    def statuses(self) -> tuple[EndpointStatus, ...]:
        """Return the state of each endpoint."""
        with self._lock:
            now = self._clock.now()
            return tuple(state.status(now) for state in self._states)
