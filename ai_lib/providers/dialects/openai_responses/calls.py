"""The items of an answer that call something, and what runs it: the caller, or the provider.

Source: https://platform.openai.com/docs/guides/function-calling
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.types.fold import arguments_text
from ai_lib.utils import json

__all__ = ["CARRIED", "CUSTOM", "FUNCTION", "WRAPPERS", "asks", "input_text", "unpacked"]

FUNCTION = "function_call"
CUSTOM = "custom_tool_call"
"""The item of a call whose input is text of any form instead of JSON."""

CARRIED = ("caller", "namespace", "thought_signature")
"""Fields that a call brings, and that go back with it and with its result.

Source: https://platform.openai.com/docs/api-reference/responses/create (function_call_output), perplexityai 0.46.1
"""

WRAPPERS = frozenset({"parallel", "multi_tool_use.parallel"})
"""A tool that nobody declared and that some models call with the calls they mean inside."""

# Items that ask the caller to do something; those of tools that run at the provider are done when they come.
_ASKING = frozenset({FUNCTION, CUSTOM, "local_shell_call", "apply_patch_call", "computer_call"})


def input_text(item: Mapping[str, Any]) -> str:
    """Return what a call hands over: the arguments as JSON, or the text for a custom tool."""
    if item.get("type") != CUSTOM:
        return arguments_text(item.get("arguments"))
    text = item.get("input")
    if text is not None and not isinstance(text, str):
        raise TypeError(f"the input of a custom tool is text, not {type(text).__name__}")
    return text or ""


def asks(item: Mapping[str, Any], hosted: frozenset[str]) -> bool:
    """Return whether an item waits for the caller.

    Args:
        item: The item.
        hosted: The kinds that run at this provider though others leave them to the caller.
    """
    kind = item.get("type")
    if kind == "tool_search_call":
        return item.get("execution") == "client"
    if kind == "shell_call":
        return not (item.get("environment") or {}).get("container_id")
    return kind in _ASKING and kind not in hosted


def unpacked(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the items with the calls inside a wrapper in its place."""
    out: list[Mapping[str, Any]] = []
    for item in items:
        out.extend(_inside(item) if item.get("name") in WRAPPERS and item.get("type") == FUNCTION else (item,))
    return out


def _inside(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    call_id = item.get("call_id")
    try:
        return [
            {
                "type": FUNCTION,
                "call_id": f"{call_id}_{number}" if call_id else "",
                "name": use["recipient_name"].removeprefix("functions."),
                "arguments": json.dumps(use.get("parameters") or {}).decode(),
            }
            for number, use in enumerate(json.loads(item["arguments"])["tool_uses"])
        ] or [item]
    except (AttributeError, LookupError, TypeError, ValueError):
        return [item]  # a tool of the user's that only has this name
