"""Hooks round a call: to observe it, to replace parts of it, or to answer it without asking anybody."""

from __future__ import annotations

from ai_lib.errors import AiLibError
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Interceptor"]


class Interceptor:
    """Base for hooks: override those that are wanted. None means: leave it as it is.

    The first interceptor is the outermost: it sees the request first and the answer last. A hook that raises ends the
    call with what it raised. Hooks stand round the whole call, retries and fallbacks included.
    """

    def on_request(self, request: ChatCompletionRequest) -> ChatCompletionRequest | ChatCompletionResponse | None:
        """Return another request to send, or an answer, and nothing is sent."""

    def on_response(
        self, request: ChatCompletionRequest, response: ChatCompletionResponse
    ) -> ChatCompletionResponse | None:
        """Return another answer. For a stream it is called at its end with what the chunks add up to, only to see."""

    def on_chunk(self, request: ChatCompletionRequest, chunk: ChatCompletionChunk) -> ChatCompletionChunk | None:
        """Return another chunk of a stream."""

    def on_error(self, request: ChatCompletionRequest, error: AiLibError) -> ChatCompletionResponse | AiLibError | None:
        """Return an answer in place of the error, or another error. Of a stream that has begun it is only told."""
