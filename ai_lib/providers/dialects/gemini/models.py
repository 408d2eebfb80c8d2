"""The list of models.

Source: https://ai.google.dev/api/models
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_list, read_int
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models", "next_page"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of one page."""
    return [
        ModelInfo(
            str(entry["name"]).removeprefix("publishers/google/").removeprefix("models/"),
            context.provider,
            name=entry.get("displayName"),
            context_window=read_int(entry.get("inputTokenLimit")),
            max_output_tokens=read_int(entry.get("outputTokenLimit")),
            raw=entry,
        )
        for entry in first_list(payload, context, "models", "publisherModels")
        if entry.get("name")
    ]


def next_page(payload: Any) -> Mapping[str, str] | None:
    """Return the query of the next page of models, or None at the end."""
    token = payload.get("nextPageToken") if isinstance(payload, Mapping) else None
    return {"pageToken": str(token)} if token else None
