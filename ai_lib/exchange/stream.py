"""The stream that users read: a handle on the source that delivers its chunks now."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, Generic, Self

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import (
    AiLibError,
    CancelledError,
    NetworkError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
)
from ai_lib.exchange.bodies import BufferedBody
from ai_lib.exchange.source import FACTS, ResponseFacts, StreamSource
from ai_lib.types.chunk import ChatCompletionChunk, chunks_of
from ai_lib.types.fold import Fold
from ai_lib.types.response import ChatCompletionResponse, ParsedT_co
from ai_lib.types.usage import UsageStatus
from ai_lib.types.wire import HttpResponse

__all__ = ["CLOSED", "STOPPED", "ChatStream"]

CLOSED = "closed"
"""Error code of a stream that was closed or dropped before its end."""
STOPPED = "stopped"
"""Error code of a stream that ended because something other than the provider raised; the cause of the error."""


class ChatStream(Generic[ParsedT_co]):
    """An answer that is still arriving: iterate for its chunks, read `response` for what they add up to.

    A `with` block is optional. Leaving it, `close()`, or dropping the object frees the connection.

    Args:
        source: Where the chunks come from.
    """

    def __init__(self, source: StreamSource) -> None:
        self._ended = False
        self._cancelled = False
        self._source = source
        self._final: ChatCompletionResponse | None = None
        self._fold = Fold()
        self._transforms: list[Callable[[ChatCompletionChunk], ChatCompletionChunk]] = []
        self._continue: Callable[[AiLibError], ChatStream] | None = None
        # Bound once: `next` runs for each of thousands of chunks.
        self._chunks = source.chunks
        self.first_chunk: float | None = None
        """Seconds from the start of the call to its first chunk."""

    @classmethod
    def from_response(cls, response: ChatCompletionResponse, call: Call | None = None) -> Self:
        """Return a whole answer as a stream."""
        return cls(
            StreamSource(
                opened=BufferedBody(HttpResponse(status=200, headers=response.headers)),
                chunks=chunks_of(response),
                model=response.model,
                call=call or Call(),
                facts=ResponseFacts(**{name: getattr(response, name) for name in FACTS}),
            )
        )

    @property
    def response(self) -> ChatCompletionResponse[ParsedT_co]:
        """What has arrived so far, folded into the answer that `chat` would have returned."""
        if self._final is not None:
            return self._final
        source = self._source
        facts = {name: getattr(source.facts, name) for name in FACTS}  # not attrs.asdict, which copies the trace
        answer = self._fold.response(
            ended=self._ended, headers=source.opened.headers, attempts=tuple(source.call.attempts), **facts
        )
        # The usage before an interruption was never reported.
        missing = answer.usage_status is UsageStatus.UNSUPPORTED or (self._ended and self._fold.resume_count)
        if missing and source.estimate is not None:
            answer = source.estimate(answer)
        if self._ended:
            self._final = answer
        return answer

    @property
    def partial(self) -> Any:
        """The text so far, read as JSON that is still being written; None while there is nothing to read.

        Strings that are not closed end where they end; keys without a value yet are left out.
        """
        from ai_lib.utils.partial_json import parse_partial  # few streams are JSON

        return parse_partial(self.response.text)

    @property
    def has_started(self) -> bool:
        """Whether any part of the answer has arrived."""
        return not self._fold.is_empty

    @property
    def adjustments(self) -> tuple[str, ...]:
        """What was left out of the request because the provider does not support it."""
        return self._source.facts.adjustments

    @property
    def request_id(self) -> str | None:
        """The id to quote to the provider's support."""
        return self._source.facts.request_id

    @property
    def provider(self) -> str | None:
        """The id of the provider that answers."""
        return self._source.facts.provider

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the HTTP response."""
        return self._source.opened.headers

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ChatCompletionChunk:
        """Return the next chunk.

        Raises:
            StreamInterruptedError: The stream ended too early; `.partial` has what had arrived.
            StreamTimeoutError: It went silent, or exceeded its time limit.
            CancelledError: `cancel()` was called.
            AiLibError: The provider sent an error instead of the next event.
        """
        if self._ended:
            raise StopIteration
        if self._cancelled:
            raise self._fail(_cancelled())
        try:
            chunk = next(self._chunks)
        except StopIteration:
            try:
                self._fold.check()
            except AiLibError as error:
                raise self._fail(error) from None
            self._end(None)
            raise
        except AiLibError as error:
            return self._recover(error)
        except BaseException as exc:  # KeyboardInterrupt, say: the rest is lost, and must not look like the end
            self._end(_stopped_by(exc))
            raise
        self._fold.add(chunk)
        if self.first_chunk is None:
            call = self._source.call
            self.first_chunk = call.clock.now() - call.started
        return chunk

    def final_response(self) -> ChatCompletionResponse[ParsedT_co]:
        """Read the rest of the stream and return the whole answer; raises as iterating does."""
        for _ in self:
            pass
        return self.response

    def cancel(self) -> None:
        """End the stream from any thread; a thread that waits for a chunk gets `CancelledError` at once."""
        self._cancelled = True
        self._source.opened.cancel()

    def close(self) -> None:
        """Free the connection. What had arrived stays in `response`; calling it again does nothing."""
        if not self._ended:
            closed = CancelledError("the stream was closed before its end", code=CLOSED)
            self._end(_cancelled() if self._cancelled else closed)

    # --- for the parts of the library that wrap a stream

    def transform(self, change: Callable[[ChatCompletionChunk], ChatCompletionChunk]) -> None:
        """Change each chunk with a function before it is folded and returned."""
        self._transforms.append(change)
        self._chunks = map(change, self._chunks)

    def adjust(self, note: str, **facts: Any) -> None:
        """Add a note to the response's adjustments, and replace fields of its `ResponseFacts`."""
        adjustments = self._source.call.trace.adjustments = (*self.adjustments, note)
        self._source.facts = attrs.evolve(self._source.facts, **facts, adjustments=adjustments)

    def recover_with(self, recovery: Callable[[AiLibError], ChatStream]) -> None:
        """Register a function that opens another stream when this one fails before its first chunk."""
        self._source.recoveries.append(recovery)

    def continue_with(self, continuation: Callable[[AiLibError], ChatStream]) -> None:
        """Register a function that opens a stream for the rest of an interrupted answer; it sees `error.partial`."""
        self._continue = continuation

    def on_end(self, hook: Callable[[ChatStream, AiLibError | None], None]) -> None:
        """Register a function that is called once, at the end: with the stream, and the error that ended it, or None.

        What a hook raises is raised from the stream when all hooks have been called; the hooks after it get it as the
        cause of a `CancelledError`. A hook must not hold a reference to the stream: then dropping the stream would not
        free its connection.
        """
        self._source.end_hooks.append(hook)

    def peek(self) -> None:
        """Wait for the first chunk without taking it.

        Raises:
            AiLibError: The stream failed before it.
        """
        first = next(self, None)
        if first is not None:
            self._fold = Fold()
            self._chunks = itertools.chain((first,), self._chunks)

    def detach(self) -> StreamSource:
        """Return the source, chunks as they are read here; this stream is left ended, its connection open."""
        self._ended = True
        self._source.chunks = self._chunks
        return self._source

    # --- failures and the end

    def _recover(self, error: AiLibError) -> ChatCompletionChunk:
        """Return the next chunk from another stream in place of this one; raise where there is none."""
        cause, source = error.__cause__, self._source
        while source.recoveries and self._fold.is_empty and not self._cancelled:
            source.opened.close()
            try:
                replacement = source.recoveries[0](self._located(error))
            except AiLibError as worse:
                error = worse
                source.recoveries.pop(0)
            else:
                self._fold = Fold()
                self._attach(replacement)
                return next(self)
        error = self._converted(error)
        if self._continue is None or not isinstance(error, StreamInterruptedError) or self._fold.is_empty:
            raise self._fail(error) from cause
        error.partial = partial = self.response
        source.opened.close()
        try:
            replacement = self._continue(error)
        except AiLibError as worse:
            raise self._fail(worse) from error
        note = f"continued at character {len(partial.text)} after {error.code}"
        adjustments = (*self.adjustments, note)
        self._attach(replacement)
        self._fold.resume_count += 1
        self._source.facts = attrs.evolve(self._source.facts, adjustments=adjustments)
        return next(self)

    def _attach(self, replacement: ChatStream) -> None:
        """Go on with the source of another stream."""
        before, source = self._source, replacement.detach()
        source.recoveries += before.recoveries
        # Innermost first: what a user's hook raises must not keep a guard from being notified of the end.
        source.end_hooks += before.end_hooks
        self._source, self._chunks = source, source.chunks
        for change in self._transforms:
            self._chunks = map(change, self._chunks)
        if self._cancelled:
            source.opened.cancel()

    def _fail(self, error: AiLibError) -> AiLibError:
        """Return the error to raise, with what had arrived, after freeing the connection."""
        error, call = self._converted(error), self._source.call
        call.add_time("stream", call.clock.now() - self._source.started)
        self._end(error)
        error.partial = self.response
        return call.annotate(error)

    def _end(self, error: AiLibError | None) -> None:
        if self._ended:
            return
        self._ended = True
        if error is None:
            self._source.opened.finish()
        else:
            self._source.opened.close()
        hooks, self._source.end_hooks = self._source.end_hooks, []
        raised: BaseException | None = None
        for hook in hooks:  # each is notified of the end, whatever another one raises
            try:
                hook(self, error)
            except BaseException as exc:  # noqa: BLE001 - raised when all have been called
                raised = raised or exc
                error = error or _stopped_by(exc)
        if raised is not None:
            raise raised

    def _converted(self, error: AiLibError) -> AiLibError:
        """Return the error as it is raised from a stream."""
        if self._cancelled and not isinstance(error, CancelledError):
            return self._located(_cancelled())
        if isinstance(error, RequestTimeoutError) and not isinstance(error, StreamTimeoutError):
            kind: type[StreamInterruptedError] = StreamTimeoutError
        elif isinstance(error, NetworkError):
            kind = StreamInterruptedError
        else:
            return self._located(error)
        hint = f"{kind.hint}. {error.hint}" if error.hint else kind.hint
        converted = kind(error.message, code=error.code, hint=hint)
        converted.ambiguous = error.ambiguous
        return self._located(converted)

    def _located(self, error: AiLibError) -> AiLibError:
        error.provider = error.provider or self.provider
        error.model = error.model or self._source.model
        error.request_id = error.request_id or self.request_id
        return error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _cancelled() -> CancelledError:
    return CancelledError("the stream was cancelled", code="cancelled")


def _stopped_by(cause: BaseException) -> CancelledError:
    error = CancelledError(f"{type(cause).__name__} stopped the stream", code=STOPPED)
    error.__cause__ = cause
    return error
