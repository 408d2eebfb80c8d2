"""How each maker's models are asked to think.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html,
https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.dialect import Refuse
from ai_lib.providers.dialects.bedrock_converse.quirks import Quirks
from ai_lib.providers.reading import match_model
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["HOW", "put_reasoning"]

_OFF = frozenset({"none", "disabled", 0})
_ON = "enabled"
_MIN_BUDGET = 1024
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_NOVA_EFFORTS = ("low", "medium", "high")


@attrs.frozen
class _Asked:
    """What is asked, and where the answer to it goes.

    Args:
        request: The request.
        output: The body's outputConfig.
        more: The body's additionalModelRequestFields.
        quirks: The tables of models.
        refuse: Called for what has no form.
    """

    request: ChatCompletionRequest
    output: dict[str, Any]
    more: dict[str, Any]
    quirks: Quirks
    refuse: Refuse

    @property
    def reasoning(self) -> Any:
        """The effort in words, or a number of tokens."""
        return self.request.reasoning

    def word(self, known: tuple[str, ...]) -> bool:
        """Return whether it is one of these words or "enabled"; refuse it otherwise."""
        if self.reasoning == _ON or self.reasoning in known:
            return True
        self.refuse("reasoning", f"the model knows only {', '.join(known)}, enabled and none, not {self.reasoning!r}")
        return False


def put_reasoning(
    request: ChatCompletionRequest, output: dict[str, Any], more: dict[str, Any], quirks: Quirks, refuse: Refuse
) -> None:
    """Put into a body what makes the model think, or not think.

    Args:
        request: What is asked.
        output: The body's outputConfig.
        more: The body's additionalModelRequestFields.
        quirks: The tables of models.
        refuse: Called for what has no form.
    """
    HOW[match_model(quirks.reasoning, request.model) or ""](_Asked(request, output, more, quirks, refuse))


def _no_way(asked: _Asked) -> None:
    asked.refuse(
        "reasoning",
        "the model cannot be asked to; where it has a field for it, pass that in extensions under "
        "additionalModelRequestFields",
    )


def _off(asked: _Asked) -> bool:
    """Switch thinking off where that is asked for; return whether it was."""
    if asked.reasoning not in _OFF:
        return False
    word = match_model(asked.quirks.reasoning_off, asked.request.model)
    if word == "":
        asked.refuse("reasoning", "the model always thinks; ask for the effort 'low'")
    else:
        asked.more["thinking"] = {"type": word or "disabled"}
    return True


def _budget(asked: _Asked) -> None:
    if _off(asked):
        return
    given = asked.request.max_tokens
    limit = given if given is not None else match_model(asked.quirks.max_tokens, asked.request.model)
    budget = asked.reasoning
    if not isinstance(budget, int):
        if budget not in asked.quirks.shares:
            known = ", ".join([*asked.quirks.shares, "none"])
            asked.refuse("reasoning", f"the model knows only {known} or a number of tokens, not {budget!r}")
            return
        budget = max(_MIN_BUDGET, int((limit or 0) * asked.quirks.shares[budget]))
    if budget < _MIN_BUDGET:
        raise InvalidRequestError(f"reasoning must be at least {_MIN_BUDGET} tokens, got {budget}")
    if limit is not None and budget >= limit:
        raise InvalidRequestError(
            f"max_tokens ({limit}) must exceed the tokens for reasoning ({budget}), which count toward it"
        )
    asked.more["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _adaptive(asked: _Asked) -> None:
    if not _off(asked) and asked.word(_EFFORTS):
        # Newer models would leave the text of the thinking out.
        asked.more["thinking"] = {"type": "adaptive", "display": "summarized"}
        if asked.reasoning != _ON:
            asked.output["effort"] = asked.reasoning


def _budget_or_adaptive(asked: _Asked) -> None:
    (_budget if isinstance(asked.reasoning, int) else _adaptive)(asked)


def _reasoning_config(asked: _Asked) -> None:
    if asked.reasoning in _OFF:
        asked.more["reasoningConfig"] = {"type": "disabled"}
    elif asked.word(_NOVA_EFFORTS):
        effort = {"maxReasoningEffort": asked.reasoning} if asked.reasoning != _ON else {}
        asked.more["reasoningConfig"] = {"type": "enabled", **effort}


def _effort(asked: _Asked) -> None:
    if isinstance(asked.reasoning, int):
        asked.refuse("reasoning", "the model takes an effort such as 'low', not a number of tokens")
    else:
        asked.more["reasoning_effort"] = asked.reasoning


HOW: dict[str, Callable[[_Asked], None]] = {
    "": _no_way,
    "budget": _budget,
    "budget_or_adaptive": _budget_or_adaptive,
    "adaptive": _adaptive,
    "reasoning_config": _reasoning_config,
    "effort": _effort,
}
"""Claude's thinking with a number of tokens, or adaptive with an effort; Nova's reasoningConfig; reasoning_effort of
OpenAI's models."""
