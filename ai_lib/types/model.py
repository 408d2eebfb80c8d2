"""A model: what its provider lists, and what the catalogue adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from ai_lib.types.price import Prices

__all__ = ["ModelInfo"]


@attrs.frozen
class ModelInfo:
    """One model. None means unknown.

    Args:
        id: The name to pass as `model`.
        provider: The provider's id.
        created: Seconds since 1970, as listed by the provider.
        owned_by: Its owner, as listed by the provider.
        name: The display name.
        context_window: Maximum tokens of a prompt and its answer together.
        max_output_tokens: Maximum tokens of an answer.
        raw: The provider's entry, as sent.
        mode: "chat", "embedding" or "rerank".
        aliases: Other names of the model: dated snapshots, `-latest`.
        capabilities: Whether it supports "tools", "vision", "json_schema", "reasoning", "pdf", "audio", "web_search",
            etc. A missing one is unknown; see `supports`.
        modalities_in: The modalities of its input: "text", "image", "audio", "pdf", "video".
        modalities_out: The modalities of its output.
        prices: US dollars per million tokens.
        speed: "fast", "balanced" or "slow": typical for models of its price and kind, not a measurement.
        quality: "basic", "good" or "excellent", also typical.
        deprecation_date: The date on which the provider retires it, such as "2027-04-14".
        knowledge: The month of its knowledge cutoff.
        released: The date of its release.
        source: The data sets that this information is from.
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
        """The name with its provider, as `AiClient` accepts it: "groq/openai/gpt-oss-20b"."""
        return self.id if self.provider is None else f"{self.provider}/{self.id}"

    def supports(self, capability: str) -> bool | None:
        """Return whether it supports a capability; None if that is unknown."""
        return self.capabilities.get(capability)
