"""The protocols of whatever answers a chat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from ai_lib.api.call import Call
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ai_lib.types.model import ModelInfo

__all__ = ["ChatProvider", "CustomChatProvider", "ResponseStream"]

if TYPE_CHECKING:
    StreamT_co = TypeVar("StreamT_co", bound=Iterable[ChatCompletionChunk], default=Any, covariant=True)
else:
    from typing import TypeVar

    StreamT_co = TypeVar("StreamT_co", covariant=True)


class ResponseStream(Protocol):
    """An answer that is still arriving."""

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


class ChatProvider(Protocol[StreamT_co]):
    """Anything that answers a chat: one provider, a chain of them, a fake in a test, a custom class."""

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer, within the time limits of the call."""

    def stream(self, request: ChatCompletionRequest, call: Call) -> StreamT_co:
        """Return an iterable of the chunks of the answer as they arrive."""

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be requested."""


class CustomChatProvider(Protocol):
    """The least that a custom class needs to be the provider of a client, its route, or a target: `chat` and `stream`.

    Both take the request, and a parameter `call` where they use its time limits; without it those are checked only
    before and after. `stream` returns an iterable of chunks; a `close()` or `cancel()` on it, where there is one, is
    called to end it early. `list_models` and `name` are optional.
    """

    @property
    def chat(self) -> Callable[..., ChatCompletionResponse]:
        """The method that returns the whole answer."""

    @property
    def stream(self) -> Callable[..., Iterable[ChatCompletionChunk]]:
        """The method that returns the chunks."""
