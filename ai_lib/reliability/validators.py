"""Validators of settings. Each error names the field, what it must be and what was given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from ai_lib.errors import ConfigurationError

__all__ = [
    "FRACTION",
    "OPTIONAL_POSITIVE",
    "POSITIVE",
    "POSITIVE_SECONDS",
    "SECONDS",
    "SECONDS_OR_FOREVER",
    "integer",
    "number",
]

Validator: TypeAlias = Callable[[object, "attrs.Attribute[Any]", Any], None]


def integer(minimum: int) -> Validator:
    """Return a validator for integers of at least `minimum`."""

    def validate(_: object, field: attrs.Attribute[Any], value: Any) -> None:
        # True is an int to Python, and a mistake here.
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ConfigurationError(f"{field.name} must be an integer >= {minimum}, got {value!r}")

    return validate


def number(requirement: str, is_valid: Callable[[float], bool]) -> Validator:
    """Return a validator for numbers; the requirement is for the message, and `is_valid` must be false for NaN."""

    def validate(_: object, field: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not is_valid(value):
            raise ConfigurationError(f"{field.name} must be {requirement}, got {value!r}")

    return validate


POSITIVE = number("a number > 0", lambda value: 0 < value < math.inf)
OPTIONAL_POSITIVE: Validator = attrs.validators.optional(POSITIVE)
POSITIVE_SECONDS = number("a number of seconds > 0", lambda value: value > 0)
FRACTION = number("a number from 0 to 1", lambda value: 0 <= value <= 1)
SECONDS = number("a number of seconds >= 0", lambda value: 0 <= value < math.inf)
SECONDS_OR_FOREVER: Validator = attrs.validators.optional(
    number("a number of seconds >= 0, or None", lambda value: value >= 0)
)
