"""Fallback chain and round robin: other providers to go to when one fails, and turns between several."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import AiLibError, ConfigurationError, RateLimitError, RequestTimeoutError
from ai_lib.routing.pool import Candidates
from ai_lib.routing.target import Member, Target
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["ChainPool", "FallbackChain", "RoundRobin"]


def _targets(targets: Iterable[Any]) -> tuple[Target, ...]:
    return tuple(target if isinstance(target, Target) else Target(provider=target) for target in targets)


@attrs.frozen
class FallbackChain:
    """Where a request goes when the client's own provider fails: the first target that accepts the error, and so on.

        chain = FallbackChain().on_timeout("groq/llama-3.3-70b-versatile").always("anthropic")
        client = AiClient("openai", route=chain)

    Args:
        targets: `Target`s, or what a `Target` takes as its provider.
        unhealthy_after: Failures in a row after which a member is skipped while others are healthy; a positive integer.
        cooldown: Seconds for which it is skipped.
    """

    targets: tuple[Target, ...] = attrs.field(default=(), converter=_targets)
    unhealthy_after: int = attrs.field(default=3, kw_only=True)
    cooldown: float = attrs.field(default=30.0, kw_only=True)

    def then(self, provider: Any, **fields: Any) -> Self:
        """Add a target for errors that another provider may not have; `fields` are those of `Target`."""
        return attrs.evolve(self, targets=(*self.targets, Target(provider=provider, **fields)))

    def always(self, provider: Any, **fields: Any) -> Self:
        """Add a target for every error."""
        return self.then(provider, errors=(AiLibError,), **fields)

    def on_timeout(self, provider: Any, **fields: Any) -> Self:
        """Add a target for calls that took too long."""
        return self.then(provider, errors=(RequestTimeoutError,), **fields)

    def on_rate_limit(self, provider: Any, **fields: Any) -> Self:
        """Add a target for calls that exceeded a rate limit."""
        return self.then(provider, errors=(RateLimitError,), **fields)

    def on_error(self, provider: Any, *errors: type[AiLibError], **fields: Any) -> Self:
        """Add a target for errors of these classes.

        Raises:
            ConfigurationError: No class was passed.
        """
        if not errors:
            raise ConfigurationError("on_error needs classes of errors; always() is for all of them")
        return self.then(provider, errors=errors, **fields)


@attrs.frozen
class RoundRobin:
    """Providers that take calls in turn, the client's own first. A call that fails goes to the next.

    Args:
        targets: `Target`s, or what a `Target` takes as its provider.
        unhealthy_after: Failures in a row after which a member is skipped while others are healthy; a positive integer.
        cooldown: Seconds for which it is skipped.
    """

    targets: tuple[Target, ...] = attrs.field(default=(), converter=_targets)
    unhealthy_after: int = attrs.field(default=3, kw_only=True)
    cooldown: float = attrs.field(default=30.0, kw_only=True)


class ChainPool:
    """The members of a chain, as a pool.

    Args:
        members: In the order in which they are tried.
        rotate: Whether each call starts with another member.
        on_fallback: Called with the member that takes over and the error of the one before.
    """

    def __init__(
        self, members: Sequence[Member], *, rotate: bool, on_fallback: Callable[[Member, AiLibError], None]
    ) -> None:
        self._members = tuple(members)
        self._turns = itertools.count()
        self._rotate = rotate
        self._on_fallback = on_fallback

    def candidates(self, request: ChatCompletionRequest, call: Call) -> Candidates:  # noqa: ARG002 - whatever it is
        """Yield the members in turn, each only after an error that it accepts."""
        first = next(self._turns) % len(self._members) if self._rotate else 0  # `count` is atomic
        in_turn = self._members[first:] + self._members[:first]
        error: AiLibError | None = None
        # Unhealthy members last: they are better than nothing.
        for member in sorted(in_turn, key=lambda member: not member.health.healthy):
            if error is not None:
                if not member.accepts(error):
                    continue
                self._on_fallback(member, error)
                call.record("fallback", to=member.name, error=type(error).__name__)
            error = yield member

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the first member's models."""
        return self._members[0].provider.list_models(call)
