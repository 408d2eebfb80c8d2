"""Strategies that choose a model. Each is a `ModelSelectionStrategy`; ties go to the model that was listed first."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

import attrs

from ai_lib.api.selection import ModelSelectionStrategy
from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.routing.traffic import Traffic
from ai_lib.types.model import ModelInfo
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

__all__ = ["CostBased", "LatencyBased", "LeastConnections", "PerformanceBased", "QualityBased",
           "RoundRobinModels", "RoutingPolicy", "SelectionPreset", "WeightedModels", "strategy_from"]  # fmt: skip

_SPEED = {"fast": 2, "balanced": 1, "slow": 0}
_QUALITY = {"excellent": 2, "good": 1, "basic": 0}
_UNKNOWN_TIER = -1


class RoundRobinModels:
    """Chooses each model in turn."""

    def __init__(self) -> None:
        self._turns = itertools.count()

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the next model."""
        return models[next(self._turns) % len(models)]  # `count` is atomic


class WeightedModels:
    """Chooses at random, in proportion to weights.

    Args:
        weights: Weights >= 0 by the model's id or "provider/id"; a missing one is 1, and 0 means never. None derives
            them from the tiers of the catalogue: 1, and up to 2 more each for speed and quality.
        clock: Randomness.

    Raises:
        ConfigurationError: A weight is not a finite number >= 0.
    """

    def __init__(self, weights: Mapping[str, float] | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._weights = None if weights is None else dict(weights)
        self._clock = clock
        for name, weight in (self._weights or {}).items():
            if not (isinstance(weight, int | float) and math.isfinite(weight) and weight >= 0):
                raise ConfigurationError(f"weight of {name!r} must be a number >= 0, got {weight!r}")

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return a model; None where all have weight 0."""
        weights = [self._weight(model) for model in models]
        point = self._clock.random() * sum(weights)
        for model, weight in zip(models, weights, strict=True):
            point -= weight
            if point < 0:
                return model
        return None

    def _weight(self, model: ModelInfo) -> float:
        if self._weights is None:
            return 1.0 + max(_tier(model.speed, _SPEED), 0) + max(_tier(model.quality, _QUALITY), 0)
        return self._weights.get(model.full_name, self._weights.get(model.id, 1.0))


@attrs.frozen
class CostBased:
    """Chooses the cheapest model for a typical request; models of unknown price come last.

    Args:
        prompt_tokens: Tokens of a typical prompt.
        completion_tokens: Tokens of a typical answer.
        cached_tokens: Tokens of the prompt that come from the provider's cache.
    """

    prompt_tokens: int = 1000
    completion_tokens: int = 500
    cached_tokens: int = 0

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the cheapest."""

        def order(model: ModelInfo) -> tuple[bool, Decimal]:
            cost = self.cost(model)
            return cost is None, cost or Decimal()

        return min(models, key=order)

    def cost(self, model: ModelInfo) -> Decimal | None:
        """Return the cost of a typical request in US dollars; None where it is unknown."""
        from ai_lib.models.cost import compute_cost
        from ai_lib.types.usage import Usage

        usage = Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached_tokens,
        )
        found = compute_cost(usage, model.prices)
        return None if found is None else found.total


class QualityBased:
    """Chooses the highest tier of quality, and the faster of equals; `ModelInfo.quality` explains the tiers."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the best."""
        return max(models, key=lambda model: (_tier(model.quality, _QUALITY), _tier(model.speed, _SPEED)))


class _Learning:
    """The traffic of each model, for strategies that learn from it. Each process learns for itself."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        # Re-entrant: a dropped stream ends wherever the garbage collector runs.
        self._state = PerProcess[tuple[Any, dict[str, Traffic]]](lambda: (threading.RLock(), {}))

    def started(self, model: ModelInfo) -> None:
        """Count a request to a model."""
        lock, seen = self._state()
        with lock:
            seen.setdefault(model.full_name, Traffic()).started()

    def ended(self, model: ModelInfo, error: AiLibError | None, seconds: float) -> None:
        """Record its outcome."""
        lock, seen = self._state()
        with lock:
            seen.setdefault(model.full_name, Traffic(in_flight=1)).ended(error, seconds, self._clock.now())

    def traffic(self, model: ModelInfo) -> Traffic:
        """Return the traffic of a model."""
        return self._state()[1].get(model.full_name) or Traffic()


class PerformanceBased(_Learning):
    """Chooses the highest tier of speed; within a tier, the model that has answered faster so far."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the fastest."""
        return max(models, key=lambda model: (_tier(model.speed, _SPEED), -(self.traffic(model).latency or 0.0)))


