"""Asking a second provider when the first one is slow: the first answer wins, the others are ended."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.reliability.retry import RetryBudget
from ai_lib.routing.target import Member, Target, all_failed
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.utils.process import PerProcess

__all__ = ["Hedge", "Hedged"]


def _targets(given: Iterable[Any]) -> tuple[Target, ...]:
    return tuple(one if isinstance(one, Target) else Target(provider=one, after=1.0) for one in given)


@attrs.frozen
class Hedge:
    """Contenders beside the client's own provider, which starts first.

        client = AiClient("openai", route=Hedge().contender("groq/llama-3.3-70b-versatile", after=0.8))

    A contender starts when those before it have not answered for so long, or have failed. Both may be paid for; the
    budget bounds how often.

    Args:
        targets: `Target`s with `after`, or whatever a `Target` takes as its provider; those start after one second.
        budget_ratio: Contenders that start because others were slow, as a part of the calls.
        budget_reserve: Such contenders that may start however few calls there were.
    """

    targets: tuple[Target, ...] = attrs.field(default=(), converter=_targets)
    budget_ratio: float = attrs.field(default=0.1, kw_only=True)
    budget_reserve: int = attrs.field(default=10, kw_only=True)

    def contender(self, provider: Any, *, after: float = 1.0, **fields: Any) -> Self:
        """Add a contender.

        Args:
            provider: As for `Target`.
            after: Seconds after the call began.
            fields: Further fields of `Target`.
        """
        if not after >= 0:
            raise ConfigurationError(f"after must be seconds from 0, got {after!r}")
        return attrs.evolve(self, targets=(*self.targets, Target(provider=provider, after=after, **fields)))


class Hedged:
    """Asks its members side by side.

    Args:
        members: In the order in which they start.
        hedge: The numbers.
        tell: Called with a member that starts because the others are slow.
    """

    def __init__(
        self,
        members: Sequence[Member],
        hedge: Hedge,
        tell: Callable[[Member], None] = lambda member: None,  # noqa: ARG005 - does nothing
    ) -> None:
        self._members = tuple(members)
        self._tell = tell
        self._budget = PerProcess(lambda: RetryBudget(hedge.budget_ratio, hedge.budget_reserve))

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the first answer."""

        def ask(member: Member, part: Call) -> Any:
            return member.provider.chat(member.request(request), part)

        answer: ChatCompletionResponse = self._race(ask, call, lambda _: None)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> Any:
        """Return the stream whose first chunk came first."""

        def ask(member: Member, part: Call) -> Any:
            stream = member.provider.stream(member.request(request), part)
            try:
                stream.peek()
            except BaseException:
                stream.close()
                raise
            return stream

        return self._race(ask, call, lambda stream: stream.close())

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the first member's models."""
        return self._members[0].provider.list_models(call)

    def _race(self, ask: Callable[[Member, Call], Any], call: Call, dispose: Callable[[Any], None]) -> Any:
        budget = self._budget()
        budget.deposit()
        race = _Race(ask, call, dispose)
        waiting = list(self._members)
        begun = call.clock.now()
        try:
            race.start(waiting.pop(0))
            while True:
                until = begun + waiting[0].target.after if waiting else None
                ended = race.wait(until)
                if race.winner is not None:
                    return race.taken(race.winner)
                if ended:
                    waiting = [member for member in waiting if race.can_recover_with(member)]
                    if waiting:
                        race.start(waiting.pop(0))  # not a hedge but a fallback: nothing is paid for twice
                    elif not race.running:
                        raise race.all_failed()
                elif waiting and call.clock.now() >= begun + waiting[0].target.after:
                    member = waiting.pop(0)
                    if budget.withdraw():
                        self._tell(member)
                        call.record("hedge", to=member.name)
                        race.start(member)
        finally:
            race.end()


class _Contender:
    def __init__(self, member: Member, part: Call) -> None:
        self.member = member
        self.part = part
        self.result: Any = None
        self.error: BaseException | None = None


class _Race:
    """The contenders of one call, each in a thread of its own."""

    def __init__(self, ask: Callable[[Member, Call], Any], call: Call, dispose: Callable[[Any], None]) -> None:
        self._ask = ask
        self._call = call
        self._dispose = dispose
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._all: list[_Contender] = []
        self._failed: list[_Contender] = []
        self._seen = 0
        self._over = False
        self.winner: _Contender | None = None

    @property
    def running(self) -> int:
        """Contenders that have not ended."""
        return len(self._all) - len(self._failed)

    def start(self, member: Member) -> None:
        """Let a member begin."""
        contender = _Contender(member, self._call.child(member.target.timeout))
        self._all.append(contender)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, contender), daemon=True, name="ai_lib hedge").start()

    def wait(self, until: float | None) -> bool:
        """Wait for news, at most until then, and return whether a contender has failed meanwhile.

        Raises:
            RequestTimeoutError: The call's time is over.
            CancelledError: The call was cancelled.
        """
        limits = [limit for limit in (until, self._call.deadline) if limit is not None]
        seconds = max(0.0, min(limits) - self._call.clock.now()) if limits else None
        self._call.on_cancel(self._news.set)
        self._call.clock.wait(self._news, seconds)
        with self._lock:
            self._news.clear()
            failed = len(self._failed) > self._seen
            self._seen = len(self._failed)
        if self.winner is None and not failed:
            self._call.check()
        return failed

    def taken(self, winner: _Contender) -> Any:
        """Return the winner's result, which the race does not hold any longer: the losers' tracebacks hold the race."""
        result, winner.result = winner.result, None
        return result

    def end(self) -> None:
        """End those that still run: their waits end and their sockets are closed."""
        with self._lock:
            self._over = True
        for contender in self._all:
            if contender is not self.winner:
                contender.part.cancel()

    def can_recover_with(self, member: Member) -> bool:
        """Return whether what failed last may go well with another member; a bad request does not."""
        error = self._failed[-1].error
        return isinstance(error, AiLibError) and member.takes_over(error)

    def all_failed(self) -> BaseException:
        """Return the error to raise when nobody is left."""
        for contender in self._failed:
            if not isinstance(contender.error, AiLibError):
                assert contender.error is not None  # noqa: S101 - that is what failing is
                return contender.error
        return all_failed([one.error for one in self._failed if isinstance(one.error, AiLibError)])

    def _run(self, contender: _Contender) -> None:
        try:
            contender.result = self._ask(contender.member, contender.part)
        except BaseException as exc:  # noqa: BLE001 - raised in the thread that waits
            contender.error = exc
        with self._lock:
            late = self._over or self.winner is not None
            if contender.error is not None:
                self._failed.append(contender)
            elif not late:
                self.winner = contender
            self._news.set()
        if late and contender.error is None:
            self._dispose(contender.result)
