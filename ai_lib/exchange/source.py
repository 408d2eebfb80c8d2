"""The source of a stream: one opened answer, and what is to be done when it fails or ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ai_lib.api.call import Call
from ai_lib.api.transport import HttpStream
from ai_lib.errors import AiLibError
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.response import ChatCompletionResponse

if TYPE_CHECKING:
    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.price import Cost
    from ai_lib.types.trace import Trace

__all__ = ["FACTS", "ResponseFacts", "StreamSource"]


@attrs.frozen(kw_only=True)
class ResponseFacts:
    """What the answer to a request is annotated with; see `ChatCompletionResponse`."""

    provider: str | None = None
    request_id: str | None = None
    adjustments: tuple[str, ...] = ()
    parser: Callable[[str], Any] | None = None
    pricing: Callable[[ChatCompletionResponse], Cost | None] | None = None
    trace: Trace | None = None
    limit_reader: Callable[[Mapping[str, str]], dict[str, LimitStatus]] | None = None


FACTS = tuple(attrs.fields_dict(ResponseFacts))
"""The names of the fields of `ResponseFacts`."""


@attrs.define(eq=False, kw_only=True)
class StreamSource:
    """One opened answer: where its chunks come from, and what is to be done when it fails or ends.

    Args:
        opened: The connection.
        chunks: The decoded chunks.
        model: The model that was requested.
        call: The call that it belongs to.
        facts: What the response is annotated with.
        estimate: Adds estimated usage to a response without any; None to leave it out.
        recoveries: Functions that open another stream when this one fails before its first chunk. The first is
            called first; one that raises hands its error to the next.
        end_hooks: Functions that are called once, at the end.
    """

    opened: HttpStream
    chunks: Iterator[ChatCompletionChunk]
    model: str | None
    call: Call = attrs.field(factory=Call)
    facts: ResponseFacts = attrs.field(factory=ResponseFacts)
    estimate: Callable[[ChatCompletionResponse], ChatCompletionResponse] | None = None
    recoveries: list[Callable[[AiLibError], Any]] = attrs.field(factory=list)
    end_hooks: list[Callable[[Any, AiLibError | None], None]] = attrs.field(factory=list)
    started: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.call.clock.now()
