"""One attempt at one provider: each method sends a request once, and follows an answer that is not finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import AiLibError, RequestTimeoutError
from ai_lib.exchange.bodies import BufferedBody, IdleWatch, peek, read
from ai_lib.exchange.source import ResponseFacts, StreamSource
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
"""Functions that split the bytes of a stream into events."""
# A login page, or an error in JSON, starts with none of these. NDJSON is sometimes labelled as JSON.
_EVENT_STARTS = (b"data:", b"event:", b"id:", b":", b"retry:")
# A list that is longer goes round in circles: the largest known, of a gateway, has a few thousand models on one page.
_MAX_PAGES = 100
_FOLLOW_TRIES = 3


@attrs.frozen(kw_only=True)
class Exchange:
    """One provider reached over one transport, for one call.

    Args:
        adapter: Encodes requests and decodes answers of the provider.
        transport: Sends the bytes.
        call: Its time limits and its cancellation.
        pricing: Returns the function that computes the cost of a model's answer.
    """

    adapter: ProviderAdapter
    transport: Transport
    call: Call
    pricing: Callable[[str | None], Callable[[ChatCompletionResponse], Cost | None]] | None = None

    def chat(self, request: ChatCompletionRequest) -> ChatCompletionResponse:
        """Send a request once and return the whole answer."""
        prepared, left_out = self._prepare(request, stream=False)
        try:
            answer = self.adapter.decode(self._follow(self.transport.send(prepared)))
        except AiLibError as error:
            self._locate(error, request.model)
            raise
        annotate_in_place(answer, **self._facts(request, left_out))
        if answer.usage_status is UsageStatus.UNSUPPORTED:
            return _with_estimated_usage(request, answer)
        return answer

    def stream(self, request: ChatCompletionRequest) -> ChatStream:
        """Send a request once and return when the answer starts."""
        emulated = self.adapter.emulates_stream(request)
        prepared, left_out = self._prepare(request, stream=not emulated)
        try:
            if emulated:
                opened, chunks = self._buffered(self.transport.send(prepared))
            else:
                opened, chunks = self._open(prepared)
        except AiLibError as error:
            self._locate(error, request.model)
            raise
        facts = ResponseFacts(
            provider=self.adapter.config.id,
            request_id=self.adapter.errors.request_id(opened.headers),
            limit_reader=self.adapter.rate_limits,
            **self._facts(request, left_out),
        )
        estimate = partial(_with_estimated_usage, request)
        return ChatStream(
            StreamSource(
                opened=opened, chunks=chunks, model=request.model, call=self.call, facts=facts, estimate=estimate
            )
        )

    def list_models(self) -> list[ModelInfo]:
        """Request the list of models, page after page."""
        models: list[ModelInfo] = []
        page: Any = {}
        try:
            for _ in range(_MAX_PAGES):
                response = self.transport.send(self._within_call(self.adapter.models_request(page)))
                models += self.adapter.decode_models(response)
                page = self.adapter.next_page(response)
                if page is None:
                    break
        except AiLibError as error:
            self._locate(error, None)
            raise
        return models

    def send(self, prepared: HttpRequest, decode: Callable[[HttpResponse], T], model: str | None = None) -> T:
        """Send one request of another operation and return its decoded answer."""
        try:
            return decode(self.transport.send(self._within_call(prepared)))
        except AiLibError as error:
            self._locate(error, model)
            raise

    # --- one answer

    def _open(self, prepared: HttpRequest) -> tuple[HttpStream, Iterator[ChatCompletionChunk]]:
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
                response = read(opened, pieces)
                following = self.adapter.next_request(response, stream=True)
                if following is None or not following.stream:
                    return self._buffered(response)
                self._wait(following.wait)
                opened, chunks = self._open(self._within_call(self.adapter.next_http_request(following)))
                return opened, chunks if following.then is None else self._with_usage(chunks, following.then)
        watch = IdleWatch(self.call.timeout.idle, self.call.clock)
        events = FRAMINGS[self.adapter.dialect.framing](watch.pieces(pieces))
        return opened, self.adapter.decode_stream(watch.events(events))

    def _buffered(self, response: HttpResponse) -> tuple[HttpStream, Iterator[ChatCompletionChunk]]:
        response = self._follow(response)
        return BufferedBody(response), chunks_of(self.adapter.decode(response))

    def _follow(self, response: HttpResponse) -> HttpResponse:
        """Return the response, or the one at the end of the requests that it asks for."""
        while (following := self.adapter.next_request(response, stream=False)) is not None:
            response = self._send_next(following)
        return response

    def _send_next(self, following: NextRequest) -> HttpResponse:
        """Return the response to a further request; an error is not retryable: a new chat would be billed again."""
        wait = following.wait
        for remaining in reversed(range(_FOLLOW_TRIES)):
            self._wait(wait)
            try:
                response = self.transport.send(self._within_call(self.adapter.next_http_request(following)))
                if response.status < 300:
                    return response
                raise self.adapter.errors.error(response)
            except AiLibError as error:
                if not remaining or not error.retryable:
                    error.retryable = error.ambiguous = False
                    raise
                wait = max(following.wait, error.retry_after or 0.0)
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def _with_usage(
        self, chunks: Iterator[ChatCompletionChunk], following: NextRequest
    ) -> Iterator[ChatCompletionChunk]:
        """Yield the chunks, and after them the usage where it is available."""
        yield from chunks
        try:
            answer = self.adapter.decode(self._follow(self._send_next(following)))
        except AiLibError:
            return  # the answer is whole; only its cost is unknown
        if answer.usage_status is UsageStatus.FINALIZED:
            yield ChatCompletionChunk(usage=answer.usage, id=answer.id, model=answer.model, raw=answer.raw)

    def _wait(self, seconds: float) -> None:
        if not self.call.has_time_for(seconds):
            raise RequestTimeoutError(
                "the call exceeded its total timeout before the answer was finished", code="total_timeout"
            )
        if seconds:
            self.call.sleep(seconds)

    # --- every attempt

    def _prepare(self, request: ChatCompletionRequest, *, stream: bool) -> tuple[HttpRequest, tuple[str, ...]]:
        prepared, left_out = self.adapter.chat_request(request, stream=stream, on_unsupported=self.call.on_unsupported)
        return self._within_call(prepared), left_out

    def _within_call(self, prepared: HttpRequest) -> HttpRequest:
        """Return the request with the time limits, the cancellation and the idempotency key of the call."""
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

    def _facts(self, request: ChatCompletionRequest, left_out: tuple[str, ...]) -> dict[str, Any]:
        """Return what an answer is annotated with."""
        self.call.trace.adjustments = left_out
        return {
            "parser": request.response_format.parser if request.response_format else None,
            "adjustments": left_out,
            "pricing": None if self.pricing is None else self.pricing(request.model),
            "trace": self.call.trace,
        }

    def _locate(self, error: AiLibError, model: str | None) -> None:
        error.provider = error.provider or self.adapter.config.id
        error.model = error.model or model


def _with_estimated_usage(request: ChatCompletionRequest, answer: ChatCompletionResponse) -> ChatCompletionResponse:
    """Return a new answer whose provider reported no usage, with usage that is estimated here."""
    from ai_lib.models.estimate import estimate_usage  # nearly every provider reports it

    usage = estimate_usage(request, (choice.message for choice in answer.choices))
    return annotate_in_place(answer, usage=usage, usage_status=UsageStatus.ESTIMATED)
