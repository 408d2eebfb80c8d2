"""The protocols of model selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ai_lib.errors import AiLibError
from ai_lib.types.model import ModelInfo

__all__ = ["ModelSelectionStrategy", "TrafficObserver"]


@runtime_checkable
class ModelSelectionStrategy(Protocol):
    """Selects a model for each request. Any class with this method is one."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return one of the models; None leaves the choice to the client's default.

        Args:
            models: Those that can do what the request needs, at least one, in the order in which they were listed.
        """


@runtime_checkable
class TrafficObserver(Protocol):
    """Methods that a strategy may have as well, to learn from the outcome of its choices."""

    def started(self, model: ModelInfo) -> None:
        """Record that a request goes to a model."""

    def ended(self, model: ModelInfo, error: AiLibError | None, seconds: float) -> None:
        """Record what a request raised, None for success, and how long the response, or a stream's start, took."""
