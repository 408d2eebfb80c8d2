"""A second try for an answer that does not fit: the conversation's next turn, which says what is wrong with it."""

from __future__ import annotations

import attrs

from ai_lib.types.content import Text
from ai_lib.types.message import Message
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["repair_message"]


def repair_message(response: ChatCompletionResponse, error: Exception) -> tuple[Message, Message]:
    """Return the two messages to go on with: the answer that does not fit, and the wish for a corrected one.

    Args:
        response: The answer.
        error: What `response.parsed` raised, or the parser's own `ValueError`.
    """
    cut = (
        "It was cut off at the limit of its length: give a shorter one. " if response.finish_reason == "length" else ""
    )
    wish = Message.user(
        f"Your answer does not have the form that was asked for: {_fault(error)}\n"
        f"{cut}Give the corrected answer as JSON only, whole, without prose and without a code fence."
    )
    return _said(response), wish


def _fault(error: Exception) -> str:
    # What `response.parsed` raises also speaks to the caller, of settings that the model does not know.
    return str(error.__cause__ or error)


def _said(response: ChatCompletionResponse) -> Message:
    """Return the answer as it can be sent back: without calls that have no results, and not empty."""
    message = response.message
    if message.tool_calls:
        message = attrs.evolve(message, tool_calls=(), provider_data=None)
    return message if message.content else attrs.evolve(message, content=(Text("(no answer)"),))
