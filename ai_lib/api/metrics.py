"""What is told of every call, and to whom.

Two interfaces, for two kinds of listeners. `Metrics` is the small one: counters and timers by name; a class with
`incr_counter` and `start_timer` is enough. `CallObserver` is the whole one: it hears of each call when it begins and
gets one record when it is over, which is what traces, logs and bills are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import attrs

from ai_lib.errors import AiLibError
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.trace import Attempt
from ai_lib.types.usage import Usage, UsageStatus

__all__ = ["CallObserver", "CallRecord", "CallStart", "EndCallback", "Metrics", "Operation", "Outcome", "Timer"]

Operation: TypeAlias = Literal["chat", "stream", "embed", "rerank", "count_tokens", "list_models", "upload_file"]
"""What was asked for."""

Outcome: TypeAlias = Literal["success", "error", "interrupted", "cancelled", "abandoned"]
"""How a call ended: interrupted is a stream that broke off; cancelled by `cancel()`; abandoned is a stream that was
closed or dropped before its end."""


class Timer(Protocol):
    """What measures how long something takes, from `start_timer` on."""

    def stop(self) -> None:
        """End the measurement and keep it."""


class Metrics:
    """Counters and timers by name. Override what is wanted: everything else does nothing.

    A class that is not derived from this one will do as well; of the methods it has, those are called. What a method
    raises is logged and goes no further.
    """

    def incr_counter(self, name: str, value: int = 1) -> None:
        """Count."""

    def start_timer(self, name: str) -> Timer | None:
        """Return what measures until it is stopped; None to measure nothing."""

    def record_gauge(self, name: str, value: float) -> None:
        """Note a value that goes up and down."""

    def record_histogram(self, name: str, value: float) -> None:
        """Note one of many values, whose distribution matters."""

    def incr_counter_with_tags(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """Count, by tags such as provider and model."""

    def record_histogram_with_tags(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """Note one of many values, by tags."""

    def record_error(self, name: str, error_type: str) -> None:
        """Note that a call failed, with the class of its error."""

    def record_success(self, name: str, success: bool) -> None:
        """Note how a call ended."""


@attrs.frozen(kw_only=True)
class CallStart:
    """A call that begins.

    Args:
        id: An id of this library's own, for correlation; the provider's is `CallRecord.request_id`.
        operation: What is asked for.
        provider: The id of the client's provider; with a route, another one may answer.
        model: The model that is asked, where one is named.
        base_url: The address of the client's provider; "" where a route is still to choose whom to ask.
        at: Seconds since 1970.
        request: What is asked of a chat; None for anything else. It holds what users wrote: log no message of it.
        tags: The caller's tags of the call.
    """

    id: str
    operation: Operation
    provider: str
    model: str | None
    base_url: str
    at: float
    request: ChatCompletionRequest | None = attrs.field(default=None, repr=False)
    tags: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class CallRecord:
    """A call that is over.

    Args:
        start: How it began.
        outcome: How it ended.
        seconds: How long it took, to the end of its stream.
        first_chunk: Seconds until the first chunk of a stream; None where there was none.
        provider: The id of the provider that answered, or failed last.
        base_url: Where that provider was reached; "" where it is not known, as among the contenders of a hedge.
        model: The model that answered, as the provider names it, else the one that was asked.
        usage: The tokens; zeros where they are not known.
        usage_status: How far they can be trusted.
        cost: US dollars; None where it is not known, never 0 instead.
        finish_reason: Why the answer ended, in this library's words.
        request_id: The provider's id of the answer, for its support.
        attempts: The attempts that failed.
        timings: Seconds by what they went to; see `Call.timings`.
        error: What it failed with; None for success.
        response: The answer, of a stream what had arrived; None where there was none. It holds what the model wrote.
    """

    start: CallStart
    outcome: Outcome
    seconds: float
    first_chunk: float | None = None
    provider: str
    base_url: str = ""
    model: str | None = None
    usage: Usage = attrs.field(factory=Usage)
    usage_status: UsageStatus = UsageStatus.UNSUPPORTED
    cost: Decimal | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    timings: Mapping[str, float] = attrs.field(factory=dict)
    error: AiLibError | None = attrs.field(default=None, repr=False)
    response: ChatCompletionResponse | None = attrs.field(default=None, repr=False)


EndCallback: TypeAlias = Callable[[CallRecord], None]
"""What is called with the record when the call is over."""


@runtime_checkable
class CallObserver(Protocol):
    """Hears of every call of a client. What it raises is logged and goes no further."""

    def call_started(self, start: CallStart) -> EndCallback:
        """Note that a call begins, in the thread that makes it; return what is to be called when it is over.

        The end may come in another thread: that of whoever reads a stream to its end, or drops it.
        """
