"""attrs validators of the fields of requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ai_lib.errors import InvalidRequestError

__all__ = ["integer", "mapping", "number", "strings"]

Validator: TypeAlias = Callable[[Any, Any, Any], None]


def number(low: float, high: float = math.inf, *, whole: bool = False) -> Validator:
    """Return a validator that accepts None and a finite number (not a bool) from `low` to `high`, or only integers."""
    types, expected = ((int,), "an integer") if whole else ((int, float), "a finite number")

    def check(_: object, field: Any, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, types) or not math.isfinite(value):
            raise InvalidRequestError(f"{field.name} must be {expected}, got {value!r}")
        if not low <= value <= high:
            limits = f"between {low:g} and {high:g}" if math.isfinite(high) else f"at least {low:g}"
            raise InvalidRequestError(f"{field.name} must be {limits}, got {value!r}")

    return check


def integer(low: float) -> Validator:
    """Return a validator that accepts None and an integer (not a bool) of at least `low`."""
    return number(low, whole=True)


def mapping(_: object, field: Any, value: object) -> None:
    """Accept None and a mapping."""
    if value is not None and not isinstance(value, Mapping):
        raise InvalidRequestError(f"{field.name} must be a mapping such as a dict, got {value!r}")


def strings(_: object, field: Any, value: tuple[object, ...]) -> None:
    """Accept a tuple of at least one string, none of them empty."""
    if not value:
        raise InvalidRequestError(f"{field.name} is empty; pass at least one string")
    for index, text in enumerate(value):
        if not isinstance(text, str) or not text:
            raise InvalidRequestError(f"{field.name}[{index}] must be a non-empty string, got {text!r:.80}")
