"""Every call of a client told to whoever observes it: when it begins, and once when it is over."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, Ended, Operation, Outcome
from ai_lib.errors import AiLibError, CancelledError, StreamInterruptedError
from ai_lib.exchange import CLOSED, ChatStream
from ai_lib.metrics import observer_from
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import Usage, UsageStatus

__all__ = ["Observed", "Observers", "Watched"]

_logger = logging.getLogger(__name__)
T = TypeVar("T")


class Observers:
    """Those who hear of a client's calls.

    Args:
        given: One or several of what `AiClient(metrics=...)` takes.
        provider: The id of the client's provider.
        base_url: Its address.

    Raises:
        ConfigurationError: One of them is nothing that can be told of a call.
    """

    def __init__(self, given: Any, provider: str, base_url: str) -> None:
        several = given if isinstance(given, list | tuple) else (given,)
        self._observers: Sequence[CallObserver] = tuple(map(observer_from, several))
        self._provider = provider
        self._base_url = base_url

    def begin(
        self, operation: Operation, model: str | None, call: Call, request: ChatCompletionRequest | None = None
    ) -> Watched:
        """Tell that a call begins, and return what tells of its end."""
        start = CallStart(
            id=secrets.token_hex(8),
            operation=operation,
            provider=self._provider,
            model=model,
            base_url=self._base_url,
            at=call.clock.wall(),
            request=request,
            tags=call.tags,
        )
        begun = (_safely(one.call_started, start) for one in self._observers)
        return Watched(start, call, [ended for ended in begun if ended is not None])

    @contextmanager
    def watching(self, operation: Operation, model: str | None, call: Call) -> Iterator[Watched]:
        """Tell of what is asked beside chat: the block's answer goes to `Watched.usage`."""
        watched = self.begin(operation, model, call)
        try:
            yield watched
        except BaseException as exc:
            watched.failed(exc)
            raise
        watched.over("success")


class Watched:
    """One call that is observed."""

    def __init__(self, start: CallStart, call: Call, ended: Iterable[Ended]) -> None:
        self._start = start
        self._call = call
        self._ended = tuple(ended)
        self._lost: AiLibError | None = None
        self.usage: Usage | None = None
        self.cost: Decimal | None = None

    def answered(self, response: ChatCompletionResponse) -> None:
        """Tell of a whole answer."""
        self.over("success", response=response)

    def failed(self, error: BaseException) -> None:
        """Tell of a failure."""
        known = error if isinstance(error, AiLibError) else None
        self.over(_outcome(error), error=known, response=None if known is None else known.partial)

    def lost(self, error: AiLibError) -> ChatStream:
        """Note that the stream gave nothing: what comes instead is another client's, and does not make it a success."""
        self._lost = error
        raise error

    def streamed(self, stream: ChatStream, error: AiLibError | None) -> None:
        """Tell of a stream that is over."""
        error = error or self._lost
        outcome: Outcome = "success" if error is None else _outcome(error)
        self.over(outcome, error=error, response=stream.response, first_chunk=stream.first_chunk)

    def over(
        self,
        outcome: Outcome,
        *,
        error: AiLibError | None = None,
        response: ChatCompletionResponse | None = None,
        first_chunk: float | None = None,
    ) -> None:
        """Tell of the end, once."""
        ended, self._ended = self._ended, ()
        if not ended:
            return
        record = self._record(outcome, error, response, first_chunk)
        for tell in ended:
            _safely(tell, record)

    def _record(
        self,
        outcome: Outcome,
        error: AiLibError | None,
        response: ChatCompletionResponse | None,
        first_chunk: float | None,
    ) -> CallRecord:
        call, start = self._call, self._start
        record = CallRecord(
            start=start,
            outcome=outcome,
            seconds=call.clock.now() - call.begun,
            first_chunk=first_chunk,
            provider=(error and error.provider) or start.provider,
            model=(error and error.model) or start.model,
            request_id=error.request_id if error else None,
            attempts=tuple(call.attempts),
            timings=dict(call.spent),
            error=error,
        )
        if response is not None:
            return attrs.evolve(
                record,
                provider=response.provider or record.provider,
                model=response.model or record.model,
                usage=response.usage,
                usage_status=response.usage_status,
                cost=response.cost,
                finish_reason=response.finish_reason,
                request_id=response.request_id or record.request_id,
                response=response,
            )
        if self.usage is not None:
            return attrs.evolve(record, usage=self.usage, usage_status=UsageStatus.FINALIZED, cost=self.cost)
        return record


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, CancelledError) and error.code == CLOSED:
        return "abandoned"
    if isinstance(error, CancelledError) or not isinstance(error, Exception):
        return "cancelled"
    return "interrupted" if isinstance(error, StreamInterruptedError) else "error"


def _safely(tell: Callable[[Any], T], value: Any) -> T | None:
    try:
        return tell(value)
    except Exception:
        _logger.exception("an observer of calls raised")
        return None


class Observed:
    """A provider whose chats and streams are observed.

    Args:
        inner: What answers.
        observers: Who hears of it.
    """

    def __init__(self, inner: ChatProvider, observers: Observers) -> None:
        self._inner = inner
        self._observers = observers

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        watched = self._observers.begin("chat", request.model, call, request)
        try:
            answer = self._inner.chat(request, call)
        except BaseException as exc:
            watched.failed(exc)
            raise
        watched.answered(answer)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes."""
        watched = self._observers.begin("stream", request.model, call, request)
        try:
            stream = self._inner.stream(request, call)
        except BaseException as exc:
            watched.failed(exc)
            raise
        assert isinstance(stream, ChatStream)  # noqa: S101 - `client.routes` has made it one
        stream.or_else(watched.lost)
        stream.on_end(watched.streamed)
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""
        return self._inner.list_models(call)
