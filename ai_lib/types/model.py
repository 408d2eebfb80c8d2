"""A model: what a provider's own list says of it, and what is known of it besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from ai_lib.types.price import Prices

__all__ = ["ModelInfo"]


@attrs.frozen
class ModelInfo:
    """One model. None means: not known.

    Args:
        id: The name to pass as `model`.
        provider: The provider's id.
        created: Seconds since 1970, where told.
        owned_by: Who made it, where told.
        name: The name for people to read, where told.
        context_window: Most tokens of a prompt and its answer together.
        max_output_tokens: Most tokens of an answer.
        raw: The provider's own entry.
        mode: "chat", "embedding" or "rerank".
        aliases: Other names that mean it: dated snapshots, `-latest`.
        capabilities: What it can do: "tools", "vision", "json_schema", "reasoning", "pdf", "audio", "web_search" and so
            on. One that is missing is not known; ask with `supports`.
        modalities_in: What it reads: "text", "image", "audio", "pdf", "video".
        modalities_out: What it writes.
        prices: US dollars for a million tokens.
        speed: "fast", "balanced" or "slow", by what models of its price and kind usually are; no measurement.
        quality: "basic", "good" or "excellent", in the same way.
        deprecation_date: The day that the provider switches it off, as 2027-04-14.
        knowledge: The month that its knowledge ends.
        released: The day that it came out.
        source: The data sets that this is from.
    """

    id: str
    provider: str | None = None
    created: int | None = None
    owned_by: str | None = None
    name: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    raw: Any = attrs.field(default=None, repr=False, eq=False)
    mode: Literal["chat", "embedding", "rerank"] | None = attrs.field(default=None, kw_only=True)
    aliases: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    capabilities: Mapping[str, bool] = attrs.field(factory=dict, kw_only=True)
    modalities_in: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    modalities_out: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    prices: Prices | None = attrs.field(default=None, kw_only=True)
    speed: Literal["fast", "balanced", "slow"] | None = attrs.field(default=None, kw_only=True)
    quality: Literal["basic", "good", "excellent"] | None = attrs.field(default=None, kw_only=True)
    deprecation_date: str | None = attrs.field(default=None, kw_only=True)
    knowledge: str | None = attrs.field(default=None, kw_only=True)
    released: str | None = attrs.field(default=None, kw_only=True)
    source: tuple[str, ...] = attrs.field(default=(), kw_only=True)

    @property
    def full_name(self) -> str:
        """The name with its provider, as `AiClient` takes it: "groq/openai/gpt-oss-20b"."""
        return self.id if self.provider is None else f"{self.provider}/{self.id}"

    def supports(self, capability: str) -> bool | None:
        """Return whether it can do something; None where that is not known."""
        return self.capabilities.get(capability)
