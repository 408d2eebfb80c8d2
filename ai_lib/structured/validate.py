"""Answers held to a JSON Schema: what a provider's subset left out is checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from ai_lib.schemas.schema import decode, validation_errors

__all__ = ["parser_for"]

# Enough for a model to mend its answer by; a list of a thousand wrong items needs no thousand lines.
_MOST_COMPLAINTS = 10


def parser_for(schema: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what turns a text into JSON that fits the schema, and raises `ValueError` where it does not."""
    return partial(_parsed, schema)


def _parsed(schema: Mapping[str, Any], text: str) -> Any:
    value = decode(text, Any)
    found = "; ".join(islice(validation_errors(value, schema), _MOST_COMPLAINTS))
    if found:
        raise ValueError(found)
    return value
