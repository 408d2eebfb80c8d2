"""The continuation of an answer that was interrupted, from the text that had arrived."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.errors import AiLibError
from ai_lib.exchange import ChatStream
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["continuation"]

_PROMPT = (
    "Your last message was cut off by a technical failure. Go on exactly where it ends, with the next character. "
    "Repeat nothing and say nothing about the interruption."
)
# A connection that breaks more often breaks always, and every part is billed.
_MAX_INTERRUPTIONS = 3


def continuation(
    provider: ChatProvider[ChatStream], request: ChatCompletionRequest, call: Call
) -> Callable[[AiLibError], ChatStream]:
    """Return a function that opens a stream for the rest of an interrupted answer.

    Only plain text is continued: the parts of a tool call, of a JSON document or of several answers cannot be joined
    from two requests. Then, and after three interruptions, the function raises the error as it is.

    Args:
        provider: What answers; it may choose another provider the second time.
        request: The request.
        call: The call; its time limit covers the continuations.
    """
    interruptions = 0

    def resume(error: AiLibError) -> ChatStream:
        nonlocal interruptions
        interruptions += 1
        partial = error.partial
        plain = not partial.tool_calls and len(partial.choices) == 1 and partial.text and not request.response_format
        if not plain or interruptions > _MAX_INTERRUPTIONS or not call.has_time_for(0.0):
            raise error
        messages = [*request.messages, Message.assistant(partial.text), Message.user(_PROMPT)]
        # A child of the call, since it needs an idempotency key of its own.
        return provider.stream(attrs.evolve(request, messages=messages), call.child())

    return resume
