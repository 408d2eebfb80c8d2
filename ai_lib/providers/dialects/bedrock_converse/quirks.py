"""The switches in which the models behind the API differ, as tables from patterns of their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]

_Switches: TypeAlias = Mapping[str, bool]


@attrs.frozen(kw_only=True)
class Quirks:
    """How the models differ; in each table the first pattern that matches a model's name or ARN counts.

    Args:
        top_k: The name of top_k inside additionalModelRequestFields, with dots between levels; "" where there is none.
        sampling: Whether temperature, top_p and top_k are accepted; true where no pattern matches, as in the next two.
        forced_tools: Whether a tool can be required.
        json_schema: Whether an answer can be held to a JSON Schema.
        tool_status: Whether a tool result may say that the tool failed; false where no pattern matches.
        short_ids: Whether ids of tool calls must be nine letters and digits; false where no pattern matches.
        reasoning: The mode of reasoning, one of `reasoning.MODES`; "" where it cannot be controlled.
        reasoning_off: Of models with `thinking`, the type that switches it off; "" where it cannot be.
        shares: The share of max_tokens that an effort is worth where thinking takes a number of tokens.
        max_tokens: Maximum tokens of an answer, of which the shares are taken where the user sets no limit.
    """

    top_k: Mapping[str, str] = attrs.field(factory=dict)
    sampling: _Switches = attrs.field(factory=dict)
    forced_tools: _Switches = attrs.field(factory=dict)
    json_schema: _Switches = attrs.field(factory=dict)
    tool_status: _Switches = attrs.field(factory=dict)
    short_ids: _Switches = attrs.field(factory=dict)
    reasoning: Mapping[str, str] = attrs.field(factory=dict)
    reasoning_off: Mapping[str, str] = attrs.field(factory=dict)
    shares: Mapping[str, float] = attrs.field(factory=dict)
    max_tokens: Mapping[str, int] = attrs.field(factory=dict)


quirks_from = quirks_reader(Quirks, "dialect bedrock_converse")
