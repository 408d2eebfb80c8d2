"""Asking one of several, chosen anew for each request, and another where that one fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.errors import AiLibError, CancelledError
from ai_lib.exchange import ChatStream
from ai_lib.routing.target import all_failed, drop_tracebacks
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Candidate", "Pool", "PoolProvider"]


class Candidate(Protocol):
    """One that was chosen for a request."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def provider(self) -> ChatProvider:
        """What answers."""

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        """Return a request as it goes there."""

    def ended(self, error: AiLibError | None, seconds: float) -> None:
        """Hear how it went; of a stream, when it is over."""


class Pool(Protocol):
    """Those that can be chosen."""

    kind: str
    """What a choice is called in a trace."""
    max_tries: int
    """Most that one request is sent to."""

    def take(self, request: ChatCompletionRequest, tried: Sequence[Candidate]) -> Candidate | None:
        """Return one for a request, not one of those that were tried; None where nobody is left."""

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""


class PoolProvider:
    """Asks whom a pool chooses.

    Args:
        pool: Those that can be chosen.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        walk = _Walk(self._pool, request, call)
        answer: ChatCompletionResponse = walk.next(
            None, lambda picked: picked.provider.chat(picked.request(request), call)
        )
        walk.over(None)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes; while it has given nothing, its failure brings another choice."""
        walk = _Walk(self._pool, request, call)

        def ask(picked: Candidate) -> Any:
            return picked.provider.stream(picked.request(request), call)

        stream: ChatStream = walk.next(None, ask)
        walk.begun()
        stream.recover_with(lambda error: walk.next(error, ask))
        stream.on_end(lambda _, error: walk.over(error))
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""
        return self._pool.list_models(call)


class _Walk:
    """One request's way through a pool."""

    def __init__(self, pool: Pool, request: ChatCompletionRequest, call: Call) -> None:
        self._pool = pool
        self._request = request
        self._call = call
        self._tried: list[Candidate] = []
        self._errors: list[AiLibError] = []
        self._since = 0.0
        self._took: float | None = None
        self._at_work: Candidate | None = None

    def next(self, error: AiLibError | None, ask: Any) -> Any:
        """Return what the next choice gives.

        Args:
            error: What the one before raised, where it is known only now.
            ask: Asks one.

        Raises:
            AiLibError: What the last one raised, with all of them in `.errors`.
        """
        if error is not None:
            self._failed(error)
        while True:
            picked = self._picked()
            try:
                given = ask(picked)
            except AiLibError as raised:
                self._failed(raised)
            except BaseException:
                self.over(CancelledError("interrupted"))
                raise
            else:
                drop_tracebacks(self._errors)
                return given

    def begun(self) -> None:
        """Note that a stream is open: how long that took is what its latency is."""
        self._took = self._call.clock.now() - self._since

    def over(self, error: AiLibError | None) -> None:
        """Tell the one at work how it went."""
        picked, self._at_work = self._at_work, None
        if picked is not None:
            picked.ended(error, self._call.clock.now() - self._since if self._took is None else self._took)

    def _picked(self) -> Candidate:
        last = self._errors[-1] if self._errors else None
        if last is not None and (
            not last.fallbackable or not self._call.has_time_for(0.0) or len(self._tried) >= self._pool.max_tries
        ):
            raise all_failed(self._errors)
        picked = self._pool.take(self._request, self._tried)
        if picked is None:
            raise all_failed(self._errors)
        self._tried.append(picked)
        self._at_work, self._since, self._took = picked, self._call.clock.now(), None
        self._call.record(self._pool.kind, name=picked.name, after=None if last is None else type(last).__name__)
        return picked

    def _failed(self, error: AiLibError) -> None:
        if self._at_work is not None:
            error.provider = error.provider or self._at_work.name
        self._errors.append(error)
        self.over(error)
        if isinstance(error, CancelledError):
            raise error
