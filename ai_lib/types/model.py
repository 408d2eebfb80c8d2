"""A model as a provider lists it."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["ModelInfo"]


@attrs.frozen
class ModelInfo:
    """One entry of a provider's list of models.

    Args:
        id: The name to pass as `model`.
        provider: The provider's id.
        created: Seconds since 1970, where told.
        owned_by: Who made it, where told.
        name: The name for people to read, where told.
        context_length: Most tokens of a prompt, where told.
        max_output_tokens: Most tokens of an answer, where told.
        raw: The provider's own entry.
    """

    id: str
    provider: str | None = None
    created: int | None = None
    owned_by: str | None = None
    name: str | None = None
    context_length: int | None = None
    max_output_tokens: int | None = None
    raw: Any = attrs.field(default=None, repr=False, eq=False)
