"""Chats and streams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from ai_lib.client.core import ClientCore
from ai_lib.client.fields import ChatFields, list_fields
from ai_lib.client.request import Prompt
from ai_lib.exchange import ChatStream
from ai_lib.types.request import OnUnsupported
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import Timeout

if TYPE_CHECKING:
    from ai_lib.client.fields import ChatOptions, StreamOptions
    from ai_lib.models.spending import Budget

__all__ = ["ChatMethods"]

T = TypeVar("T")


class ChatMethods:
    """The methods of `AiClient` that send one chat."""

    _core: ClientCore

    @overload
    def chat(
        self, messages: Prompt, *, response_format: type[T], **options: Unpack[ChatOptions]
    ) -> ChatCompletionResponse[T]: ...
    @overload
    def chat(
        self, messages: Prompt, *, response_format: None = None, **options: Unpack[ChatOptions]
    ) -> ChatCompletionResponse[None]: ...
    @overload
    def chat(
        self, messages: Prompt, *, response_format: Any, **options: Unpack[ChatOptions]
    ) -> ChatCompletionResponse[Any]: ...
    @list_fields
    def chat(
        self,
        messages: Prompt,
        *,
        response_format: Any = None,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        max_repairs: int = 0,
        **fields: Unpack[ChatFields],
    ) -> ChatCompletionResponse[Any]:
        """Send a chat and return the whole answer.

        Args:
            messages: A string, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            response_format: The type of `.parsed`: an attrs class, dataclass, TypedDict, msgspec Struct or pydantic
                model, or a type such as `list[City]`; or a JSON Schema, or "json_object".
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            tags: Labels of the call, by which `spending` adds up and metrics distinguish calls.
            budget: `Budget` to bill, in addition to those of `with client.budget(...)`.
            max_repairs: Maximum further requests, showing the model what is wrong, when the answer does not fit
                `response_format`; >= 0. The answers before the last are in `response.rounds`.
            fields: The other fields of `ChatCompletionRequest`. `tools` also takes plain functions.

        Returns:
            The answer.

        Raises:
            InvalidRequestError: The request is invalid; where that can be detected here, nothing was sent.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        core = self._core
        call = core.start_call(timeout, on_unsupported, tags, budget)
        request = core.build_request(messages, {**fields}, response_format)
        if max_repairs:
            from ai_lib.structured import ask_with_repairs

            answer = ask_with_repairs(request, core.send, call, max_repairs)
        else:
            answer = core.send(request, call)
        core.warn(answer.adjustments, call.on_unsupported)
        return answer

    @overload
    def stream(
        self, messages: Prompt, *, response_format: type[T], **options: Unpack[StreamOptions]
    ) -> ChatStream[T]: ...
    @overload
    def stream(
        self, messages: Prompt, *, response_format: None = None, **options: Unpack[StreamOptions]
    ) -> ChatStream[None]: ...
    @overload
    def stream(
        self, messages: Prompt, *, response_format: Any, **options: Unpack[StreamOptions]
    ) -> ChatStream[Any]: ...
    @list_fields
    def stream(
        self,
        messages: Prompt,
        *,
        response_format: Any = None,
        resume: bool = False,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        **fields: Unpack[ChatFields],
    ) -> ChatStream[Any]:
        """Send a chat and return as soon as the answer starts.

        Until the first chunk, a failure is retried like that of `chat`. After it nothing is sent again, unless `resume`
        is set.

        Args:
            messages: A string, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            response_format: The type of `.response.parsed`, a JSON Schema, or "json_object".
            resume: Whether to request the rest of an interrupted answer, in a further request that shows the model what
                had arrived; `response.adjustments` says where the parts meet.
            timeout: Seconds for the whole call to the end of the stream, or a `Timeout`; None means the client's.
            on_unsupported: "raise", "warn" or "drop", for unsupported fields; None means the client's setting.
            tags: Labels of the call, by which `spending` adds up and metrics distinguish calls.
            budget: `Budget` to bill, in addition to those of `with client.budget(...)`.
            fields: The other fields of `ChatCompletionRequest`. `tools` also takes plain functions.

        Returns:
            The stream: iterate for chunks; `.response` is the answer so far.

        Raises:
            InvalidRequestError: The request is invalid; where that can be detected here, nothing was sent.
            AiLibError: The stream cannot be opened; iterating raises what happens later.
        """
        core = self._core
        call = core.start_call(timeout, on_unsupported, tags, budget)
        request = core.build_request(messages, {**fields}, response_format)
        stream = core.open_stream(request, call)
        if resume:
            from ai_lib.client.resume import continuation

            stream.continue_with(continuation(core.chat_provider, request, call))
        core.warn(stream.adjustments, call.on_unsupported)
        return stream
