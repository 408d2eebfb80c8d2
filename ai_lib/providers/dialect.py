"""What a wire format must offer: a value that holds four pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import attrs

from ai_lib.errors import AiLibError
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Context", "Dialect", "Refuse"]

Refuse = Callable[[str, str], None]
"""Called with a field and a reason when the wire has no form for it; raises, or returns to have the field left out."""


@attrs.frozen
class Context:
    """What a dialect may know of the provider it speaks for.

    Args:
        provider: The provider's id; opaque data is kept under it and goes back only to it.
        quirks: The dialect's own switches.
        fail: Makes the typed error for an error object that came with or inside an answer.
    """

    provider: str
    quirks: Any
    fail: Callable[[Any], AiLibError]


@attrs.frozen(kw_only=True)
class Dialect:
    """A wire format.

    Args:
        name: The name that configurations use.
        framing: How its streams are cut into events.
        quirks: Makes its switches from a configuration's table; raises `ConfigurationError` for an unknown one.
        encode: Makes the body of a request; the flag says whether to stream.
        decode: Reads a whole answer: the decoded JSON, the context, and as keywords the facts that are not in the JSON.
        decode_stream: Reads the data of a stream's events; raises `StreamInterruptedError` when they end too early.
        decode_models: Reads a list of models.
    """

    name: str
    framing: Literal["sse", "ndjson"] = "sse"
    quirks: Callable[[Mapping[str, Any]], Any]
    encode: Callable[[ChatCompletionRequest, bool, Context, Refuse], dict[str, Any]]
    decode: Callable[..., ChatCompletionResponse]
    decode_stream: Callable[[Iterable[str], Context], Iterator[ChatCompletionChunk]]
    decode_models: Callable[[Any, Context], list[ModelInfo]]
