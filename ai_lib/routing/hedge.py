"""Hedging: a second provider is called when the first one is slow; the first answer wins, the others are cancelled."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.exchange import ChatStream
from ai_lib.reliability.retry import RetryBudget
from ai_lib.routing.pool import all_failed
from ai_lib.routing.target import Member, Target
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.utils.process import PerProcess

__all__ = ["Hedge", "HedgedProvider"]

AnswerT = TypeVar("AnswerT")


def _targets(targets: Iterable[Any]) -> tuple[Target, ...]:
    return tuple(target if isinstance(target, Target) else Target(provider=target, after=1.0) for target in targets)


@attrs.frozen
class Hedge:
    """Contenders of the client's own provider, which starts first.

        client = AiClient("openai", route=Hedge().contender("groq/llama-3.3-70b-versatile", after=0.8))

    A contender starts when those before it have not answered for so long, or have failed. Both may be billed; the
    budget limits how often.

    Args:
        targets: `Target`s with `after`, or what a `Target` takes as its provider; those start after one second.
        budget_ratio: Contenders that start because others are slow, as a fraction of the calls.
        budget_reserve: Such contenders that may start however few calls there were.
    """

    targets: tuple[Target, ...] = attrs.field(default=(), converter=_targets)
    budget_ratio: float = attrs.field(default=0.1, kw_only=True)
    budget_reserve: int = attrs.field(default=10, kw_only=True)

    def contender(self, provider: Any, *, after: float = 1.0, **fields: Any) -> Self:
        """Add a contender.

        Args:
            provider: What a `Target` takes as its provider.
            after: Seconds after the start of the call, >= 0.
            fields: Further fields of `Target`.

        Raises:
            ConfigurationError: `after` is not >= 0.
        """
        if not after >= 0:
            raise ConfigurationError(f"after must be seconds >= 0, got {after!r}")
        return attrs.evolve(self, targets=(*self.targets, Target(provider=provider, after=after, **fields)))


class HedgedProvider:
    """A `ChatProvider` that calls its members side by side.

    Args:
        members: In the order in which they start.
        hedge: The budget.
        on_hedge: Called with a member that starts because the others are slow.
    """

    def __init__(self, members: Sequence[Member], hedge: Hedge, on_hedge: Callable[[Member], None]) -> None:
        self._members = tuple(members)
        self._on_hedge = on_hedge
        self._budget = PerProcess(lambda: RetryBudget(hedge.budget_ratio, hedge.budget_reserve))

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the first answer."""

        def send(member: Member, call: Call) -> ChatCompletionResponse:
            return member.provider.chat(member.request(request), call)

        return self._run(_Race(send, call, dispose=lambda _: None), call)

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the stream whose first chunk arrived first."""

        def send(member: Member, call: Call) -> ChatStream:
            stream = member.provider.stream(member.request(request), call)
            try:
                stream.peek()
            except BaseException:
                stream.close()
                raise
            return stream

        return self._run(_Race(send, call, dispose=ChatStream.close), call)

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the first member's models."""
        return self._members[0].provider.list_models(call)

    def _run(self, race: _Race[AnswerT], call: Call) -> AnswerT:
        budget = self._budget()
        budget.deposit()
        waiting = list(self._members)
        started = call.clock.now()
        try:
            race.start(waiting.pop(0))
            while True:
                failed = race.wait(started + waiting[0].target.after if waiting else None)
                if race.winner is not None:
                    return race.take_result(race.winner)
                if failed:
                    waiting = [member for member in waiting if race.can_recover_with(member)]
                    if waiting:
                        race.start(waiting.pop(0))  # a fallback, not a hedge: nothing is billed twice
                    elif not race.running:
                        raise race.failure()
                elif waiting and call.clock.now() >= started + waiting[0].target.after:
                    member = waiting.pop(0)
                    if budget.withdraw():
                        self._on_hedge(member)
                        call.record("hedge", to=member.name)
                        race.start(member)
        finally:
            race.end()


class _Contender(Generic[AnswerT]):
    def __init__(self, member: Member, call: Call) -> None:
        self.member = member
        self.call = call
        self.result: AnswerT | None = None
        self.error: BaseException | None = None


class _Race(Generic[AnswerT]):
    """The contenders of one call, each in its own thread.

    Args:
        send: Sends the request to a member, within its part of the call.
        call: The call.
        dispose: Closes a result that arrived too late.
    """

    def __init__(
        self, send: Callable[[Member, Call], AnswerT], call: Call, *, dispose: Callable[[AnswerT], None]
    ) -> None:
        self._send = send
        self._call = call
        self._dispose = dispose
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._contenders: list[_Contender[AnswerT]] = []
        self._failed: list[_Contender[AnswerT]] = []
        self._seen = 0
        self._ended = False
        self.winner: _Contender[AnswerT] | None = None

    @property
    def running(self) -> int:
        """Number of contenders that have not failed."""
        return len(self._contenders) - len(self._failed)

    def start(self, member: Member) -> None:
        """Start a member."""
        contender: _Contender[AnswerT] = _Contender(member, self._call.child(member.target.timeout))
        self._contenders.append(contender)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._work, contender), daemon=True, name="ai_lib hedge").start()

    def wait(self, until: float | None) -> bool:
        """Wait until one of the contenders finishes, at most until then; return whether one has failed.

        Raises:
            RequestTimeoutError: The call exceeded its total timeout.
            CancelledError: The call was cancelled.
        """
        limits = [limit for limit in (until, self._call.deadline) if limit is not None]
        seconds = max(0.0, min(limits) - self._call.clock.now()) if limits else None
        self._call.on_cancel(self._finished.set)
        self._call.clock.wait(self._finished, seconds)
        with self._lock:
            self._finished.clear()
            failed = len(self._failed) > self._seen
            self._seen = len(self._failed)
        if self.winner is None and not failed:
            self._call.check()
        return failed

    def take_result(self, winner: _Contender[AnswerT]) -> AnswerT:
        """Return the winner's result and drop it here: the losers' tracebacks hold the race."""
        result, winner.result = winner.result, None
        assert result is not None  # noqa: S101 - that is what winning is
        return result

    def end(self) -> None:
        """Cancel those that still run: their waits end and their sockets are closed."""
        with self._lock:
            self._ended = True
        for contender in self._contenders:
            if contender is not self.winner:
                contender.call.cancel()

    def can_recover_with(self, member: Member) -> bool:
        """Return whether another member may succeed where the last one failed; an invalid request fails anywhere."""
        error = self._failed[-1].error
        return isinstance(error, AiLibError) and member.accepts(error)

    def failure(self) -> BaseException:
        """Return the error to raise when every contender has failed."""
        errors = [contender.error for contender in self._failed if contender.error is not None]
        foreign = [error for error in errors if not isinstance(error, AiLibError)]
        return foreign[0] if foreign else all_failed([error for error in errors if isinstance(error, AiLibError)])

    def _work(self, contender: _Contender[AnswerT]) -> None:
        try:
            contender.result = self._send(contender.member, contender.call)
        except BaseException as exc:  # noqa: BLE001 - raised in the thread that waits
            contender.error = exc
        with self._lock:
            late = self._ended or self.winner is not None
            if contender.error is not None:
                self._failed.append(contender)
            elif not late:
                self.winner = contender
            self._finished.set()
        if late and contender.result is not None:
            self._dispose(contender.result)
