"""A limit to the number of values of a label: the name of a model may come from a user."""

from __future__ import annotations

from ai_lib.metrics.record import UNKNOWN

__all__ = ["OTHER", "BoundedLabels"]

OTHER = "other"
"""Stands for every name beyond the limit."""


class BoundedLabels:
    """Keeps the first names and replaces the rest by "other".

    Args:
        limit: Number of names that are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, None] = {}

    def __call__(self, name: str | None) -> str:
        """Return the label for a name; "unknown" for None."""
        if name is None:
            return UNKNOWN
        if name not in self._known:
            # No lock: threads that get here at once may add a few names too many, which does no harm.
            if len(self._known) >= self._limit:
                return OTHER
            self._known[name] = None
        return name
