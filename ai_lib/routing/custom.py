"""A `ChatProvider` of the user's, made to fit the library's own parts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ai_lib.api.call import Call
from ai_lib.connection.options import is_model_name
from ai_lib.errors import ConfigurationError, UnsupportedFeatureError
from ai_lib.exchange import ChatStream, ResponseFacts, StreamSource
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["CustomProvider"]


class CustomProvider:
    """Calls an object with `chat` and `stream`.

    Args:
        provider: The object; its methods take the request, and a parameter `call` where they use its time limits.
        configured_model: The default model; None leaves the choice to the provider.

    Raises:
        ConfigurationError: The object has no such methods.
    """

    def __init__(self, provider: Any, configured_model: str | None = None) -> None:
        if not callable(getattr(provider, "chat", None)) or not callable(getattr(provider, "stream", None)):
            raise ConfigurationError(
                f"a provider must be a name, an AiClient, or an object with chat() and stream(), "
                f"not {type(provider).__name__}"
            )
        self._provider = provider
        self.model = self.configured_model = configured_model
        name = getattr(provider, "name", None)
        self.name: str = name if isinstance(name, str) and name else type(provider).__name__
        """Its `name`, else the name of its class."""

    def resolve_model(self, model: str | None) -> str:
        """Return the model, or the default; "" for none, which leaves the choice to the provider."""
        return model if model is not None and is_model_name(model) else self.configured_model or ""

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        call.check()
        answer: ChatCompletionResponse = _invoke(self._provider.chat, call, request)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it arrives."""
        call.check()
        chunks = _invoke(self._provider.stream, call, request)
        if isinstance(chunks, ChatStream):
            return chunks
        facts = ResponseFacts(provider=self.name)
        opened = _CustomStream(chunks)
        return ChatStream(StreamSource(opened=opened, chunks=iter(chunks), model=request.model, call=call, facts=facts))

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be requested.

        Raises:
            UnsupportedFeatureError: The object has no `list_models`.
        """
        if not callable(getattr(self._provider, "list_models", None)):
            raise UnsupportedFeatureError("the custom provider has no list_models()", provider=self.name)
        models: list[ModelInfo] = _invoke(self._provider.list_models, call)
        return models


def _invoke(method: Callable[..., Any], call: Call, *arguments: Any) -> Any:
    takes_call = "call" in inspect.signature(method).parameters
    return method(*arguments, call=call) if takes_call else method(*arguments)


class _CustomStream:
    """Stands for the connection of a custom stream: closing it closes the iterable, where that can be closed."""

    status = 200

    def __init__(self, chunks: Iterable[ChatCompletionChunk]) -> None:
        self._chunks = chunks
        self.headers: dict[str, str] = {}

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def finish(self) -> None:
        """Do nothing: no connection is held."""

    def cancel(self) -> None:
        """Call `cancel`, else `close`, of the iterable."""
        cancel = getattr(self._chunks, "cancel", None) or getattr(self._chunks, "close", None)
        if cancel is not None:
            cancel()

    def close(self) -> None:
        """Call `close` of the iterable."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
