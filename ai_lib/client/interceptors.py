"""Whatever answers a chat, with hooks round it."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.interceptor import Interceptor
from ai_lib.errors import AiLibError, CancelledError
from ai_lib.exchange import ChatStream
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Intercepted", "intercepted"]


def intercepted(provider: ChatProvider, interceptors: Sequence[Interceptor]) -> ChatProvider:
    """Return the provider with hooks round it; the first one is the outermost."""
    for interceptor in reversed(interceptors):
        provider = Intercepted(provider, interceptor)
    return provider


class Intercepted:
    """A provider with one interceptor's hooks round it.

    Args:
        inner: What answers.
        interceptor: The hooks.
    """

    def __init__(self, inner: ChatProvider, interceptor: Interceptor) -> None:
        self._inner = inner
        self._hooks = interceptor

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        replaced = self._hooks.on_request(request)
        if isinstance(replaced, ChatCompletionResponse):
            return replaced
        request = replaced or request
        try:
            response = self._inner.chat(request, call)
        except AiLibError as error:
            return self._instead(request, error)
        return self._hooks.on_response(request, response) or response

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes."""
        replaced = self._hooks.on_request(request)
        if isinstance(replaced, ChatCompletionResponse):
            return ChatStream.of(replaced, call)
        asked = replaced or request
        try:
            stream = self._inner.stream(asked, call)
        except AiLibError as error:
            return ChatStream.of(self._instead(asked, error), call)
        assert isinstance(stream, ChatStream)  # noqa: S101 - `client.routes` has made it one

        def change(chunk: ChatCompletionChunk) -> ChatCompletionChunk:
            return self._hooks.on_chunk(asked, chunk) or chunk

        def ended(stream: ChatStream, error: AiLibError | None) -> None:
            if error is None:
                self._hooks.on_response(asked, stream.response)
            elif not isinstance(error, CancelledError):
                self._hooks.on_error(asked, error)

        stream.transform(change)
        stream.on_end(ended)
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""
        return self._inner.list_models(call)

    def _instead(self, request: ChatCompletionRequest, error: AiLibError) -> ChatCompletionResponse:
        answer = self._hooks.on_error(request, error)
        if isinstance(answer, AiLibError):
            raise answer from error
        if answer is None:
            raise error
        return answer
