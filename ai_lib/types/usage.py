"""Token counts of a call, and estimates before one."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import attrs

__all__ = ["TokenCount", "Usage", "UsageStatus"]


class UsageStatus(StrEnum):
    """The reliability of the numbers in a `Usage`."""

    FINALIZED = "finalized"
    """The provider's count for the whole call."""
    ESTIMATED = "estimated"
    """An estimate of this library, at least in part."""
    PENDING = "pending"
    """The stream has not ended; the provider's count may still come."""
    UNSUPPORTED = "unsupported"
    """The provider returned no count."""


@attrs.frozen(kw_only=True)
class Usage:
    """The tokens of one call.

    Args:
        prompt_tokens: Tokens of the prompt, including cached ones.
        completion_tokens: Tokens generated, including reasoning.
        total_tokens: The provider's total, or else the sum.
        cached_tokens: The part of the prompt that was read from the provider's cache; None if not reported.
        cache_write_tokens: The part of the prompt that was written to the cache; None if not reported.
        cache_write_1h_tokens: The part of `cache_write_tokens` that is kept for an hour; None if not reported.
        reasoning_tokens: The part of the completion that was reasoning; None if not reported.
        audio_prompt_tokens: The part of the prompt that was audio; None if not reported.
        audio_completion_tokens: The part of the completion that was audio; None if not reported.
        cost: The cost of the call in US dollars, as reported by the provider; None if not reported.
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
    """The number of tokens of a prompt: counted by the provider, or estimated with bounds.

    Args:
        tokens: The count, or the estimate.
        at_least: The lower bound.
        at_most: The upper bound.
        exact: Whether the provider counted; then all three are the same.
    """

    tokens: int
    at_least: int
    at_most: int
    exact: bool = False
