"""Another request for an answer that does not fit its format: the next turn shows the model what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import attrs

from ai_lib.errors import InvalidRequestError, InvalidResponseError
from ai_lib.types.content import Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

if TYPE_CHECKING:
    from ai_lib.api.call import Call

    Send: TypeAlias = Callable[[ChatCompletionRequest, Call], ChatCompletionResponse]

__all__ = ["ask_with_repairs", "repair_messages"]


def ask_with_repairs(
    request: ChatCompletionRequest, send: Send, call: Call, max_repairs: int
) -> ChatCompletionResponse:
    """Send a request, and up to `max_repairs` times again with what was wrong, until an answer fits `response_format`.

    Returns:
        The first answer that fits, or else the last one. The answers before it are in `.rounds`.

    Raises:
        InvalidRequestError: The request has no response_format, or `max_repairs` is not an integer >= 0.
        AiLibError: Whatever `send` raises.
    """
    if not isinstance(max_repairs, int) or isinstance(max_repairs, bool) or max_repairs < 0:
        raise InvalidRequestError(f"max_repairs must be an integer >= 0, got {max_repairs!r}")
    if request.response_format is None:
        raise InvalidRequestError("max_repairs requires response_format")
    answer = send(request, call)
    rounds: tuple[ChatCompletionResponse, ...] = ()
    messages = request.messages
    for _ in range(max_repairs):
        try:
            _ = answer.parsed
        except InvalidResponseError as error:
            messages = (*messages, *repair_messages(answer, error))
            call.record("repair", why=error.message)
            rounds = (*rounds, answer)
            answer = send(attrs.evolve(request, messages=messages), call.child())
        else:
            break
    return attrs.evolve(answer, rounds=rounds, messages=(*messages, answer.message)) if rounds else answer


def repair_messages(response: ChatCompletionResponse, error: Exception) -> tuple[Message, Message]:
    """Return the two messages that continue the conversation: the answer that does not fit, and the correction request.

    The error is what `response.parsed` raised, or the parser's own `ValueError`.
    """
    answer = response.message
    if answer.tool_calls:  # providers refuse calls that have no results
        answer = attrs.evolve(answer, tool_calls=(), provider_data=None)
    if not answer.content:  # and messages without content
        answer = attrs.evolve(answer, content=(Text("(no answer)"),))
    # `response.parsed` also advises the caller about settings that the model does not know; its cause is the fault.
    reason = error.__cause__ or error
    cut = "It was cut off at the maximum length: give a shorter one. " if response.finish_reason == "length" else ""
    return answer, Message.user(
        f"Your answer does not have the required format: {reason}\n"
        f"{cut}Return the complete corrected answer as JSON only, without prose and without a code fence."
    )
