"""The endpoints of an array: their settings, and their state."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs

from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.routing.pool import counts_against_provider
from ai_lib.routing.traffic import Traffic

__all__ = ["EndpointState", "EndpointStatus", "HealthCheck", "ModelEndpoint"]


@attrs.frozen(kw_only=True)
class ModelEndpoint:
    """One endpoint of an array.

    Args:
        name: Its name in traces, errors and `statuses()`.
        url: Base URL; None means the provider's. The address of a known provider without a path, such as
            "https://api.groq.com", means that provider's own base URL.
        provider: The provider's id, or a `ProviderConfig`; None means the provider at `url`, else a server that speaks
            OpenAI's format.
        model: The model to request there; None means that of the call.
        api_key: API key; None means the provider's own from the environment.
        weight: Share of the calls relative to the other endpoints, where the strategy uses weights; >= 0, and 0
            excludes the endpoint.
        healthy: Whether it is considered healthy at first.
        options: `ConnectionOptions` for everything else.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    name: str
    url: str | None = None
    provider: Any = None
    model: str | None = None
    api_key: str | None = attrs.field(default=None, repr=lambda key: "None" if key is None else "'***'")
    weight: float = 1.0
    healthy: bool = True
    options: Any = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.name or not isinstance(self.name, str):
            raise ConfigurationError("an endpoint needs a name")
        for name in ("url", "model", "api_key"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                kind = type(value).__name__
                raise ConfigurationError(f"{name} of endpoint {self.name!r} must be a string, not {kind}")
        if self.url is None and self.provider is None:
            raise ConfigurationError(f"endpoint {self.name!r} needs a url or a provider")
        number = isinstance(self.weight, int | float) and not isinstance(self.weight, bool)
        if not (number and math.isfinite(self.weight) and self.weight >= 0):
            raise ConfigurationError(f"weight of endpoint {self.name!r} must be >= 0, got {self.weight!r}")


@attrs.frozen(kw_only=True)
class HealthCheck:
    """When an endpoint is considered healthy, and how it is probed.

    Args:
        interval: Seconds between two probes of an endpoint; None for no probes, so that only traffic counts.
        timeout: Maximum seconds for a probe.
        failures: Failures in a row, of probes or of calls, after which it is unhealthy; a positive integer.
        successes: Successful probes in a row after which it is healthy again; a positive integer.
        jitter: Fraction of the interval by which probes are shifted at random, 0 to 1, so that many programs do not
            probe at once.
        path: Path to GET, with the endpoint's key, such as "/health"; None means its list of models.
        cooldown: Seconds after which an unhealthy endpoint is tried again, where there are no probes.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    interval: float | None = None
    timeout: float = 5.0
    failures: int = 3
    successes: int = 1
    jitter: float = 0.1
    path: str | None = None
    cooldown: float = 30.0

    def __attrs_post_init__(self) -> None:
        for name in ("interval", "timeout", "cooldown"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value > 0):
                raise ConfigurationError(f"{name} of a health check must be seconds > 0, got {value!r}")
        for name in ("failures", "successes"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{name} of a health check must be a positive integer, got {value!r}")
        if not 0 <= self.jitter <= 1:
            raise ConfigurationError(f"jitter of a health check must be 0 to 1, got {self.jitter!r}")


@attrs.frozen(kw_only=True)
class EndpointStatus:
    """The state of an endpoint.

    Args:
        name: Its name.
        healthy: Whether it gets calls.
        why: What set its health last: "start", "traffic", "probe" or "manual".
        in_flight: Calls that run there now.
        calls: Calls that have finished.
        success_rate: Fraction of its latest calls that succeeded, 0 to 1.
        latency: Average seconds of its latest answers; None before the first.
        weight: Its weight.
    """

    name: str
    healthy: bool
    why: Literal["start", "traffic", "probe", "manual"]
    in_flight: int
    calls: int
    success_rate: float
    latency: float | None
    weight: float


class EndpointState:
    """The live state of an endpoint. Not locked: its balancer holds a lock.

    Args:
        endpoint: Its settings.
        check: When it is considered healthy.
    """

    def __init__(self, endpoint: ModelEndpoint, check: HealthCheck) -> None:
        self.endpoint = endpoint
        self.traffic = Traffic()
        self.current = 0.0
        """Its current weight in smooth weighted round robin."""
        self._check = check
        self._healthy = endpoint.healthy
        self._why: Literal["start", "traffic", "probe", "manual"] = "start"
        self._probes_failed = 0
        self._probes_succeeded = 0
        self._until: float | None = None

    def healthy(self, now: float) -> bool:
        """Return whether it gets calls."""
        return self._healthy or (self._until is not None and now >= self._until)

    def set(self, healthy: bool, why: Literal["traffic", "probe", "manual"], now: float) -> None:
        """Set its health."""
        self._healthy, self._why = healthy, why
        # Where there are probes, only a probe brings it back; what was marked unhealthy manually stays so.
        again = not healthy and why == "traffic" and self._check.interval is None
        self._until = now + self._check.cooldown if again else None

    def ended(self, error: AiLibError | None, seconds: float, now: float) -> None:
        """Record the outcome of a call."""
        self.traffic.ended(error, seconds, now)
        if counts_against_provider(error) and self.traffic.failures >= self._check.failures:
            self.set(False, "traffic", now)
        elif error is None and self._until is not None:
            self.set(True, "traffic", now)

    def probed(self, ok: bool, now: float) -> None:
        """Record the outcome of a probe."""
        self._probes_failed = 0 if ok else self._probes_failed + 1
        self._probes_succeeded = self._probes_succeeded + 1 if ok else 0
        if not ok and self._probes_failed >= self._check.failures:
            self.set(False, "probe", now)
        elif ok and not self._healthy and self._probes_succeeded >= self._check.successes:
            self.traffic.failures = 0
            self.set(True, "probe", now)

    def status(self, now: float) -> EndpointStatus:
        """Return a snapshot."""
        traffic = self.traffic
        return EndpointStatus(
            name=self.endpoint.name,
            healthy=self.healthy(now),
            why=self._why,
            in_flight=traffic.in_flight,
            calls=traffic.calls,
            success_rate=traffic.success_rate(now),
            latency=traffic.latency,
            weight=self.endpoint.weight,
        )
