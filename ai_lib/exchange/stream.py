"""An answer that is still coming."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from ai_lib.api.call import Call
from ai_lib.api.transport import HttpStream
from ai_lib.errors import (
    AiLibError,
    CancelledError,
    NetworkError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
)
from ai_lib.exchange.bodies import BufferedBody
from ai_lib.types.chunk import ChatCompletionChunk, chunks_of
from ai_lib.types.fold import Fold
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import UsageStatus
from ai_lib.types.wire import HttpResponse

__all__ = ["CLOSED", "STOPPED", "ChatStream"]

CLOSED = "closed"
"""The code of what ends a stream that is closed or dropped before its end."""
STOPPED = "stopped"
"""The code of what ends a stream when something else than the provider raised, which is then its cause."""
_OF_THE_CALL = ("provider", "request_id", "adjustments", "parser", "pricing", "trace", "limit_reader")


class ChatStream:
    """An answer that is still coming: iterate for its chunks, read `response` for what they add up to.

    A `with` block is optional. Leaving it, `close()`, or dropping the object frees the connection.
    """

    def __init__(
        self,
        opened: HttpStream,
        chunks: Iterator[ChatCompletionChunk],
        *,
        model: str | None,
        call: Call | None = None,
        estimate: Callable[[ChatCompletionResponse], ChatCompletionResponse] | None = None,
        **facts: Any,
    ) -> None:
        self._over = False
        self._cancelled = False
        self._opened = opened
        self._chunks = chunks
        self._model = model
        self._estimate = estimate
        self._final: ChatCompletionResponse | None = None
        self._facts = facts
        self._fold = Fold()
        self._call = call or Call()
        self._started = self._call.clock.now()
        self._transforms: list[Callable[[ChatCompletionChunk], ChatCompletionChunk]] = []
        self._recoveries: list[Callable[[AiLibError], ChatStream]] = []
        self._continue: Callable[[AiLibError], ChatStream] | None = None
        self._end_hooks: list[Callable[[ChatStream, AiLibError | None], None]] = []
        self.first_chunk: float | None = None
        """Seconds from the begin of the call to its first chunk."""

    @classmethod
    def of(cls, response: ChatCompletionResponse, call: Call | None = None) -> Self:
        """Return a whole answer as a stream."""
        facts = {name: getattr(response, name) for name in _OF_THE_CALL}
        opened = BufferedBody(HttpResponse(status=200, headers=response.headers))
        return cls(opened, chunks_of(response), model=response.model, call=call, **facts)

    @property
    def response(self) -> ChatCompletionResponse:
        """What has arrived so far, folded into the answer that `chat` would have returned."""
        if self._final is not None:
            return self._final
        answer = self._fold.response(
            ended=self._over, headers=self._opened.headers, attempts=tuple(self._call.attempts), **self._facts
        )
        # What was used before an interruption was never told.
        missing = answer.usage_status is UsageStatus.UNSUPPORTED or (self._over and self._fold.resume_count)
        if missing and self._estimate is not None:
            answer = self._estimate(answer)
        if self._over:
            self._final = answer
        return answer

    @property
    def partial(self) -> Any:
        """What the text says so far, read as JSON that is still being written; None while there is nothing to read.

        Texts that are not closed end where they end; keys without a value yet are left out.
        """
        from ai_lib.utils.partial_json import parse_partial  # few streams are JSON

        return parse_partial(self.response.text)

    @property
    def has_started(self) -> bool:
        """Whether anything of the answer has arrived."""
        return not self._fold.is_empty

    @property
    def adjustments(self) -> tuple[str, ...]:
        """What was left out of the request because the provider has no form for it."""
        left_out: tuple[str, ...] = self._facts.get("adjustments", ())
        return left_out

    @property
    def request_id(self) -> str | None:
        """The id to quote to the provider's support."""
        found: str | None = self._facts.get("request_id")
        return found

    @property
    def provider(self) -> str | None:
        """The id of the provider that answers."""
        found: str | None = self._facts.get("provider")
        return found

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP response's headers."""
        return self._opened.headers

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ChatCompletionChunk:
        """Return the next chunk.

        Raises:
            StreamInterruptedError: The stream ended too early; `.partial` has what had arrived.
            StreamTimeoutError: It went silent, or its time ran out.
            CancelledError: `cancel()` was called.
            AiLibError: The provider sent an error instead of the next event.
        """
        if self._over:
            raise StopIteration
        if self._cancelled:
            raise self._broken(_cancelled())
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._complete()
            raise
        except AiLibError as error:
            return self._mended(error)
        except BaseException as exc:  # KeyboardInterrupt, say: the rest is lost, and must not look like the end
            self._end(_stopped_by(exc))
            raise
        self._fold.add(chunk)
        if self.first_chunk is None:
            self.first_chunk = self._call.clock.now() - self._call.started
        return chunk

    def final_response(self) -> ChatCompletionResponse:
        """Read the rest of the stream and return the whole answer; raises as iterating does."""
        for _ in self:
            pass
        return self.response

    def cancel(self) -> None:
        """End the stream from any thread; a thread that waits for a chunk gets `CancelledError` at once."""
        self._cancelled = True
        self._opened.cancel()

    def close(self) -> None:
        """Free the connection. What had arrived stays in `response`; calling it again does nothing."""
        if not self._over:
            closed = CancelledError("the stream was closed before its end", code=CLOSED)
            self._end(_cancelled() if self._cancelled else closed)

    # --- what the parts round a stream do with it

    def transform(self, change: Callable[[ChatCompletionChunk], ChatCompletionChunk]) -> None:
        """Have each chunk changed before it is given out and folded."""
        self._transforms.append(change)
        self._chunks = map(change, self._chunks)

    def adjust(self, note: str, **facts: Any) -> None:
        """Have the answer say what was put differently, and change what it is told of its call."""
        adjustments = self._call.trace.adjustments = (*self.adjustments, note)
        self._facts = {**self._facts, **facts, "adjustments": adjustments}

    def recover_with(self, recover: Callable[[AiLibError], ChatStream]) -> None:
        """Have `recover` asked for another stream when this one fails before it has given anything.

        Those that were named first are asked first; one that raises hands its error to the next.
        """
        self._recoveries.append(recover)

    def continue_with(self, resume: Callable[[AiLibError], ChatStream]) -> None:
        """Have `resume` asked for a stream that goes on where this one was interrupted; it sees `error.partial`."""
        self._continue = resume

    def on_end(self, hook: Callable[[ChatStream, AiLibError | None], None]) -> None:
        """Have `hook` called once, when the stream is over: with the stream, and what ended it, or None.

        What a hook raises comes out of the stream when all have been called; those after it are told of it as the cause
        of a `CancelledError`. The hook must not hold the stream itself: then dropping the stream would not free its
        connection.
        """
        self._end_hooks.append(hook)

    def peek(self) -> None:
        """Wait for the first chunk without taking it.

        Raises:
            AiLibError: The stream failed before it.
        """
        first = next(self, None)
        if first is not None:
            self._fold = Fold()
            self._chunks = itertools.chain((first,), self._chunks)

    # --- how it ends

    def _end(self, error: AiLibError | None) -> None:
        if self._over:
            return
        self._over = True
        if error is None:
            self._opened.finish()
        else:
            self._opened.close()
        hooks, self._end_hooks = self._end_hooks, []
        raised: BaseException | None = None
        for hook in hooks:  # each hears of the end, whatever another one raises
            try:
                hook(self, error)
            except BaseException as exc:  # noqa: BLE001 - raised when all have been called
                raised = raised or exc
                error = error or _stopped_by(exc)
        if raised is not None:
            raise raised

    def _complete(self) -> None:
        try:
            self._fold.check()
        except AiLibError as error:
            raise self._broken(error) from None
        self._end(None)

    def _mended(self, error: AiLibError) -> ChatCompletionChunk:
        """Return the next chunk of another stream in place of this one, where there is one; else raise."""
        cause = error.__cause__
        while self._recoveries and self._fold.is_empty and not self._cancelled:
            self._opened.close()
            try:
                other = self._recoveries[0](self._located(error))
            except AiLibError as worse:
                error = worse
                self._recoveries.pop(0)
            else:
                self._fold = Fold()
                self._go_on_as(other)
                return next(self)
        broken = self._converted(error)
        if self._continue is not None and isinstance(broken, StreamInterruptedError) and not self._fold.is_empty:
            return self._continued(broken)
        raise self._broken(broken) from cause

    def _continued(self, error: AiLibError) -> ChatCompletionChunk:
        error.partial = partial = self.response
        self._opened.close()
        notes = self.adjustments
        assert self._continue is not None  # noqa: S101 - the caller asked
        try:
            self._go_on_as(self._continue(error))
        except AiLibError as worse:
            raise self._broken(worse) from error
        self._fold.resume_count += 1
        note = f"continued at character {len(partial.text)} after {error.code}"
        self._facts = {**self._facts, "adjustments": (*notes, note)}
        return next(self)

    def _go_on_as(self, other: ChatStream) -> None:
        self._opened, self._chunks = other._opened, other._chunks
        for change in self._transforms:
            self._chunks = map(change, self._chunks)
        self._model, self._facts, self._call = other._model, other._facts, other._call
        self._estimate = other._estimate
        self._recoveries = other._recoveries + self._recoveries
        # Innermost first: what a hook of the user's raises must not keep a guard from hearing of the end.
        self._end_hooks = other._end_hooks + self._end_hooks
        other._end_hooks = []
        self._started = other._started
        other._over = True  # its connection is ours now
        if self._cancelled:
            self._opened.cancel()

    def _broken(self, error: AiLibError) -> AiLibError:
        """Return the error to raise, with what had arrived, after freeing the connection."""
        error = self._converted(error)
        self._call.add_time("stream", self._call.clock.now() - self._started)
        self._end(error)
        error.partial = self.response
        return self._call.annotate(error)

    def _converted(self, error: AiLibError) -> AiLibError:
        if self._cancelled and not isinstance(error, CancelledError):
            error = _cancelled()
        elif isinstance(error, RequestTimeoutError) and not isinstance(error, StreamTimeoutError):
            error = _as(StreamTimeoutError, error)
        elif isinstance(error, NetworkError):
            error = _as(StreamInterruptedError, error)
        return self._located(error)

    def _located(self, error: AiLibError) -> AiLibError:
        error.provider = error.provider or self._facts.get("provider")
        error.model = error.model or self._model
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


def _as(kind: type[StreamInterruptedError], error: AiLibError) -> StreamInterruptedError:
    made = kind(error.message, code=error.code, hint=f"{kind.hint}. {error.hint}" if error.hint else kind.hint)
    made.ambiguous = error.ambiguous
    return made
