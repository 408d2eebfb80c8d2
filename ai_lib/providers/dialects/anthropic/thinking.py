"""How a model is asked to think, or not to.

Sources: https://platform.claude.com/docs/en/build-with-claude/thinking,
https://platform.claude.com/docs/en/build-with-claude/extended-thinking,
https://platform.claude.com/docs/en/build-with-claude/effort
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.anthropic.quirks import Quirks
from ai_lib.providers.reading import for_model
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["HOW", "limit_of", "put_thinking", "thinks"]

_OFF = frozenset({"none", "disabled", 0})
_MIN_BUDGET = 1024


@attrs.frozen
class _Asked:
    """What is asked, and what it is asked of."""

    reasoning: str | int
    max_tokens: int
    limit_given: bool
    quirks: Quirks
    refuse: Refuse


def limit_of(request: ChatCompletionRequest, quirks: Quirks) -> int:
    """Return the most tokens that the answer may have: the caller's limit, else the model's."""
    return request.max_tokens or for_model(quirks.max_tokens, request.model) or _MIN_BUDGET


def thinks(body: Mapping[str, Any]) -> bool:
    """Return whether the body asks the model to think."""
    return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def put_thinking(body: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    """Put what `reasoning` asks for into the body.

    Args:
        body: The body so far.
        request: What is asked.
        quirks: The switches.
        refuse: Called when the model has no form for it.

    Raises:
        InvalidRequestError: Budget and `max_tokens` do not go together.
    """
    reasoning = request.reasoning
    if reasoning is None:
        return
    how = for_model(quirks.thinking, request.model) or "none"
    if reasoning in _OFF:
        if how != "none":
            _switch_off(body, for_model(quirks.thinking_off, request.model), refuse)
        return
    asked = _Asked(reasoning, limit_of(request, quirks), request.max_tokens is not None, quirks, refuse)
    HOW[how](body, asked)


def _switch_off(body: dict[str, Any], word: str | None, refuse: Refuse) -> None:
    if word:
        body["thinking"] = {"type": word}
    else:
        refuse("reasoning", "the model always thinks; ask for the effort 'low'")


def _none(_: dict[str, Any], asked: _Asked) -> None:
    asked.refuse("reasoning", "the model does not think before it answers")


def _effort(body: dict[str, Any], asked: _Asked) -> None:
    if isinstance(asked.reasoning, int):
        asked.refuse("reasoning", "the model takes an effort such as 'low', not a number of tokens")
    else:
        # Newer models would leave the text of the thinking out.
        _put_effort(body, asked, {"type": "adaptive", "display": "summarized"})


def _effort_or_budget(body: dict[str, Any], asked: _Asked) -> None:
    (_budget if isinstance(asked.reasoning, int) else _effort)(body, asked)


def _enabled_effort(body: dict[str, Any], asked: _Asked) -> None:
    if isinstance(asked.reasoning, int):
        asked.refuse("reasoning", "the provider takes an effort such as 'low', not a number of tokens")
    else:
        _put_effort(body, asked, {"type": "enabled"})


def _put_effort(body: dict[str, Any], asked: _Asked, thinking: dict[str, Any]) -> None:
    if asked.reasoning != "enabled" and asked.reasoning not in asked.quirks.efforts:
        known = ", ".join(sorted(asked.quirks.efforts))
        asked.refuse("reasoning", f"the efforts are {known}, and 'none'; not {asked.reasoning!r}")
        return
    body["thinking"] = thinking
    if asked.reasoning != "enabled":
        body["output_config"] = {"effort": asked.reasoning}


def _switch(body: dict[str, Any], asked: _Asked) -> None:
    if asked.reasoning == "enabled":
        body["thinking"] = {"type": "adaptive"}
    else:
        asked.refuse("reasoning", f"the provider knows only 'enabled' and 'none', not {asked.reasoning!r}")


def _budget(body: dict[str, Any], asked: _Asked) -> None:
    reasoning = asked.reasoning
    if isinstance(reasoning, int):
        budget = reasoning
    elif reasoning in asked.quirks.shares:
        budget = max(_MIN_BUDGET, int(asked.max_tokens * asked.quirks.shares[reasoning]))
    else:
        known = ", ".join(asked.quirks.shares)
        asked.refuse("reasoning", f"it is one of {known}, none, or a number of tokens; not {reasoning!r}")
        return
    _check_budget(budget, asked)
    body["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _check_budget(budget: int, asked: _Asked) -> None:
    if budget < _MIN_BUDGET:
        raise InvalidRequestError(f"reasoning must be at least {_MIN_BUDGET} tokens, got {budget}")
    if budget >= asked.max_tokens:
        whose = "max_tokens" if asked.limit_given else "the model's limit for max_tokens"
        raise InvalidRequestError(
            f"{whose} ({asked.max_tokens}) must exceed the tokens for reasoning ({budget}), which count toward it"
        )


HOW: dict[str, Callable[[dict[str, Any], _Asked], None]] = {
    "none": _none,
    "effort": _effort,
    "effort_or_budget": _effort_or_budget,
    "enabled_effort": _enabled_effort,
    "budget": _budget,
    "switch": _switch,
}
"""How thinking is asked for: not at all; an effort beside adaptive thinking; that, or a budget in tokens; an effort
beside enabled thinking; only a budget, which words are turned into; only on or off."""
