"""Reasoning, as `thinking`: on or off, with or without a budget.

Source: https://docs.cohere.com/docs/reasoning
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.cohere_v2.quirks import Quirks

__all__ = ["encode_reasoning"]

_SWITCH = {"none": "disabled", "disabled": "disabled", "enabled": "enabled"}


def encode_reasoning(reasoning: str | int, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the field for "none", "disabled", "enabled", an effort of `Quirks.efforts`, or a number of tokens."""
    budget = reasoning if isinstance(reasoning, int) else quirks.efforts.get(reasoning)
    if budget:
        return {"thinking": {"type": "enabled", "token_budget": budget}}
    if budget == 0 or reasoning in _SWITCH:
        return {"thinking": {"type": _SWITCH[str(reasoning or "none")]}}
    supported = ", ".join([*_SWITCH, *quirks.efforts])
    refuse("reasoning", f"the provider supports only {supported} or a number of tokens, not {reasoning!r}")
    return {}
