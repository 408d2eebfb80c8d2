"""The switches in which the services of this dialect differ."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect.

    Args:
        efforts: The number of tokens to reason with for each effort in words: the API has numbers only.
    """

    efforts: Mapping[str, int] = attrs.field(factory=dict)


quirks_from = quirks_reader(Quirks, "dialect cohere_v2")
