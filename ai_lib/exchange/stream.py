"""An answer that is still coming."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Self

from ai_lib.api.transport import HttpStream
from ai_lib.errors import (
    AiLibError,
    CancelledError,
    NetworkError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
)
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.fold import Fold
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.utils.clock import Clock

__all__ = ["ChatStream", "Watch"]


class Watch:
    """Counts silence in events, not in bytes: a server that only sends comments is silent."""

    def __init__(self, idle: float | None, clock: Clock) -> None:
        self._idle = math.inf if idle is None else idle
        self._now = clock.now
        self._event_seen = False

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes, and raise after too long a time without an event."""
        since = self._now()
        for piece in source:
            yield piece
            # Here the caller wants more than this piece held; its own time between two events does not count.
            now = self._now()
            if self._event_seen:
                self._event_seen, since = False, now
            elif now - since > self._idle:
                raise RequestTimeoutError(
                    f"no event for {self._idle:g} s, only comments (idle_timeout)",
                    code="idle_timeout",
                    hint="Raise Timeout(idle=...), or try again",
                )

    def events(self, framed: Iterable[str]) -> Iterator[str]:
        """Yield the events, and note that one came."""
        for event in framed:
            self._event_seen = True
            yield event


class ChatStream:
    """An answer that is still coming: iterate for its chunks, read `response` for what they add up to.

    A `with` block is optional. Leaving it, `close()`, or dropping the object frees the connection.
    """

    def __init__(
        self, opened: HttpStream, chunks: Iterator[ChatCompletionChunk], *, model: str | None, **facts: Any
    ) -> None:
        self._opened = opened
        self._chunks = chunks
        self._model = model
        self._facts = facts
        self._fold = Fold()
        self._cancelled = False
        self._over = False

    @property
    def response(self) -> ChatCompletionResponse:
        """What has arrived so far, folded into the answer that `chat` would have returned."""
        return self._fold.response(ended=self._over, headers=self._opened.headers, **self._facts)

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
            raise self._broken(CancelledError("the stream was cancelled"))
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._complete()
            raise
        except AiLibError as error:
            raise self._broken(error) from error.__cause__
        self._fold.add(chunk)
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
            self._over = True
            self._opened.close()

    def _complete(self) -> None:
        self._over = True
        self._opened.finish()
        try:
            self._fold.check()
        except AiLibError as error:
            raise self._broken(error) from None

    def _broken(self, error: AiLibError) -> AiLibError:
        """Return the error to raise, with what had arrived, after freeing the connection."""
        if self._cancelled and not isinstance(error, CancelledError):
            error = CancelledError("the stream was cancelled")
        self.close()
        if isinstance(error, RequestTimeoutError):
            error = _as(StreamTimeoutError, error)
        elif isinstance(error, NetworkError):
            error = _as(StreamInterruptedError, error)
        error.partial = self.response
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


def _as(kind: type[StreamInterruptedError], error: AiLibError) -> StreamInterruptedError:
    return kind(error.message, code=error.code, hint=f"{kind.hint}. {error.hint}" if error.hint else kind.hint)
