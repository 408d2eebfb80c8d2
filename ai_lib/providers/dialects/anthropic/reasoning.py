"""Reasoning: how a model is made to think, or not to.

The tokens for thinking are a part of `max_tokens`, so both limits are handled here.
Sources: https://platform.claude.com/docs/en/build-with-claude/thinking,
https://platform.claude.com/docs/en/build-with-claude/extended-thinking,
https://platform.claude.com/docs/en/build-with-claude/effort
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.anthropic.quirks import Quirks
from ai_lib.providers.reading import match_model, thinking_budget
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode_reasoning", "max_tokens_of", "thinks"]

_OFF = frozenset({"none", "disabled", 0})

# The value of `thinking` alongside an effort, by mode. Newer models omit the text of adaptive thinking unless a summary
# is requested.
_ADAPTIVE = {"type": "adaptive", "display": "summarized"}
_EFFORT_THINKING = {
    "effort": _ADAPTIVE,
    "effort_or_budget": _ADAPTIVE,
    "enabled_effort": {"type": "enabled"},
    "switch": {"type": "adaptive"},
}


def max_tokens_of(request: ChatCompletionRequest, quirks: Quirks) -> int:
    """Return the maximum tokens of the answer: the caller's limit, else the model's."""
    # The API requires the field; only a custom table without "*" leaves it open.
    return request.max_tokens or match_model(quirks.max_tokens, request.model) or 1024


def thinks(body: Mapping[str, Any]) -> bool:
    """Return whether the body makes the model think."""
    return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def encode_reasoning(request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    """Return the fields of the body for `reasoning`; a budget that is too small or too large raises."""
    reasoning = request.reasoning
    mode = match_model(quirks.thinking, request.model) or "none"
    if reasoning is None or (mode == "none" and reasoning in _OFF):
        return {}
    if reasoning in _OFF:
        word = match_model(quirks.thinking_off, request.model)
        if not word:
            refuse("reasoning", "the model always thinks; use the effort 'low'")
        return {"thinking": {"type": word}} if word else {}
    if mode == "budget" or (mode == "effort_or_budget" and isinstance(reasoning, int)):
        budget = thinking_budget(request, max_tokens_of(request, quirks), quirks.shares, refuse)
        return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget is not None else {}
    if mode != "none" and reasoning == "enabled":
        return {"thinking": _EFFORT_THINKING[mode]}
    if mode == "none":
        refuse("reasoning", "the model does not think before it answers")
    elif mode == "switch":
        refuse("reasoning", f"the provider supports only 'enabled' and 'none', not {reasoning!r}")
    elif isinstance(reasoning, int):
        refuse("reasoning", "the model takes an effort such as 'low', not a number of tokens")
    elif reasoning not in quirks.efforts:
        known = ", ".join(sorted(quirks.efforts))
        refuse("reasoning", f"the efforts are {known}, and 'none'; not {reasoning!r}")
    else:
        return {"thinking": _EFFORT_THINKING[mode], "output_config": {"effort": reasoning}}
    return {}
