"""Other providers to go to when one fails, and taking turns between them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, CancelledError, ConfigurationError, RateLimitError, RequestTimeoutError
from ai_lib.routing.target import Member, Target, all_failed, drop_tracebacks
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse

__all__ = ["Fallback", "FallbackChain", "RoundRobin"]

T = TypeVar("T")


def _targets(given: Iterable[Any]) -> tuple[Target, ...]:
    return tuple(one if isinstance(one, Target) else Target(provider=one) for one in given)


@attrs.frozen
class FallbackChain:
    """Where a request goes when the client's own provider fails: the first of these that the error allows, and so on.

        chain = FallbackChain().on_timeout("groq/llama-3.3-70b-versatile").always("anthropic")
        client = AiClient("openai", route=chain)

    Args:
        targets: `Target`s, or whatever a `Target` takes as its provider.
        unhealthy_after: Failures in a row after which a member is skipped while others are healthy.
        cooldown: Seconds for which it is.
    """

    targets: tuple[Target, ...] = attrs.field(default=(), converter=_targets)
    unhealthy_after: int = attrs.field(default=3, kw_only=True)
    cooldown: float = attrs.field(default=30.0, kw_only=True)

    def then(self, provider: Any, **fields: Any) -> Self:
        """Add a target for errors that another provider may mend; `fields` are those of `Target`."""
        return attrs.evolve(self, targets=(*self.targets, Target(provider=provider, **fields)))

    def always(self, provider: Any, **fields: Any) -> Self:
        """Add a target for every error."""
        return self.then(provider, errors=(AiLibError,), **fields)

    def on_timeout(self, provider: Any, **fields: Any) -> Self:
        """Add a target for calls that took too long."""
        return self.then(provider, errors=(RequestTimeoutError,), **fields)

    def on_rate_limit(self, provider: Any, **fields: Any) -> Self:
        """Add a target for calls that were too many."""
        return self.then(provider, errors=(RateLimitError,), **fields)

    def on_error(self, provider: Any, *errors: type[AiLibError], **fields: Any) -> Self:
        """Add a target for errors of these classes."""
        if not errors:
            raise ConfigurationError("on_error needs the classes of errors; for all of them there is always()")
        return self.then(provider, errors=errors, **fields)


@attrs.frozen
class RoundRobin:
    """Providers that take turns, the client's own first. One that fails hands its call to the next.

    Args:
        targets: As for `FallbackChain`.
        unhealthy_after: As for `FallbackChain`.
        cooldown: As for `FallbackChain`.
    """

    targets: tuple[Target, ...] = attrs.field(default=(), converter=_targets)
    unhealthy_after: int = attrs.field(default=3, kw_only=True)
    cooldown: float = attrs.field(default=30.0, kw_only=True)


class Fallback:
    """Asks its members one after the other until one answers.

    Args:
        members: In the order in which to ask.
        rotate: Whether each call begins with another member.
        tell: Called with a member's name and the error that brought the call to it.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        rotate: bool = False,
        tell: Callable[[Member, AiLibError], None] = lambda member, error: None,  # noqa: ARG005 - does nothing
    ) -> None:
        self._members = tuple(members)
        self._turns = itertools.count()
        self._rotate = rotate
        self._tell = tell

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the first answer."""

        def ask(member: Member) -> ChatCompletionResponse:
            return member.provider.chat(member.request(request), _part(call, member))

        answer: ChatCompletionResponse = _Walk(self._in_turn(), ask, call, self._tell).next(None)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> Any:
        """Return the first stream; while it has given nothing, its failure brings the next member."""

        def ask(member: Member) -> Any:
            return member.provider.stream(member.request(request), _part(call, member))

        walk = _Walk(self._in_turn(), ask, call, self._tell)
        stream = walk.next(None)
        stream.recover_with(walk.next)
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the first member's models."""
        return self._members[0].provider.list_models(call)

    def _in_turn(self) -> tuple[Member, ...]:
        if not self._rotate:
            return self._members
        first = next(self._turns) % len(self._members)  # `count` is atomic
        return self._members[first:] + self._members[:first]


def _part(call: Call, member: Member) -> Call:
    return call if member.target.timeout is None else call.child(member.target.timeout)


class _Walk:
    """One call's way through the members."""

    def __init__(
        self,
        members: Sequence[Member],
        ask: Callable[[Member], Any],
        call: Call,
        tell: Callable[[Member, AiLibError], None],
    ) -> None:
        # Unhealthy ones last: better than nothing.
        self._left: Iterator[Member] = iter(sorted(members, key=lambda member: not member.health.healthy))
        self._ask = ask
        self._call = call
        self._tell = tell
        self._current: Member | None = None
        self._errors: list[AiLibError] = []

    def next(self, error: AiLibError | None) -> Any:
        """Return what the next member gives that takes over after this error.

        Raises:
            AiLibError: What the last one raised, with all of them in `.errors`.
        """
        if error is not None:
            self._failed(error)
        for member in self._left:
            if error is not None:
                if not member.takes_over(error):
                    continue
                self._tell(member, error)
                self._call.record("fallback", to=member.name, error=type(error).__name__)
            self._current = member
            try:
                given = self._ask(member)
            except CancelledError:
                raise
            except AiLibError as raised:
                error = raised
                self._failed(raised)
                if not self._call.has_time_for(0.0):
                    break
            else:
                member.health.succeeded()
                drop_tracebacks(self._errors)
                return given
        if not self._errors:
            raise ConfigurationError("a chain needs at least one provider")
        raise all_failed(self._errors)

    def _failed(self, error: AiLibError) -> None:
        self._errors.append(error)
        if self._current is not None:
            self._current.health.failed(error)
            error.provider = error.provider or self._current.name
