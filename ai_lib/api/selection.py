"""Who chooses a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ai_lib.errors import AiLibError
from ai_lib.types.model import ModelInfo

__all__ = ["ModelSelectionStrategy", "TrafficObserver"]


@runtime_checkable
class ModelSelectionStrategy(Protocol):
    """Chooses a model for each request. A class with this method is one."""

    def select_model(self, models: Sequence[ModelInfo]) -> ModelInfo | None:
        """Return one of the models; None to leave the choice to the client's default.

        Args:
            models: Those that can do what the request needs, at least one, in the order in which they were named.
        """


@runtime_checkable
class TrafficObserver(Protocol):
    """What a strategy may have as well, to learn from what becomes of its choices."""

    def started(self, model: ModelInfo) -> None:
        """Note that a request goes to a model."""

    def ended(self, model: ModelInfo, error: AiLibError | None, seconds: float) -> None:
        """Note how it ended, and how long it took: an answer, or of a stream its begin."""
