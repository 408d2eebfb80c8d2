"""The switches in which services that speak this dialect differ, and what is known of each model.

The tables of models are by pattern, the first that fits counts; "?" stands for the "-" or "." of a version. They hold
for Claude wherever it is hosted, and "*" for names that say nothing.

Sources: https://platform.claude.com/docs/en/models/overview, https://platform.claude.com/docs/en/build-with-claude/effort,
https://platform.claude.com/docs/en/build-with-claude/structured-outputs,
https://platform.claude.com/docs/en/models/sonnet-5-5/migration-guide,
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ai_lib.providers.reading import quirks_of

__all__ = ["Quirks", "quirks_from"]


def _set(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


def _table(values: Mapping[str, Any]) -> Any:
    return attrs.field(factory=lambda: dict(values))


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
_PREFILL = {
    "*claude-3*": True,
    "*claude-*-4?[6-9]*": False,
    "*claude-*-4*": True,
    "*claude-*": False,
    "*": True,
}
_STRUCTURED = {
    "*claude-3*": False,
    "*claude-*-4?[5-9]*": True,
    "*claude-*-4*": False,
    "*": True,
}
# https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages; of Sonnet 5 sources disagree.
_SYSTEM_TURNS = {
    "*claude-opus-4?[89]*": True,
    "*claude-opus-5*": True,
    "*claude-sonnet-5?[5-9]*": True,
    "*claude-haiku-5*": True,
    "*claude-fable-5*": True,
    "*claude-mythos-5*": True,
    "*": False,
}
# What part of max_tokens an effort is worth where the model takes only a budget.
_SHARES = {"low": 0.1, "medium": 0.3, "enabled": 0.3, "high": 0.6, "xhigh": 0.9, "max": 0.9}


@attrs.frozen(kw_only=True)
class Quirks:
    """How one service differs from the plain dialect, and the tables of models, by pattern.

    Args:
        model_in_body: Whether the body names the model; the address does otherwise.
        stream_in_body: Whether the body says that a stream is wanted; the address does otherwise.
        fixed: Fields that every body has.
        rejects: What the service refuses or does not heed: "temperature", "top_p", "top_k", "stop", "user", "cache",
            "parallel_tool_calls".
        media: The kinds of media part it takes: "image", "document".
        signed_thinking: Whether thinking must have a signature to be sent back.
        efforts: The words for an effort that it knows.
        shares: The part of max_tokens that a word is worth where thinking is given as a budget.
        max_tokens: Most tokens of an answer, sent where the user sets no limit: the field is required.
        thinking: How thinking is asked for: see `thinking.HOW`.
        thinking_off: What `thinking.type` switches it off; "" where it cannot be.
        sampling: Which of temperature, top_p and top_k go: "free", "both", "one" (temperature or top_p), "none". All
            but "free" allow little of them while the model thinks.
        forced_tools: Whether a tool can be required.
        prefill: Whether the model goes on with an answer that the caller began.
        structured: Whether answers and arguments can be held to a JSON Schema.
        system_turns: Whether instructions may come in the middle of a conversation.
    """

    model_in_body: bool = True
    stream_in_body: bool = True
    fixed: Mapping[str, Any] = attrs.field(factory=dict)
    rejects: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    media: frozenset[str] = attrs.field(default=frozenset({"image", "document"}), converter=_set)
    signed_thinking: bool = True
    efforts: frozenset[str] = attrs.field(default=frozenset({"low", "medium", "high", "xhigh", "max"}), converter=_set)
    shares: Mapping[str, float] = _table(_SHARES)
    max_tokens: Mapping[str, int] = _table(_MAX_TOKENS)
    thinking: Mapping[str, str] = _table(_THINKING)
    thinking_off: Mapping[str, str] = _table(_THINKING_OFF)
    sampling: Mapping[str, str] = _table(_SAMPLING)
    forced_tools: Mapping[str, bool] = _table(_FORCED_TOOLS)
    prefill: Mapping[str, bool] = _table(_PREFILL)
    structured: Mapping[str, bool] = _table(_STRUCTURED)
    system_turns: Mapping[str, bool] = _table(_SYSTEM_TURNS)


quirks_from = quirks_of(Quirks, "dialect anthropic")
