"""A limit to how many different names become labels: a model's name may come from a user."""

from __future__ import annotations

from ai_lib.metrics.record import UNKNOWN

__all__ = ["OTHER", "BoundedLabels"]

OTHER = "other"
"""Stands for every name that came when there were enough."""


class BoundedLabels:
    """Lets the first names through and calls the rest "other".

    Args:
        most: How many names are let through.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, None] = {}

    def __call__(self, name: str | None) -> str:
        """Return the name to use; "unknown" for none."""
        if name is None:
            return UNKNOWN
        if name not in self._known:
            # Without a lock: threads that come here at once may let a few names more through, and nothing breaks.
            if len(self._known) >= self._most:
                return OTHER
            self._known[name] = None
        return name
