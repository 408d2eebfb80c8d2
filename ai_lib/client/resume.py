"""Going on with an answer that was interrupted, from the text that had arrived."""

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

_GO_ON = (
    "Your last message was cut off by a technical failure. Go on exactly where it ends, with the next character. "
    "Repeat nothing and say nothing about the interruption."
)
_MOST = 3


def continuation(
    provider: ChatProvider, request: ChatCompletionRequest, call: Call
) -> Callable[[AiLibError], ChatStream]:
    """Return what opens a stream that goes on where another was interrupted.

    Only plain text is continued: the pieces of a tool call, of a JSON document or of several answers cannot be put
    together from two requests. Then, and after three interruptions, the error is raised as it is.

    Args:
        provider: What answers; it may be another provider the second time.
        request: What was asked.
        call: The call; its time covers the continuations.
    """
    interruptions = 0

    def resume(error: AiLibError) -> ChatStream:
        nonlocal interruptions
        interruptions += 1
        partial = error.partial
        plain = not partial.tool_calls and len(partial.choices) == 1 and partial.text and not request.response_format
        if not plain or interruptions > _MOST or not call.has_time_for(0.0):
            raise error
        said = [*request.messages, Message.assistant(partial.text), Message.user(_GO_ON)]
        stream = provider.stream(attrs.evolve(request, messages=said), call.child())  # which has a key of its own
        assert isinstance(stream, ChatStream)  # noqa: S101 - `client.routes` has made it one
        return stream

    return resume
