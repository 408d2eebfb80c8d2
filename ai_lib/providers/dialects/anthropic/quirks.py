"""The switches in which services that speak this dialect differ, and what is known of each model.

The tables of models are by pattern, and the first match counts; "?" stands for the "-" or "." of a version. They hold
for Claude wherever it is hosted; "*" is for names that do not tell the model.

Sources: https://platform.claude.com/docs/en/models/overview, https://platform.claude.com/docs/en/build-with-claude/effort,
https://platform.claude.com/docs/en/build-with-claude/structured-outputs,
https://platform.claude.com/docs/en/models/sonnet-5-5/migration-guide,
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.providers.reading import quirks_reader

__all__ = ["Quirks", "quirks_from"]

_MAX_TOKENS = {
    "*claude-3?7*": 64000,
    "*claude-3?5*": 8192,
    "*claude-3*": 4096,
    "*claude-*-4?5*": 64000,
    "*claude-*-4?[6-9]*": 128000,
    "*claude-opus-4*": 32000,
    "*claude-*-4*": 64000,
    "*claude-*": 128000,
    "*": 32000,
}
_THINKING = {
    "*claude-3?7*": "budget",
    "*claude-3*": "none",
    "*claude-*-4?6*": "effort_or_budget",
    "*claude-*-4?[7-9]*": "effort",
    "*claude-*-4*": "budget",
    "*claude-*": "effort",
    "*": "budget",
}
_THINKING_OFF = {
    "*claude-sonnet-5?[5-9]*": "between_tools",
    "*claude-opus-5?[5-9]*": "",
    "*claude-fable-*": "",
    "*claude-mythos-*": "",
    "*": "disabled",
}
_SAMPLING = {
    "*claude-3*": "both",
    "*claude-opus-4?1*": "one",
    "*claude-*-4?[56]*": "one",
    "*claude-*-4?[7-9]*": "none",
    "*claude-*-4*": "both",
    "*claude-*": "none",
    "*": "both",
}
_FORCED_TOOLS = {
    "*claude-sonnet-5?[5-9]*": False,
    "*claude-opus-5?[5-9]*": False,
    "*claude-fable-5?[1-9]": False,
    "*claude-mythos-5?[1-9]": False,
    "*": True,
}
_PREFILL = {"*claude-3*": True, "*claude-*-4?[6-9]*": False, "*claude-*-4*": True, "*claude-*": False, "*": True}
_STRUCTURED = {"*claude-3*": False, "*claude-*-4?[5-9]*": True, "*claude-*-4*": False, "*": True}
# https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages; sources disagree on Sonnet 5.
_SYSTEM_TURNS = {
    "*claude-opus-4?[89]*": True,
    "*claude-opus-5*": True,
    "*claude-sonnet-5?[5-9]*": True,
    "*claude-haiku-5*": True,
    "*claude-fable-5*": True,
    "*claude-mythos-5*": True,
    "*": False,
}
# The share of max_tokens that an effort is worth where the model takes only a budget.
_SHARES = {"low": 0.1, "medium": 0.3, "enabled": 0.3, "high": 0.6, "xhigh": 0.9, "max": 0.9}


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect, and the tables of models, by pattern.

    Args:
        model_in_body: Whether the body names the model; otherwise the URL does.
        stream_in_body: Whether the body says whether to stream; otherwise the URL does.
        fixed: Fields that every body has.
        rejects: Fields that the service rejects or ignores: "temperature", "top_p", "top_k", "stop", "user", "cache",
            "parallel_tool_calls".
        media: The kinds of media part that it accepts: "image", "document".
        signed_thinking: Whether thinking must have a signature to be sent back.
        efforts: The efforts that it knows.
        shares: The share of max_tokens that an effort is worth where thinking takes a budget.
        max_tokens: Maximum tokens of an answer, sent where the user sets no limit: the field is required.
        thinking: The mode of thinking: "none"; "effort" (adaptive, with an effort); "effort_or_budget" (that, or a
            budget in tokens); "enabled_effort" (enabled, with an effort); "budget" (only a budget, which efforts are
            turned into); "switch" (on or off).
        thinking_off: The `thinking.type` that switches it off; "" where it cannot be.
        sampling: Which of temperature, top_p and top_k are accepted: "free", "both", "one" (temperature or top_p),
            "none". All but "free" restrict them while the model thinks.
        forced_tools: Whether a tool can be required.
        prefill: Whether the model continues an answer that the caller started.
        structured: Whether answers and arguments can be held to a JSON Schema.
        system_turns: Whether instructions may come in the middle of a conversation.
    """

    model_in_body: bool = True
    stream_in_body: bool = True
    fixed: Mapping[str, Any] = attrs.field(factory=dict)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    media: frozenset[str] = attrs.field(default=frozenset({"image", "document"}), converter=frozenset)
    signed_thinking: bool = True
    efforts: frozenset[str] = attrs.field(
        default=frozenset({"low", "medium", "high", "xhigh", "max"}), converter=frozenset
    )
    shares: Mapping[str, float] = attrs.field(factory=_SHARES.copy)
    max_tokens: Mapping[str, int] = attrs.field(factory=_MAX_TOKENS.copy)
    thinking: Mapping[str, str] = attrs.field(factory=_THINKING.copy)
    thinking_off: Mapping[str, str] = attrs.field(factory=_THINKING_OFF.copy)
    sampling: Mapping[str, str] = attrs.field(factory=_SAMPLING.copy)
    forced_tools: Mapping[str, bool] = attrs.field(factory=_FORCED_TOOLS.copy)
    prefill: Mapping[str, bool] = attrs.field(factory=_PREFILL.copy)
    structured: Mapping[str, bool] = attrs.field(factory=_STRUCTURED.copy)
    system_turns: Mapping[str, bool] = attrs.field(factory=_SYSTEM_TURNS.copy)


quirks_from = quirks_reader(Quirks, "dialect anthropic")
