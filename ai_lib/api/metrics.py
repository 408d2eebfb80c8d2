"""The interfaces of metrics and call observers, and the values that they receive.

`Metrics` is the small interface: counters and timers by name; a class with `incr_counter` and `start_timer` is enough.
`CallObserver` is the complete one: it is notified of each call when it starts and gets one record when it ends, which
is what traces, logs and bills are made of.
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
"""The kind of a call."""

Outcome: TypeAlias = Literal["success", "error", "interrupted", "cancelled", "abandoned"]
"""How a call ended: "interrupted" is a stream that broke off, "cancelled" a call ended by `cancel()`, "abandoned" a
stream that was closed or dropped before its end."""


class Timer(Protocol):
    """Measures how long something takes, starting with `start_timer`."""

    def stop(self) -> None:
        """Stop and record the time."""


class Metrics:
    """Counters and timers by name. Override the methods that you need; the others do nothing.

    Deriving from this class is optional: those of its methods that an object has are called. What a method raises is
    logged and not propagated.
    """

    def incr_counter(self, name: str, value: int = 1) -> None:
        """Add to a counter."""

    def start_timer(self, name: str) -> Timer | None:
        """Return a running timer; None to measure nothing."""

    def record_gauge(self, name: str, value: float) -> None:
        """Record a value that goes up and down."""

    def record_histogram(self, name: str, value: float) -> None:
        """Record one value of a distribution."""

    def incr_counter_with_tags(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """Add to a counter with tags such as provider and model."""

    def record_histogram_with_tags(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """Record one value of a distribution with tags."""

    def record_error(self, name: str, error_type: str) -> None:
        """Record that a call failed, with the class of its error."""

    def record_success(self, name: str, success: bool) -> None:
        """Record how a call ended."""


@attrs.frozen(kw_only=True)
class CallStart:
    """The start of a call.

    Args:
        id: An id made by this library, for correlation; the provider's is `CallRecord.request_id`.
        operation: The kind of call.
        provider: The id of the client's provider; with a route, another one may answer.
        model: The requested model; None if the call has none.
        base_url: The address of the client's provider; "" while a route has not chosen a provider.
        at: Seconds since 1970.
        request: The request of a chat; None for other operations. It holds what users wrote: do not log its messages.
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
    """A call that has ended.

    Args:
        start: How it started.
        outcome: How it ended.
        seconds: Duration, to the end of its stream.
        first_chunk: Seconds until the first chunk of a stream; None if there was none.
        provider: The id of the provider that answered, or failed last.
        base_url: The address of that provider; "" if it is unknown, as among the contenders of a hedge.
        model: The model that answered, as the provider names it, else the requested one.
        usage: The tokens; zeros if they are unknown.
        usage_status: How reliable `usage` is.
        cost: US dollars; None if it is unknown, never 0 instead.
        finish_reason: Why the response ended, in this library's words.
        request_id: The provider's id of the response, for its support.
        attempts: The attempts that failed.
        timings: Seconds by purpose; see `Call.timings`.
        error: Why it failed; None for success.
        response: The response, of a stream what had arrived; None if there was none. It holds what the model wrote.
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
"""Called with the record when a call has ended."""


@runtime_checkable
class CallObserver(Protocol):
    """Is notified of every call of a client. What it raises is logged and not propagated."""

    def call_started(self, start: CallStart) -> EndCallback:
        """Record that a call starts, in the thread that makes it; return a function to call when it ends.

        That may happen in another thread: the one that reads a stream to its end, or drops it.
        """
