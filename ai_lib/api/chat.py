"""What answers a chat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["ChatProvider", "ChatStream"]


class ChatStream(Protocol):
    """An answer that is still coming."""

    @property
    def response(self) -> ChatCompletionResponse:
        """What has arrived so far, folded into one answer."""

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        """Return the chunks as they arrive."""

    def __next__(self) -> ChatCompletionChunk:
        """Return the next chunk."""

    def cancel(self) -> None:
        """End the stream from any thread."""

    def close(self) -> None:
        """Free the connection."""


class ChatProvider(Protocol):
    """Anything that answers a chat: one provider, a chain of them, a fake in a test, a class of the user's."""

    def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
        """Return the whole answer."""

    def stream(self, request: ChatCompletionRequest) -> ChatStream:
        """Return the answer as it comes."""

    def list_models(self) -> list[ModelInfo]:
        """Return the models that can be asked."""
