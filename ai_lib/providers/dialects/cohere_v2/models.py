"""The list of models, from GET /v1/models.

Source: https://docs.cohere.com/reference/list-models
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_int, first_list
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models", "next_page"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of one page of the list."""
    return [
        ModelInfo(entry["name"], context.provider, context_window=first_int(entry.get("context_length")), raw=entry)
        for entry in first_list(payload, context, "models")
        if entry.get("name")
    ]


def next_page(payload: Any) -> Mapping[str, str] | None:
    """Return the fields of the query for the next page of models, or None after the last page."""
    token = payload.get("next_page_token")
    return {"page_token": token} if token else None