class LatencyBased(_Learning):
    """Chooses the model whose latest answers were the fastest; a model without requests comes first."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the fastest; failures make an answer count as slower."""
        now = self._clock.now()

        def seconds(model: ModelInfo) -> float:
            traffic = self.traffic(model)
            return (traffic.latency or 0.0) / max(traffic.success_rate(now), 0.01) if traffic.calls else -1.0

        return min(models, key=seconds)


class LeastConnections(_Learning):
    """Chooses the model with the fewest requests in flight."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the least loaded."""
        return min(models, key=lambda model: self.traffic(model).in_flight)


Goal: TypeAlias = Literal["balanced", "cost", "quality", "latency"]
# The weights of price, quality and speed.
_GOALS: dict[str, tuple[float, float, float]] = {
    "balanced": (1.0, 1.0, 1.0),
    "cost": (1.0, 0.1, 0.1),
    "quality": (0.1, 1.0, 0.1),
    "latency": (0.1, 0.1, 1.0),
}


class RoutingPolicy(_Learning):
    """Weighs price, quality and speed against each other, and learns from traffic.

    Each is a number from 0 to 1 among the models offered: the cheapest has 1 for its price; quality is the tier of the
    catalogue; speed is that of the latest answers where there are some, else the tier. A model that fails counts for
    less, and recovers with time.

    Args:
        goal: "balanced", "cost", "quality" or "latency".
        allow: The models that may be used: ids, "provider/id" or patterns such as "gpt-4o*"; None means all.
        mix: Tokens of a typical request, for its price.
        clock: The clock.

    Raises:
        ConfigurationError: The goal is unknown.
    """

    def __init__(
        self,
        goal: Goal = "balanced",
        *,
        allow: Iterable[str] | None = None,
        mix: CostBased | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(clock)
        if goal not in _GOALS:
            raise ConfigurationError(f"goal must be one of {', '.join(_GOALS)}, got {goal!r}")
        self._weights = _GOALS[goal]
        self._allow = None if allow is None else tuple(allow)
        self._mix = mix or CostBased()

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return the best of the allowed models; None where none is allowed."""
        allowed = [model for model in models if self.allows(model)]
        if not allowed:
            return None
        scores = self._scores(allowed)
        return allowed[scores.index(max(scores))]

    def allows(self, model: ModelInfo) -> bool:
        """Return whether a model may be used."""
        names = (model.id, model.full_name)
        return self._allow is None or any(fnmatchcase(name, pattern) for pattern in self._allow for name in names)

    def _scores(self, models: Sequence[ModelInfo]) -> list[float]:
        now = self._clock.now()
        prices = _relative([None if (cost := self._mix.cost(model)) is None else float(cost) for model in models])
        speeds = _relative([self.traffic(model).latency for model in models])
        scores = []
        for model, price, measured in zip(models, prices, speeds, strict=True):
            quality = max(_tier(model.quality, _QUALITY), 0) / 2
            speed = max(_tier(model.speed, _SPEED), 0) / 2 if measured is None else measured
            value = sum(w * v for w, v in zip(self._weights, (price or 0.0, quality, speed), strict=True))
            scores.append(value * self.traffic(model).success_rate(now) ** 2)
        return scores


def _relative(values: Sequence[float | None]) -> list[float | None]:
    """Return 1 for the smallest, the smallest divided by each other value, None for unknown ones."""
    known = [value for value in values if value is not None]
    least = min(known, default=0.0)
    return [None if value is None else 1.0 if value <= least else least / value for value in values]


def _tier(name: str | None, order: Mapping[str, int]) -> int:
    return _UNKNOWN_TIER if name is None else order[name]


class SelectionPreset(StrEnum):
    """Strategies by name; the plain strings do the same."""

    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"
    COST_BASED = "cost"
    PERFORMANCE_BASED = "performance"
    QUALITY_BASED = "quality"
    LATENCY_BASED = "latency"
    LEAST_CONNECTIONS = "least_connections"
    RANDOM = "random"


_PRESETS: dict[str, Callable[[], ModelSelectionStrategy]] = {
    "round_robin": RoundRobinModels,
    "weighted": WeightedModels,
    "cost": CostBased,
    "performance": PerformanceBased,
    "quality": QualityBased,
    "latency": LatencyBased,
    "least_connections": LeastConnections,
    "random": lambda: WeightedModels({}),
}


def strategy_from(value: Any) -> ModelSelectionStrategy:
    """Return a strategy as it is, or a new one for the name of a preset.

    Raises:
        ConfigurationError: It is neither.
    """
    if isinstance(value, str):
        if value not in _PRESETS:
            raise ConfigurationError(f"unknown strategy {value!r}; use one of {', '.join(_PRESETS)}")
        return _PRESETS[value]()
    if not callable(getattr(value, "select_model", None)):
        raise ConfigurationError(
            f"strategy must be the name of a preset, or have select_model(models), not {type(value).__name__}"
        )
    strategy: ModelSelectionStrategy = value
    return strategy
