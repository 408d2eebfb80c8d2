"""The list of models, from GET /models.

Source: https://platform.openai.com/docs/api-reference/models/list
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_list, read_int
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models."""
    return [
        ModelInfo(entry["id"], context.provider, read_int(entry.get("created")), entry.get("owned_by"), raw=entry)
        for entry in first_list(payload, context, "data")
        if entry.get("id")
    ]
