"""Environment variables."""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["first_set"]


def first_set(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the name and value of the first variable that is set and not blank, or None."""
    return next(((name, value) for name in names if (value := os.environ.get(name, "").strip())), None)
