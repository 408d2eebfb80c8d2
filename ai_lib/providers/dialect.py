"""What a wire format must offer: values that hold pure functions."""

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
"""Called with a field and a reason when the wire has no form for it; raises, or returns to have the field left out."""

Framing = Literal["sse", "sse_named", "ndjson", "eventstream"]


@attrs.frozen
class Context:
    """What a dialect may know of the provider it speaks for.

    Args:
        provider: The provider's id.
        owner: The name under which opaque data is kept on messages; it goes back only to the same owner.
        quirks: The dialect's own switches.
        fail: Makes the typed error for an error object that came with or inside an answer.
    """

    provider: str
    owner: str
    quirks: Any
    fail: Callable[[Any], AiLibError]


@attrs.frozen(kw_only=True)
class NextRequest:
    """A further request that an answer asks for, since it is not finished.

    Args:
        url: Where to GET.
        wait: Seconds to wait before.
        stream: Whether a stream comes from there.
        then: After a stream, the request for what it does not tell, such as the usage.
    """

    url: str
    wait: float = 0.0
    stream: bool = False
    then: NextRequest | None = None


@attrs.frozen(kw_only=True)
class Dialect:
    """A wire format for chat.

    Args:
        name: The name that configurations use.
        framing: How its streams are cut into events: "sse" and "ndjson" give each event's data, "sse_named" gives
            {"event", "data"} as JSON, "eventstream" (AWS) gives {event type: payload} as JSON.
        quirks: Makes its switches from a configuration's table; raises `ConfigurationError` for an unknown one.
        encode: Makes the body of a request; the flag says whether to stream.
        decode: Reads a whole answer: the decoded JSON, the context, and as keywords the facts that are not in the JSON.
        decode_stream: Reads the data of a stream's events; raises `StreamInterruptedError` when they end too early.
        decode_models: Reads a list of models.
        headers: The headers that a body needs beside the usual ones, such as those for beta features.
        next_page: Reads from a list of models what to add to the query for the next page; None at the end.
        next_request: Reads from an answer where to go on, when it is not finished; the flag says whether to stream.
    """

    name: str
    framing: Framing = "sse"
    quirks: Callable[[Mapping[str, Any]], Any]
    encode: Callable[[ChatCompletionRequest, bool, Context, Refuse], dict[str, Any]]
    decode: Callable[..., ChatCompletionResponse]
    decode_stream: Callable[[Iterable[str], Context], Iterator[ChatCompletionChunk]]
    decode_models: Callable[[Any, Context], list[ModelInfo]]
    headers: Callable[[Mapping[str, Any]], Mapping[str, str]] | None = None
    next_page: Callable[[Any], Mapping[str, str] | None] | None = None
    next_request: Callable[[Any, bool], NextRequest | None] | None = None
