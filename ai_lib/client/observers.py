"""Observation of a client's calls: observers are notified when a call starts, and once when it has ended."""

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
from ai_lib.types.usage import UsageStatus

__all__ = ["ObservedCall", "ObservedProvider", "Observers"]

_logger = logging.getLogger(__name__)
T = TypeVar("T")
_CHATS = ("chat", "stream")
# The fields of a record, and where each is read: an error, an operation's answer, a chat's response.
_ERROR_FIELDS = ("provider", "model", "request_id")
_ANSWER_FIELDS = ("model", "usage", "cost", "request_id")
_RESPONSE_FIELDS = ("provider", "model", "usage", "usage_status", "cost", "finish_reason", "request_id")


class Observers:
    """The observers of a client.

    Args:
        metrics: What `AiClient(metrics=...)` takes: one or several.
        provider: The id of the client's provider.
        base_url: Its base URL.
        is_routed: Whether other providers may answer its chats.

    Raises:
        ConfigurationError: One of them is neither a `Metrics` nor a `CallObserver`.
    """

    def __init__(self, metrics: Any, provider: str, base_url: str, *, is_routed: bool = False) -> None:
        several = metrics if isinstance(metrics, list | tuple) else (metrics,)
        self._observers: Sequence[CallObserver] = tuple(map(as_observer, several))
        self._provider = provider
        self._base_url = base_url
        self._is_routed = is_routed

    def start(
        self, operation: Operation, model: str | None, call: Call, request: ChatCompletionRequest | None = None
    ) -> ObservedCall:
        """Notify of the start of a call; return what notifies of its end."""
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
        callbacks = [_call_safely(observer.call_started, start) for observer in self._observers]
        return ObservedCall(start, call, [callback for callback in callbacks if callback is not None])

    @contextmanager
    def observe(self, operation: Operation, model: str | None, call: Call) -> Iterator[ObservedCall]:
        """Observe an operation other than chat: the block assigns its answer to `ObservedCall.answer`."""
        observed = self.start(operation, model, call)
        try:
            yield observed
        except BaseException as exc:
            observed.fail(exc)
            raise
        observed.end("success")


class ObservedCall:
    """One call that is observed.

    Args:
        start: How it started.
        call: The call.
        callbacks: What is called with the record of its end.
    """

    def __init__(self, start: CallStart, call: Call, callbacks: Iterable[EndCallback]) -> None:
        self._start = start
        self._call = call
        self._callbacks = tuple(callbacks)
        self._replaced_error: AiLibError | None = None
        self.answer: Any = None
        """The answer of an operation other than chat."""

    def fail(self, error: BaseException) -> None:
        """Record a failure."""
        known = error if isinstance(error, AiLibError) else None
        self.end(_outcome(error), error=known, response=None if known is None else known.partial)

    def fail_before_first_chunk(self, error: AiLibError) -> ChatStream:
        """Keep the error of a stream that is replaced: the replacement is observed by another client."""
        self._replaced_error = error
        raise error

    def end_stream(self, stream: ChatStream, error: AiLibError | None) -> None:
        """Record the end of a stream."""
        error = error or self._replaced_error
        # Where something other than the provider stopped the stream, such as a user's hook, its error says more.
        cause = error.__cause__ if error is not None and error.code == STOPPED else error
        outcome: Outcome = "success" if cause is None else _outcome(cause)
        known = cause if isinstance(cause, AiLibError) else None
        self.end(outcome, error=known, response=stream.response, first_chunk=stream.first_chunk)

    def end(
        self,
        outcome: Outcome,
        *,
        error: AiLibError | None = None,
        response: ChatCompletionResponse | None = None,
        first_chunk: float | None = None,
    ) -> None:
        """Notify of the end, once."""
        callbacks, self._callbacks = self._callbacks, ()
        if not callbacks:
            return
        call, start = self._call, self._start
        facts: dict[str, Any] = {"provider": start.provider, "model": start.model}
        for source, names in ((error, _ERROR_FIELDS), (self.answer, _ANSWER_FIELDS), (response, _RESPONSE_FIELDS)):
            values = {name: getattr(source, name, None) for name in names}
            facts |= {name: value for name, value in values.items() if value not in (None, "")}
        if "usage" in facts:
            facts.setdefault("usage_status", UsageStatus.FINALIZED)
        record = CallRecord(
            start=start,
            outcome=outcome,
            seconds=call.clock.now() - call.started,
            first_chunk=first_chunk,
            base_url=self._base_url(facts["provider"]),
            attempts=tuple(call.attempts),
            timings=dict(call.timings),
            error=error,
            response=response,
            **facts,
        )
        for callback in callbacks:
            _call_safely(callback, record)

    def _base_url(self, provider: str) -> str:
        """Return where a provider was requested last; "" where several were called side by side."""
        steps = list(self._call.trace)
        urls = [
            step.facts["base_url"] for step in steps if step.kind == "request" and step.facts["provider"] == provider
        ]
        if len(set(urls)) > 1 and any(step.kind == "hedge" for step in steps):
            urls = []
        if urls and urls[-1]:
            return str(urls[-1])
        return self._start.base_url if provider == self._start.provider else ""


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, CancelledError) and error.code == CLOSED:
        return "abandoned"
    if isinstance(error, CancelledError) or not isinstance(error, Exception):
        return "cancelled"
    return "interrupted" if isinstance(error, StreamInterruptedError) else "error"


def _call_safely(function: Callable[[Any], T], value: Any) -> T | None:
    try:
        return function(value)
    except Exception:
        _logger.exception("an observer of calls raised")
        return None


class ObservedProvider:
    """A `ChatProvider` whose chats and streams are observed.

    Args:
        inner: What answers.
        observers: What is notified.
    """

    def __init__(self, inner: ChatProvider[ChatStream], observers: Observers) -> None:
        self._inner = inner
        self._observers = observers

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        observed = self._observers.start("chat", request.model, call, request)
        try:
            answer = self._inner.chat(request, call)
        except BaseException as exc:
            observed.fail(exc)
            raise
        observed.end("success", response=answer)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it arrives."""
        observed = self._observers.start("stream", request.model, call, request)
        try:
            stream = self._inner.stream(request, call)
        except BaseException as exc:
            observed.fail(exc)
            raise
        stream.recover_with(observed.fail_before_first_chunk)
        stream.on_end(observed.end_stream)
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be requested."""
        return self._inner.list_models(call)
