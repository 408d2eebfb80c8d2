"""The switches in which services and models of this dialect differ."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        efforts: For each effort in words, the number of tokens to think with: the API knows numbers only.
    """

    efforts: Mapping[str, int] = attrs.field(factory=dict)


quirks_from = quirks_reader(Quirks, "dialect cohere_v2")
