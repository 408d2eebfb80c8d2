"""The names of the inputs in which the models at Replicate differ."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]


@attrs.frozen(kw_only=True)
class Quirks:
    """The names of the models' inputs, as tables by pattern; "" where a model has no such input.

    Args:
        limit: The input for the maximum number of tokens.
        images: The input for images; a name that ends in "[]" takes several.
        efforts: The input for the effort of reasoning.
        version: Whether the body names the model; otherwise the URL does.
    """

    limit: Mapping[str, str] = attrs.field(factory=lambda: {"*": "max_tokens"})
    images: Mapping[str, str] = attrs.field(factory=dict)
    efforts: Mapping[str, str] = attrs.field(factory=dict)
    version: bool = False


quirks_from = quirks_reader(Quirks, "dialect replicate")
