"""Every call of a client told to whoever observes it: when it begins, and once when it is over."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.metrics import CallObserver, CallRecord, CallStart, EndCallback, Operation, Outcome
from ai_lib.errors import AiLibError, CancelledError, StreamInterruptedError
from ai_lib.exchange import CLOSED, STOPPED, ChatStream
from ai_lib.metrics import as_observer
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.trace import Trace
from ai_lib.types.usage import UsageStatus

__all__ = ["Observed", "ObservedCall", "Observers"]

_logger = logging.getLogger(__name__)
T = TypeVar("T")
_CHATS = ("chat", "stream")
_OF_ERRORS = ("provider", "model", "request_id")
_OF_OTHERS = ("model", "usage", "cost", "request_id")
_OF_CHATS = ("provider", "model", "usage", "usage_status", "cost", "finish_reason", "request_id")


class Observers:
    """Those who hear of a client's calls.

    Args:
        given: One or several of what `AiClient(metrics=...)` takes.
        provider: The id of the client's provider.
        base_url: Its address.
        is_routed: Whether others may answer its chats.

    Raises:
        ConfigurationError: One of them is nothing that can be told of a call.
    """

    def __init__(self, given: Any, provider: str, base_url: str, *, is_routed: bool = False) -> None:
        several = given if isinstance(given, list | tuple) else (given,)
        self._observers: Sequence[CallObserver] = tuple(map(as_observer, several))
        self._provider = provider
        self._base_url = base_url
        self._is_routed = is_routed

    def begin(
        self, operation: Operation, model: str | None, call: Call, request: ChatCompletionRequest | None = None
    ) -> ObservedCall:
        """Tell that a call begins, and return what tells of its end."""
        start = CallStart(
            id=secrets.token_hex(8),
            operation=operation,
            provider=self._provider,
            model=model,
            base_url="" if self._is_routed and operation in _CHATS else self._base_url,
            at=call.clock.wall(),
            request=request,
            tags=call.tags,
        )
        begun = (_safely(one.call_started, start) for one in self._observers)
        return ObservedCall(start, call, [ended for ended in begun if ended is not None])

    @contextmanager
    def watching(self, operation: Operation, model: str | None, call: Call) -> Iterator[ObservedCall]:
        """Tell of what is asked beside chat: the block's answer goes to `ObservedCall.answer`."""
        watched = self.begin(operation, model, call)
        try:
            yield watched
        except BaseException as exc:
            watched.failed(exc)
            raise
        watched.over("success")


class ObservedCall:
    """One call that is observed."""

    def __init__(self, start: CallStart, call: Call, ended: Iterable[EndCallback]) -> None:
        self._start = start
        self._call = call
        self._ended = tuple(ended)
        self._lost: AiLibError | None = None
        self.answer: Any = None
        """What came of a call that is not a chat."""

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
        cause = _cause(error)
        outcome: Outcome = "success" if cause is None else _outcome(cause)
        known = cause if isinstance(cause, AiLibError) else None
        self.over(outcome, error=known, response=stream.response, first_chunk=stream.first_chunk)

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
        facts = {
            "provider": start.provider,
            "model": start.model,
            **_told(error, _OF_ERRORS),
            **_told(self.answer, _OF_OTHERS),
            **_told(response, _OF_CHATS),
        }
        if "usage" in facts:
            facts.setdefault("usage_status", UsageStatus.FINALIZED)
        return CallRecord(
            start=start,
            outcome=outcome,
            seconds=call.clock.now() - call.started,
            first_chunk=first_chunk,
            base_url=_address(call.trace, facts["provider"]) or self._own_address(facts["provider"]),
            attempts=tuple(call.attempts),
            timings=dict(call.timings),
            error=error,
            response=response,
            **facts,
        )

    def _own_address(self, provider: str) -> str:
        return self._start.base_url if provider == self._start.provider else ""


def _told(source: object, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(source, name, None) for name in names}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _address(trace: Trace, provider: str) -> str:
    """Return where a provider was asked last; nothing where several were asked side by side."""
    asked = [step.facts["base_url"] for step in trace if step.kind == "request" and step.facts["provider"] == provider]
    if len(set(asked)) > 1 and any(step.kind == "hedge" for step in trace):
        return ""
    return asked[-1] if asked else ""


def _cause(error: AiLibError | None) -> BaseException | None:
    """Return what ended a stream: what a hook of the user's raised, say, rather than that it was stopped by it."""
    return error.__cause__ if error is not None and error.code == STOPPED else error


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
        stream.recover_with(watched.lost)
        stream.on_end(watched.streamed)
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""
        return self._inner.list_models(call)
