"""What one provider is asked over one transport: each method sends once, and follows an answer that is not finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import AiLibError, RequestTimeoutError
from ai_lib.exchange.bodies import BufferedBody, IdleWatch, peek, read
from ai_lib.exchange.stream import ChatStream
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.dialect import Framing, NextRequest
from ai_lib.transport import sse
from ai_lib.types.chunk import ChatCompletionChunk, chunks_of
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, annotate_in_place
from ai_lib.types.usage import UsageStatus
from ai_lib.types.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.price import Cost

__all__ = ["FRAMINGS", "Exchange"]

T = TypeVar("T")


def _ndjson(pieces: Iterable[bytes]) -> Iterator[str]:
    from ai_lib.transport import ndjson  # here and below: few providers stream like this

    return ndjson.lines(pieces)


def _eventstream(pieces: Iterable[bytes]) -> Iterator[str]:
    from ai_lib.transport import eventstream

    return eventstream.events(pieces)


FRAMINGS: dict[Framing, Callable[[Iterable[bytes]], Iterator[str]]] = {
    "sse": sse.events,
    "sse_named": sse.named_events,
    "ndjson": _ndjson,
    "eventstream": _eventstream,
}
"""How the bytes of a stream are cut into events."""
# What a stream is never: a login page, or an error in JSON. NDJSON is sometimes labelled as JSON.
_EVENT_STARTS = (b"data:", b"event:", b"id:", b":", b"retry:")
_MAX_PAGES = 100
_FOLLOW_TRIES = 3


@attrs.frozen(kw_only=True)
class Exchange:
    """One provider reached over one transport, for one call.

    Args:
        adapter: The provider.
        transport: What moves the bytes.
        call: Its limits of time, and how to end it early.
        pricing: Makes what tells the cost of a model's answer.
    """

    adapter: ProviderAdapter
    transport: Transport
    call: Call
    pricing: Callable[[str | None], Callable[[ChatCompletionResponse], Cost | None]] | None = None

    def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
        """Ask once and return the whole answer."""
        prepared, left_out = self._prepare(request, stream=False)
        return self._named(request.model, lambda: self._chat(request, prepared, left_out))

    def stream(self, request: ChatCompletionRequest) -> ChatStream:
        """Ask once and return when the answer begins."""
        emulated = self.adapter.emulates_stream(request)
        prepared, left_out = self._prepare(request, stream=not emulated)
        open_stream = self._emulated if emulated else self._opened
        opened, chunks = self._named(request.model, lambda: open_stream(prepared))
        return ChatStream(
            opened,
            chunks,
            provider=self.adapter.config.id,
            model=request.model,
            request_id=self.adapter.errors.request_id(opened.headers),
            call=self.call,
            estimate=partial(_estimated, request),
            limit_reader=self.adapter.rate_limits,
            **self._facts(request, left_out),
        )

    def list_models(self) -> list[ModelInfo]:
        """Ask for the list of models, page after page."""
        return self._named(None, self._models)

    def ask(self, prepared: HttpRequest, decode: Callable[[HttpResponse], T], model: str | None = None) -> T:
        """Send one request of another kind and return what its answer says."""
        return self._named(model, lambda: decode(self.transport.send(self._limited(prepared))))

    # --- within one attempt

    def _chat(
        self, request: ChatCompletionRequest, prepared: HttpRequest, left_out: tuple[str, ...]
    ) -> ChatCompletionResponse:
        answer = self.adapter.decode(self._finished(self.transport.send(prepared)))
        annotate_in_place(answer, **self._facts(request, left_out))
        return _estimated(request, answer) if answer.usage_status is UsageStatus.UNSUPPORTED else answer

    def _facts(self, request: ChatCompletionRequest, left_out: tuple[str, ...]) -> dict[str, Any]:
        """Return what an answer is told of its call."""
        self.call.trace.adjustments = left_out
        return {
            "parser": request.response_format.parser if request.response_format else None,
            "adjustments": left_out,
            "pricing": None if self.pricing is None else self.pricing(request.model),
            "trace": self.call.trace,
        }

    def _emulated(self, prepared: HttpRequest) -> tuple[HttpStream, Iterator[ChatCompletionChunk]]:
        response = self._finished(self.transport.send(prepared))
        return BufferedBody(response), chunks_of(self.adapter.decode(response))

    def _opened(self, prepared: HttpRequest) -> tuple[HttpStream, Iterator[ChatCompletionChunk]]:
        opened = self.transport.stream(prepared)
        if opened.status >= 300:
            raise self.adapter.errors.error(read(opened))
        kind = opened.headers.get("content-type", "").partition(";")[0].strip().lower()
        pieces: Iterable[bytes] = opened
        if kind.endswith(("/json", "/html")):
            # Some servers ignore `stream`, some answer 200 with an error or a login page, some only get the type wrong,
            # and some say in JSON where the stream is.
            first, pieces = peek(opened)
            if self.adapter.dialect.framing == "ndjson" or not first.lstrip().startswith(_EVENT_STARTS):
                return self._from_json(read(opened, pieces))
        watch = IdleWatch(self.call.timeout.idle, self.call.clock)
        framed = FRAMINGS[self.adapter.dialect.framing](watch.pieces(pieces))
        return opened, self.adapter.decode_stream(watch.events(framed))

    def _from_json(self, response: HttpResponse) -> tuple[HttpStream, Iterator[ChatCompletionChunk]]:
        further = self.adapter.next_request(response, stream=True)
        if further is not None and further.stream:
            self._wait(further.wait)
            opened, chunks = self._opened(self._limited(self.adapter.next_http_request(further)))
            return opened, chunks if further.then is None else self._counted(chunks, further.then)
        response = self._finished(response)
        return BufferedBody(response), chunks_of(self.adapter.decode(response))

    def _finished(self, response: HttpResponse) -> HttpResponse:
        """Return the response, or the one at the end of the requests that it asks for."""
        while (further := self.adapter.next_request(response, stream=False)) is not None:
            response = self._followed(further)
        return response

    def _followed(self, further: NextRequest) -> HttpResponse:
        """Return what is there to GET; failing that, raise what is not retried: asking anew would be paid for anew."""
        wait = further.wait
        for left in reversed(range(_FOLLOW_TRIES)):
            self._wait(wait)
            try:
                response = self.transport.send(self._limited(self.adapter.next_http_request(further)))
                if response.status < 300:
                    return response
                raise self.adapter.errors.error(response)
            except AiLibError as error:
                if not left or not error.retryable:
                    error.retryable = error.ambiguous = False
                    raise
                wait = max(further.wait, error.retry_after or 0.0)
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def _counted(self, chunks: Iterator[ChatCompletionChunk], further: NextRequest) -> Iterator[ChatCompletionChunk]:
        """Yield the chunks, and the usage after them where it can be had."""
        yield from chunks
        try:
            answer = self.adapter.decode(self._finished(self._followed(further)))
        except AiLibError:
            return  # the answer is whole; only what it cost is not known
        if answer.usage_status is UsageStatus.FINALIZED:
            yield ChatCompletionChunk(usage=answer.usage, id=answer.id, model=answer.model, raw=answer.raw)

    def _wait(self, seconds: float) -> None:
        if not self.call.has_time_for(seconds):
            raise RequestTimeoutError("the answer is not finished and the call's time is over", code="total_timeout")
        if seconds:
            self.call.sleep(seconds)

    def _models(self) -> list[ModelInfo]:
        found: list[ModelInfo] = []
        page: Any = {}
        for _ in range(_MAX_PAGES):
            response = self.transport.send(self._limited(self.adapter.models_request(page)))
            found += self.adapter.decode_models(response)
            page = self.adapter.next_page(response)
            if page is None:
                break
        return found

    # --- what every attempt needs

    def _prepare(self, request: ChatCompletionRequest, *, stream: bool) -> tuple[HttpRequest, tuple[str, ...]]:
        prepared, left_out = self.adapter.chat_request(request, stream=stream, on_unsupported=self.call.on_unsupported)
        return self._limited(prepared), left_out

    def _limited(self, prepared: HttpRequest) -> HttpRequest:
        header, call = self.adapter.config.idempotency_header, self.call
        keyed = header is not None and prepared.method == "POST"
        return HttpRequest(
            method=prepared.method,
            url=prepared.url,
            headers={**prepared.headers, str(header): call.idempotency_key()} if keyed else prepared.headers,
            body=prepared.body,
            timeout=call.timeout,
            deadline=call.attempt_deadline,
            timings=call.timings,
            on_start=call.on_cancel if call.cancellable else None,
        )

    def _named(self, model: str | None, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except AiLibError as error:
            error.provider = error.provider or self.adapter.config.id
            error.model = error.model or model
            raise


def _estimated(request: ChatCompletionRequest, answer: ChatCompletionResponse) -> ChatCompletionResponse:
    """Return a fresh answer, whose provider told no usage, with one that is counted here."""
    from ai_lib.models.estimate import estimate_usage  # nearly every provider tells

    usage = estimate_usage(request, (choice.message for choice in answer.choices))
    return annotate_in_place(answer, usage=usage, usage_status=UsageStatus.ESTIMATED)
