"""A `ChatProvider` with an interceptor's hooks around it."""

from __future__ import annotations

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.interceptor import Interceptor
from ai_lib.errors import AiLibError, CancelledError
from ai_lib.exchange import ChatStream
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["InterceptedProvider"]


class InterceptedProvider:
    """Calls an interceptor's hooks around every chat and stream.

    Args:
        inner: What answers.
        interceptor: The hooks.
    """

    def __init__(self, inner: ChatProvider[ChatStream], interceptor: Interceptor) -> None:
        self._inner = inner
        self._hooks = interceptor

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        replacement = self._hooks.on_request(request)
        if isinstance(replacement, ChatCompletionResponse):
            return replacement
        request = replacement or request
        try:
            response = self._inner.chat(request, call)
        except AiLibError as error:
            return self._answer_error(request, error)
        return self._hooks.on_response(request, response) or response

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it arrives."""
        replacement = self._hooks.on_request(request)
        if isinstance(replacement, ChatCompletionResponse):
            return ChatStream.from_response(replacement, call)
        sent = replacement or request
        try:
            stream = self._inner.stream(sent, call)
        except AiLibError as error:
            return ChatStream.from_response(self._answer_error(sent, error), call)

        def change(chunk: ChatCompletionChunk) -> ChatCompletionChunk:
            return self._hooks.on_chunk(sent, chunk) or chunk

        def end(stream: ChatStream, error: AiLibError | None) -> None:
            if error is None:
                self._hooks.on_response(sent, stream.response)
            elif not isinstance(error, CancelledError):
                self._hooks.on_error(sent, error)

        stream.transform(change)
        stream.on_end(end)
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be requested."""
        return self._inner.list_models(call)

    def _answer_error(self, request: ChatCompletionRequest, error: AiLibError) -> ChatCompletionResponse:
        """Return the answer that the interceptor gives in place of an error; raise where it gives none."""
        answer = self._hooks.on_error(request, error)
        if isinstance(answer, AiLibError):
            raise answer from error
        if answer is None:
            raise error
        return answer
