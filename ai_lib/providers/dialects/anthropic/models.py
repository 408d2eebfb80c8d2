"""The list of models.

Source: https://platform.claude.com/docs/en/api/models/list
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_list, read_int
from ai_lib.types.model import ModelInfo
from ai_lib.utils.times import parse_date

__all__ = ["decode_models", "next_page"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of one page."""
    models = []
    for entry in first_list(payload, context, "data"):
        if not entry.get("id"):
            continue
        moment = entry.get("created_at")
        date = parse_date(moment) if isinstance(moment, str) else None
        # Compatible services send OpenAI's `created`, in seconds.
        created = int(date.timestamp()) if date else read_int(entry.get("created"))
        limits = read_int(entry.get("max_input_tokens")), read_int(entry.get("max_tokens"))
        names = entry.get("owned_by"), entry.get("display_name")
        models.append(ModelInfo(entry["id"], context.provider, created, *names, *limits, raw=entry))
    return models


def next_page(payload: Any) -> Mapping[str, str] | None:
    """Return the query of the next page of models, or None at the end."""
    last = payload.get("last_id") if isinstance(payload, Mapping) and payload.get("has_more") is True else None
    return {"after_id": last} if last and isinstance(last, str) else None
