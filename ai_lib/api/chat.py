"""What answers a chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

if TYPE_CHECKING:
    from ai_lib.types.model import ModelInfo

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

    def peek(self) -> None:
        """Wait for the first chunk without taking it."""

    def recover_with(self, recover: Callable[[AiLibError], Any]) -> None:
        """Have `recover` asked for another stream when this one fails before it has given anything."""

    def cancel(self) -> None:
        """End the stream from any thread."""

    def close(self) -> None:
        """Free the connection."""


class ChatProvider(Protocol):
    """Anything that answers a chat: one provider, a chain of them, a fake in a test, a class of the user's.

    A class of the user's may leave the argument `call` out; then its time is checked only before and after.
    """

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer, within the call's time."""

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes."""

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""
