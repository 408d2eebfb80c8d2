"""How many tokens a request has."""

from __future__ import annotations

import attrs

__all__ = ["TokenCount"]


@attrs.frozen
class TokenCount:
    """The tokens of a prompt: counted by the provider, or estimated with bounds.

    Args:
        tokens: The count, or the estimate.
        at_least: Not fewer than this.
        at_most: Not more than this.
        exact: Whether the provider counted; then all three are the same.
    """

    tokens: int
    at_least: int
    at_most: int
    exact: bool = False
