"""Hooks around a call: they observe it, replace parts of it, or answer it without a request."""

from __future__ import annotations

from ai_lib.errors import AiLibError
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Interceptor"]


class Interceptor:
    """Base class for hooks; override those that you need. A hook that returns None changes nothing.

    The first interceptor is the outermost: it sees the request first and the response last. What a hook raises ends
    the call. Hooks run around the whole call, retries and fallbacks included.
    """

    def on_request(self, request: ChatCompletionRequest) -> ChatCompletionRequest | ChatCompletionResponse | None:
        """Return another request to send, or a response instead of sending one."""

    def on_response(
        self, request: ChatCompletionRequest, response: ChatCompletionResponse
    ) -> ChatCompletionResponse | None:
        """Return another response. At the end of a stream it is called with the sum of the chunks, only to observe."""

    def on_chunk(self, request: ChatCompletionRequest, chunk: ChatCompletionChunk) -> ChatCompletionChunk | None:
        """Return another chunk of a stream."""

    def on_error(self, request: ChatCompletionRequest, error: AiLibError) -> ChatCompletionResponse | AiLibError | None:
        """Return a response in place of the error, or another error; for a stream that has started, only observe it."""
