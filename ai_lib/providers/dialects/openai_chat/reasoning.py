"""How reasoning is asked for, and sent back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.openai_chat.quirks import Quirks
from ai_lib.providers.reading import for_model
from ai_lib.types.message import Message

__all__ = ["REASONING", "put_reasoning", "with_thinking"]

Asking: TypeAlias = Callable[[dict[str, Any], str | int, str | None, Quirks, Refuse], None]

# Our words that are also at home where there are no efforts.
_SWITCH = {"none": False, "disabled": False, "enabled": True}


def put_reasoning(
    body: dict[str, Any], reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse
) -> None:
    """Ask for an effort or a budget in the form that the service has for the model.

    Args:
        body: What the request has made so far.
        reasoning: An effort in the provider's words, or a number of tokens.
        model: The model.
        quirks: The service's switches.
        refuse: Called where there is no form for it.
    """
    form = quirks.reasoning
    if not isinstance(form, str):
        form = for_model(form, model) or "effort"
    REASONING[form](body, reasoning, model, quirks, refuse)


def _effort(body: dict[str, Any], reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> None:
    if isinstance(reasoning, int):
        refuse("reasoning", "the provider takes an effort such as 'low', not a number of tokens")
        return
    known = for_model(quirks.efforts, model)
    if known is not None and reasoning not in known:
        refuse("reasoning", f"{model} knows only {', '.join(known)}, not {reasoning!r}")
    else:
        body["reasoning_effort"] = reasoning


def _thinking(body: dict[str, Any], reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> None:
    known = for_model(quirks.thinking_types, model) or ()
    if isinstance(reasoning, int):
        if quirks.thinking_budget and "enabled" in known:
            body["thinking"] = {"type": "enabled", "budget_tokens": reasoning}
        else:
            refuse("reasoning", f"the provider knows only {', '.join(known)}, not a number of tokens")
        return
    kind = "disabled" if reasoning == "none" else reasoning
    if kind in known:
        body["thinking"] = {"type": kind}
    else:
        words = ", ".join(("none", *known))
        tokens = " or a number of tokens" if quirks.thinking_budget else ""
        refuse("reasoning", f"the provider knows only {words}{tokens}, not {reasoning!r}")


def _thinking_effort(
    body: dict[str, Any], reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse
) -> None:
    if isinstance(reasoning, int) or reasoning in _SWITCH:
        _thinking(body, reasoning, model, quirks, refuse)
    else:
        body["thinking"] = {"type": "enabled"}
        body["reasoning_effort"] = reasoning


def _enable_thinking(
    body: dict[str, Any], reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse
) -> None:
    if isinstance(reasoning, int):
        body["enable_thinking"] = True
        body["thinking_budget"] = reasoning
    elif reasoning in _SWITCH:
        body["enable_thinking"] = _SWITCH[reasoning]
    else:
        refuse("reasoning", f"the provider knows only {', '.join(_SWITCH)} or a number of tokens, not {reasoning!r}")


def _object(body: dict[str, Any], reasoning: str | int, model: str | None, quirks: Quirks, refuse: Refuse) -> None:
    # Source: https://openrouter.ai/docs/use-cases/reasoning-tokens ("none" is an effort there)
    if isinstance(reasoning, int):
        body["reasoning"] = {"max_tokens": reasoning}
    elif reasoning in ("enabled", "disabled"):
        body["reasoning"] = {"enabled": _SWITCH[reasoning]}
    else:
        body["reasoning"] = {"effort": reasoning}


REASONING: dict[str, Asking] = {
    "effort": _effort,
    "thinking": _thinking,
    "thinking_effort": _thinking_effort,
    "enable_thinking": _enable_thinking,
    "object": _object,
}
"""How reasoning is asked for: a field reasoning_effort; an object thinking, with or without an effort beside it;
enable_thinking and thinking_budget; an object reasoning."""


def with_thinking(
    content: str | list[dict[str, Any]], message: Message, kept: Mapping[str, Any]
) -> str | list[dict[str, Any]]:
    """Return an assistant's content with its thinking in front, as a part.

    Source: https://docs.mistral.ai/api/endpoint/chat (ThinkChunk)

    Args:
        content: The content without it.
        message: The message.
        kept: What the provider wants back with it: the signature, where there was one.
    """
    if not message.reasoning:
        return content
    part: dict[str, Any] = {"type": "thinking", "thinking": [{"type": "text", "text": message.reasoning}]}
    if kept.get("signature"):
        part["signature"] = kept["signature"]
    rest = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    return [{**part, "closed": True}, *rest]
