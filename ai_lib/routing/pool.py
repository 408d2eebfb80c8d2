"""The one failover loop: one candidate after the other, until one answers.

A fallback chain, a model array and a model router differ only in which candidate comes next. Each is a `Pool`: a
generator of candidates that is sent the error of the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from copy import copy
from typing import Generic, Protocol, TypeAlias, TypeVar

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.errors import (
    AiLibError,
    CancelledError,
    CircuitOpenError,
    ConfigurationError,
    InvalidResponseError,
    ProviderError,
    RateLimitError,
    TransportError,
)
from ai_lib.exchange import ChatStream
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = [
    "Candidate",
    "Candidates",
    "Pool",
    "PoolProvider",
    "all_failed",
    "counts_against_provider",
    "drop_tracebacks",
]

AnswerT = TypeVar("AnswerT")


class Candidate(Protocol):
    """A provider that was chosen for a request."""

    @property
    def name(self) -> str:
        """Its name in traces and errors."""

    @property
    def provider(self) -> ChatProvider[ChatStream]:
        """The provider."""

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        """Return the request as it is sent there."""

    def call(self, call: Call) -> Call:
        """Return the call as it is made there: the same, or one with a shorter time limit."""

    def finished(self, error: AiLibError | None, seconds: float) -> None:
        """Record the outcome: of a stream, when it has ended.

        Args:
            error: What it raised; None for success.
            seconds: How long the answer took; of a stream, until it was open.
        """


Candidates: TypeAlias = Generator[Candidate, AiLibError, None]
"""Yields the next candidate; is sent the error of the last one, and ends where there is no further candidate."""


class Pool(Protocol):
    """Providers or models among which one is chosen for each request."""

    def candidates(self, request: ChatCompletionRequest, call: Call) -> Candidates:
        """Yield the candidates for a request; each is sent to before the next is requested."""

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be requested."""


class PoolProvider:
    """A `ChatProvider` that sends each request to the candidates of a pool until one answers.

    Args:
        pool: The candidates.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer of the first candidate that gives one."""

        def send(candidate: Candidate) -> ChatCompletionResponse:
            return candidate.provider.chat(candidate.request(request), candidate.call(call))

        failover = _Failover(self._pool.candidates(request, call), send, call)
        answer = failover.next()
        failover.finish(None)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it arrives; a failure before its first chunk moves it to the next candidate."""

        def send(candidate: Candidate) -> ChatStream:
            return candidate.provider.stream(candidate.request(request), candidate.call(call))

        failover = _Failover(self._pool.candidates(request, call), send, call)
        stream = failover.next()
        failover.opened()
        stream.recover_with(failover.next)
        stream.on_end(lambda _, error: failover.finish(error))
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be requested."""
        return self._pool.list_models(call)


class _Failover(Generic[AnswerT]):
    """The attempts of one request.

    Args:
        candidates: Where to send it.
        send: Sends it to one candidate.
        call: The call that it belongs to.
    """

    def __init__(self, candidates: Candidates, send: Callable[[Candidate], AnswerT], call: Call) -> None:
        self._candidates = candidates
        self._send = send
        self._call = call
        self._errors: list[AiLibError] = []
        self._current: Candidate | None = None
        self._started = 0.0
        self._seconds: float | None = None

    def next(self, error: AiLibError | None = None) -> AnswerT:
        """Return the answer of the next candidate that gives one.

        Args:
            error: What the last candidate raised, where that is known only now.

        Raises:
            AiLibError: What the last candidate raised, with all errors in `.errors`.
        """
        if error is not None:
            self._fail(error)
        while True:
            candidate = self._next_candidate()
            self._current, self._started, self._seconds = candidate, self._call.clock.now(), None
            try:
                answer = self._send(candidate)
            except AiLibError as raised:
                self._fail(raised)
            except BaseException:
                self.finish(CancelledError("interrupted"))
                raise
            else:
                drop_tracebacks(self._errors)
                return answer

    def opened(self) -> None:
        """Record that a stream is open: the time until then is its latency."""
        self._seconds = self._call.clock.now() - self._started

    def finish(self, error: AiLibError | None) -> None:
        """Report the outcome to the current candidate, once."""
        candidate, self._current = self._current, None
        if candidate is not None:
            seconds = self._call.clock.now() - self._started if self._seconds is None else self._seconds
            candidate.finished(error, seconds)

    def _next_candidate(self) -> Candidate:
        candidate: Candidate | None = None
        if not self._errors:
            candidate = next(self._candidates, None)
        elif self._call.has_time_for(0.0):
            with suppress(StopIteration):
                candidate = self._candidates.send(self._errors[-1])
        if candidate is not None:
            return candidate
        if not self._errors:
            raise ConfigurationError("the route has no provider; add one")
        raise all_failed(self._errors)

    def _fail(self, error: AiLibError) -> None:
        if self._current is not None:
            error.provider = error.provider or self._current.name
        self._errors.append(error)
        self.finish(error)
        if isinstance(error, CancelledError):
            raise error


def counts_against_provider(error: AiLibError | None) -> bool:
    """Return whether an error says that the provider is unwell; an invalid request or a wrong key does not."""
    return isinstance(error, ProviderError | TransportError | InvalidResponseError | RateLimitError | CircuitOpenError)


def drop_tracebacks(errors: Sequence[AiLibError]) -> None:
    """Drop the tracebacks of errors that another provider made good, and those of their causes.

    Their frames hold the stream that goes on instead, which would keep its connection until a garbage collection.
    """
    for error in errors:
        error.__traceback__ = error.__cause__ = error.__context__ = None
        drop_tracebacks(error.errors)


def all_failed(errors: Sequence[AiLibError]) -> AiLibError:
    """Return the last error, with all of them in `.errors` where there are several."""
    last = errors[-1]
    if len(errors) > 1:
        # A copy of the last: an error that held itself could not be pickled.
        last.errors = (*errors[:-1], copy(last))
    return last
