"""The lists of models: a collection, and all models page by page.

Source: https://replicate.com/docs/reference/http#models.list
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_list
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of a collection {models: [...]}, or of a page of all models {results: [...]}."""
    return [
        ModelInfo(f"{owner}/{name}", context.provider, owned_by=owner, name=name, raw=entry)
        for entry in first_list(payload, context, "models", "results")
        if (owner := entry.get("owner")) and (name := entry.get("name"))
    ]
