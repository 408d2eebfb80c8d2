"""The list of models that the server has, from GET /api/tags.

Source: https://docs.ollama.com/api/tags
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_list
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models."""
    return [
        ModelInfo(model, context.provider, name=entry.get("name"), raw=entry)
        for entry in first_list(payload, context, "models")
        if (model := entry.get("model") or entry.get("name"))
    ]
