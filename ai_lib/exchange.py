"""One attempt: encode, send, decode. The only place where the pure rooms meet the ones that do I/O."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import attrs

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import (
    AiLibError,
    CancelledError,
    InvalidResponseError,
    NetworkError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
    TransportError,
)
from ai_lib.providers.adapter import OnUnsupported, ProviderAdapter
from ai_lib.transport import ndjson, sse
from ai_lib.types.chunk import ChatCompletionChunk, chunks_of
from ai_lib.types.fold import Fold
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout
from ai_lib.utils.clock import Clock

__all__ = ["ChatStream", "Exchange"]

_FRAMINGS: dict[str, Callable[[Iterable[bytes]], Iterator[str]]] = {"sse": sse.events, "ndjson": ndjson.lines}
_MAX_ERROR_BODY = 65536
_MAX_WHOLE_BODY = 64 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Exchange:
    """One provider reached over one transport, within one call's time.

    Args:
        adapter: The provider.
        transport: What moves the bytes.
        timeout: The limits of an attempt.
        deadline: When the whole call must be over, on the clock's `now`.
        on_unsupported: What to do with fields that the provider has no form for.
        clock: The time.
    """

    adapter: ProviderAdapter
    transport: Transport
    timeout: Timeout
    deadline: float | None
    on_unsupported: OnUnsupported = "raise"
    clock: Clock

    def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
        """Ask once and return the whole answer."""
        prepared, left_out = self._prepare(request, stream=False)
        try:
            answer = self.adapter.decode(self.transport.send(prepared))
        except AiLibError as error:
            self._name(error, request.model)
            raise
        parser = request.response_format.parser if request.response_format else None
        if parser is not None or left_out:
            answer = attrs.evolve(answer, parser=parser, adjustments=left_out)
        return answer

    def stream(self, request: ChatCompletionRequest) -> ChatStream:
        """Ask once and return when the answer begins."""
        prepared, left_out = self._prepare(request, stream=True)
        try:
            opened = self.transport.stream(prepared)
            if opened.status >= 300:
                raise self.adapter.error(_read(opened))
            chunks = self._chunks(opened)
        except AiLibError as error:
            self._name(error, request.model)
            raise
        parser = request.response_format.parser if request.response_format else None
        return ChatStream(
            opened,
            chunks,
            provider=self.adapter.config.id,
            model=request.model,
            request_id=self.adapter.request_id(opened.headers),
            parser=parser,
            adjustments=left_out,
        )

    def list_models(self) -> list[ModelInfo]:
        """Ask once for the list of models."""
        prepared = attrs.evolve(self.adapter.models_request(), timeout=self.timeout, deadline=self.deadline)
        try:
            return self.adapter.decode_models(self.transport.send(prepared))
        except AiLibError as error:
            self._name(error, None)
            raise

    def _prepare(self, request: ChatCompletionRequest, *, stream: bool) -> tuple[HttpRequest, tuple[str, ...]]:
        return self.adapter.chat_request(
            request,
            stream=stream,
            on_unsupported=self.on_unsupported,
            timeout=self.timeout,
            deadline=self.deadline,
        )

    def _chunks(self, opened: HttpStream) -> Iterator[ChatCompletionChunk]:
        kind = opened.headers.get("content-type", "").partition(";")[0].strip().lower()
        pieces: Iterable[bytes] = opened
        if kind.endswith(("/json", "/html")):
            # Some servers ignore `stream`, some answer 200 with an error or a login page, some only get the type wrong.
            first, pieces = _peek(opened)
            if not first.lstrip().startswith((b"data:", b"event:", b"id:", b":", b"retry:")):
                return chunks_of(self.adapter.decode(_read(opened, pieces)))
        watch = _Watch(self.timeout.idle, self.clock)
        framed = _FRAMINGS[self.adapter.dialect.framing](watch.pieces(pieces))
        return self.adapter.decode_stream(watch.events(framed))

    def _name(self, error: AiLibError, model: str | None) -> None:
        error.provider = error.provider or self.adapter.config.id
        error.model = error.model or model


def _peek(opened: HttpStream) -> tuple[bytes, Iterable[bytes]]:
    """Return enough of a body's beginning to tell an event from JSON, and the body with that still in front."""
    pieces = iter(opened)
    first = b""
    while len(first.lstrip()) < len(b"event:") and (piece := next(pieces, b"")):
        first += piece
    return first, itertools.chain((first,), pieces)


def _read(opened: HttpStream, pieces: Iterable[bytes] | None = None) -> HttpResponse:
    """Return a stream that turned out to be no stream as a whole response, and free its connection.

    What is too long, or breaks off, is cut: an error's status matters more than the end of its text.
    """
    body: list[bytes] = []
    size = 0
    limit = _MAX_ERROR_BODY if pieces is None else _MAX_WHOLE_BODY
    try:
        for piece in opened if pieces is None else pieces:
            body.append(piece)
            size += len(piece)
            if size > limit:
                break
    except (TransportError, InvalidResponseError):
        if pieces is not None:
            raise
    finally:
        opened.close()
    return HttpResponse(status=opened.status, headers=opened.headers, body=b"".join(body))


class _Watch:
    """Counts silence in events, not in bytes: a server that only sends comments is silent."""

    def __init__(self, idle: float | None, clock: Clock) -> None:
        self._idle = math.inf if idle is None else idle
        self._now = clock.now
        self._event_seen = False

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
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
