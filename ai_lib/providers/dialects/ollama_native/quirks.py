"""The switches in which the servers of this dialect differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]


@attrs.frozen(kw_only=True)
class Quirks:
    """How one server differs from the plain dialect.

    Args:
        send: Fields that are always sent, unless `extensions` set them.
    """

    send: Mapping[str, Any] = attrs.field(factory=dict)


quirks_from = quirks_reader(Quirks, "dialect ollama_native")
