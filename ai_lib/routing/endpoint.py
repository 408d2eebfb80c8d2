"""The endpoints of an array: what a user says of one, and how it is doing."""

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
    """One place that answers.

    Args:
        name: What to call it.
        url: Its base URL. None means the provider's. The address of a known provider without a path, such as
            "https://api.groq.com", means that provider's own base URL.
        provider: The provider's id, or a `ProviderConfig`; None means the one whose address `url` is, else a server
            that speaks OpenAI's format.
        model: The model to ask there; None means the one of the call.
        api_key: Its key; None means the provider's own from the environment.
        weight: Its share, beside those of the others, where the strategy goes by weight; 0 sends it nothing.
        healthy: Whether it is taken to work at first.
        options: `ConnectionOptions` for all the rest.
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
                raise ConfigurationError(f"{name} of endpoint {self.name!r} must be a text, not {type(value).__name__}")
        if self.url is None and self.provider is None:
            raise ConfigurationError(f"endpoint {self.name!r} needs a url or a provider")
        number = isinstance(self.weight, int | float) and not isinstance(self.weight, bool)
        if not (number and math.isfinite(self.weight) and self.weight >= 0):
            raise ConfigurationError(f"the weight of endpoint {self.name!r} must be from 0, got {self.weight!r}")


@attrs.frozen(kw_only=True)
class HealthCheck:
    """When an endpoint is taken to work, and how that is found out.

    Args:
        interval: Seconds between two probes of an endpoint; None for none, so that traffic alone tells.
        timeout: Most seconds for a probe.
        failures: Failures in a row, of probes or of calls, after which it is unhealthy.
        successes: Probes in a row that succeed, after which it is healthy again.
        jitter: Share of the interval by which probes are moved at random, so that many programs do not probe at once.
        path: What to GET, with the endpoint's key, such as "/health"; None means its list of models.
        cooldown: Without probes, seconds after which an unhealthy endpoint is tried again.
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
                raise ConfigurationError(f"{name} of a health check must be seconds above 0, got {value!r}")
        for name in ("failures", "successes"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{name} of a health check must be a whole number from 1, got {value!r}")
        if not 0 <= self.jitter <= 1:
            raise ConfigurationError(f"jitter of a health check must be from 0 to 1, got {self.jitter!r}")


@attrs.frozen(kw_only=True)
class EndpointStatus:
    """How an endpoint is doing.

    Args:
        name: Which.
        healthy: Whether it is asked.
        why: What its health was last told by: "start", "traffic", "probe" or "hand".
        in_flight: Calls that run there now.
        calls: Calls that ended.
        success: The share of its latest calls that succeeded, from 0 to 1.
        latency: Seconds that its latest answers took; None before the first.
        weight: Its share.
    """

    name: str
    healthy: bool
    why: Literal["start", "traffic", "probe", "hand"]
    in_flight: int
    calls: int
    success: float
    latency: float | None
    weight: float


class EndpointState:
    """One endpoint while it is used. Not locked: its balancer holds a lock.

    Args:
        endpoint: What was said of it.
        check: When it is taken to work.
    """

    def __init__(self, endpoint: ModelEndpoint, check: HealthCheck) -> None:
        self.endpoint = endpoint
        self.traffic = Traffic()
        self.current = 0.0
        """What smooth weighted round robin owes it."""
        self._check = check
        self._healthy = endpoint.healthy
        self._why: Literal["start", "traffic", "probe", "hand"] = "start"
        self._probes_failed = 0
        self._probes_succeeded = 0
        self._until: float | None = None

    def healthy(self, now: float) -> bool:
        """Return whether it is asked."""
        return self._healthy or (self._until is not None and now >= self._until)

    def set(self, healthy: bool, why: Literal["traffic", "probe", "hand"], now: float) -> None:
        """Say whether it works."""
        self._healthy, self._why = healthy, why
        # With probes, it is a probe that brings it back; what a hand took out, no time does.
        again = not healthy and why == "traffic" and self._check.interval is None
        self._until = now + self._check.cooldown if again else None

    def ended(self, error: AiLibError | None, seconds: float, now: float) -> None:
        """Note how a call ended."""
        self.traffic.ended(error, seconds, now)
        if counts_against_provider(error) and self.traffic.failures >= self._check.failures:
            self.set(False, "traffic", now)
        elif error is None and self._until is not None:
            self.set(True, "traffic", now)

    def probed(self, ok: bool, now: float) -> None:
        """Note what a probe found."""
        self._probes_failed = 0 if ok else self._probes_failed + 1
        self._probes_succeeded = self._probes_succeeded + 1 if ok else 0
        if not ok and self._probes_failed >= self._check.failures:
            self.set(False, "probe", now)
        elif ok and not self._healthy and self._probes_succeeded >= self._check.successes:
            self.traffic.failures = 0
            self.set(True, "probe", now)

    def status(self, now: float) -> EndpointStatus:
        """Return how it is doing."""
        traffic = self.traffic
        return EndpointStatus(
            name=self.endpoint.name,
            healthy=self.healthy(now),
            why=self._why,
            in_flight=traffic.in_flight,
            calls=traffic.calls,
            success=traffic.success(now),
            latency=traffic.latency,
            weight=self.endpoint.weight,
        )
