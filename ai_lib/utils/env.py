"""Environment variables, read in one place."""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["first_set"]


def first_set(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the first variable that is set to more than blanks as (name, value), or None."""
    for name in names:
        value = os.environ.get(name, "").strip()
        if value:
            return name, value
    return None
