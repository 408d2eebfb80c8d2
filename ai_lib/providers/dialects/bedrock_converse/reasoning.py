"""Reasoning: how the models of each maker are made to think.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html,
https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.bedrock_converse.quirks import Quirks
from ai_lib.providers.reading import match_model, thinking_budget
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["MODES", "encode_reasoning"]

MODES = frozenset({"", "budget", "budget_or_adaptive", "adaptive", "reasoning_config", "effort"})
"""Not at all; Claude's thinking with a number of tokens, with either, or adaptive with an effort; Nova's
reasoningConfig; the reasoning_effort of OpenAI's models."""

_OFF = frozenset({"none", "disabled", 0})
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_NOVA_EFFORTS = ("low", "medium", "high")


def encode_reasoning(
    request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields for `reasoning` of additionalModelRequestFields, and of outputConfig."""
    reasoning, mode = request.reasoning, match_model(quirks.reasoning, request.model) or ""
    fields: dict[str, Any] = {}
    if reasoning is None:
        return {}, {}
    if mode == "":
        refuse(
            "reasoning",
            "the model has no setting for it that is known; if it has a field, pass that in extensions under "
            "additionalModelRequestFields",
        )
    elif mode == "effort" and isinstance(reasoning, str):
        fields = {"reasoning_effort": reasoning}
    elif mode == "effort":
        refuse("reasoning", "the model takes an effort such as 'low', not a number of tokens")
    elif mode != "reasoning_config":
        return _encode_thinking(reasoning, mode, request, quirks, refuse)
    elif reasoning in _OFF:
        fields = {"reasoningConfig": {"type": "disabled"}}
    elif _accepts(reasoning, _NOVA_EFFORTS, refuse):
        effort = {} if reasoning == "enabled" else {"maxReasoningEffort": reasoning}
        fields = {"reasoningConfig": {"type": "enabled", **effort}}
    return fields, {}


def _accepts(reasoning: str | int, efforts: tuple[str, ...], refuse: Refuse) -> bool:
    """Return whether it is "enabled" or one of these efforts; refuse it otherwise."""
    if reasoning == "enabled" or reasoning in efforts:
        return True
    refuse("reasoning", f"the model supports only {', '.join(efforts)}, enabled and none, not {reasoning!r}")
    return False


def _encode_thinking(
    reasoning: str | int, mode: str, request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse
) -> tuple[dict[str, Any], dict[str, Any]]:
    thinking: dict[str, Any] = {}
    effort: dict[str, Any] = {}
    if reasoning in _OFF and match_model(quirks.reasoning_off, request.model) == "":
        refuse("reasoning", "the model always thinks; use the effort 'low'")
    elif reasoning in _OFF:
        thinking = {"type": match_model(quirks.reasoning_off, request.model) or "disabled"}
    elif mode == "budget" or (mode == "budget_or_adaptive" and isinstance(reasoning, int)):
        limit = request.max_tokens if request.max_tokens is not None else match_model(quirks.max_tokens, request.model)
        budget = thinking_budget(request, limit, quirks.shares, refuse)
        if budget is not None:
            thinking = {"type": "enabled", "budget_tokens": budget}
    elif _accepts(reasoning, _EFFORTS, refuse):
        # Newer models omit the text of adaptive thinking unless a summary is requested.
        thinking = {"type": "adaptive", "display": "summarized"}
        effort = {"effort": reasoning} if reasoning != "enabled" else {}
    return ({"thinking": thinking} if thinking else {}), effort
