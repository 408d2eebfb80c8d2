"""Tokens billed."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import attrs

__all__ = ["TokenCount", "Usage", "UsageStatus"]


class UsageStatus(StrEnum):
    """How far the numbers of a `Usage` can be trusted."""

    FINALIZED = "finalized"
    """The provider's own count of the whole call."""
    ESTIMATED = "estimated"
    """Counted on this side."""
    PENDING = "pending"
    """The stream has not ended; the provider's count may still come."""
    UNSUPPORTED = "unsupported"
    """The provider sent no count."""


@attrs.frozen(kw_only=True)
class Usage:
    """The tokens of one call.

    Args:
        prompt_tokens: Everything sent, cached tokens included.
        completion_tokens: Everything generated, reasoning included.
        total_tokens: The provider's total where it gives one, else the sum.
        cached_tokens: The part of the prompt that was read from the provider's cache; None where not told.
        cache_write_tokens: The part of the prompt that was written to it; None where not told.
        cache_write_1h_tokens: The part of `cache_write_tokens` that is kept for an hour; None where not told.
        reasoning_tokens: The part of the completion that was reasoning; None where not told.
        audio_prompt_tokens: The part of the prompt that was audio; None where not told.
        audio_completion_tokens: The part of the completion that was audio; None where not told.
        cost: What the provider says the call cost, in USD; None where not told.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_prompt_tokens: int | None = None
    audio_completion_tokens: int | None = None
    cost: Decimal | None = None
    cache_write_1h_tokens: int | None = None

    @property
    def uncached_prompt_tokens(self) -> int:
        """The part of the prompt that was neither read from the cache nor written to it."""
        return max(0, self.prompt_tokens - (self.cached_tokens or 0) - (self.cache_write_tokens or 0))

    @property
    def answer_tokens(self) -> int:
        """The part of the completion that was not reasoning."""
        return max(0, self.completion_tokens - (self.reasoning_tokens or 0))


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
