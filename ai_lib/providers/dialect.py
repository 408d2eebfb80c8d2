"""The interface of a wire format for chat: values that hold pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ai_lib.errors import AiLibError
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

if TYPE_CHECKING:
    from ai_lib.types.model import ModelInfo

__all__ = ["Context", "Dialect", "Framing", "NextRequest", "Refuse"]

Refuse = Callable[[str, str], None]
"""Called with a field that the provider does not support, and the reason; raises, or returns to leave the field out."""

Framing = Literal["sse", "sse_named", "ndjson", "eventstream"]


@attrs.frozen
class Context:
    """The facts of a provider that a dialect may use.

    Args:
        provider: The provider's id.
        owner: The key of opaque data on messages; such data is sent only to the owner that made it.
        quirks: The dialect's own settings.
        fail: Makes the typed error for an error object in an answer.
    """

    provider: str
    owner: str
    quirks: Any
    fail: Callable[[Any], AiLibError]


@attrs.frozen(kw_only=True)
class NextRequest:
    """The request that continues an unfinished answer.

    Args:
        url: The URL to GET.
        wait: Seconds to wait before it.
        stream: Whether the answer is a stream.
        then: The request after a stream, for facts that the stream lacks, such as the usage.
    """

    url: str
    wait: float = 0.0
    stream: bool = False
    then: NextRequest | None = None


@attrs.frozen
class Dialect:
    """A wire format for chat.

    Args:
        name: The name that configurations use.
        quirks: Reads its settings from a configuration's table; raises `ConfigurationError` for an unknown one.
        encode: Returns the body for a request; the flag says whether to stream. Refuses fields that cannot be sent.
        decode: Returns a whole answer from the decoded JSON, the context, and as keywords the fields not in the JSON,
            such as `request_id`; raises the error in the JSON, or `InvalidResponseError` where it is no answer.
        decode_stream: Yields the chunks of a stream's events; raises like `decode`, and `StreamInterruptedError` when
            they end too early.
        decode_models: Returns the models in an answer, or raises like `decode`.
        framing: How its streams are split into events: "sse" and "ndjson" give each event's data, "sse_named" gives
            {"event", "data"} as JSON, "eventstream" (AWS) gives {event type: payload} as JSON.
        headers: Returns the additional headers that a body needs, such as those for beta features.
        next_page: Returns the query parameters for the next page after a list of models; None after the last one.
        next_request: Returns the request that continues an unfinished answer; the flag says whether to stream.
    """

    name: str
    quirks: Callable[[Mapping[str, Any]], Any]
    encode: Callable[[ChatCompletionRequest, bool, Context, Refuse], dict[str, Any]]
    decode: Callable[..., ChatCompletionResponse]
    decode_stream: Callable[[Iterable[str], Context], Iterator[ChatCompletionChunk]]
    decode_models: Callable[[Any, Context], list[ModelInfo]]
    framing: Framing = attrs.field(default="sse", kw_only=True)
    headers: Callable[[Mapping[str, Any]], Mapping[str, str]] | None = attrs.field(default=None, kw_only=True)
    next_page: Callable[[Any], Mapping[str, str] | None] | None = attrs.field(default=None, kw_only=True)
    next_request: Callable[[Any, bool], NextRequest | None] | None = attrs.field(default=None, kw_only=True)
