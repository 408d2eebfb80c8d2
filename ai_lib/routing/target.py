"""The members of a chain or a race: what a user names, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import attrs

from ai_lib.api.chat import ChatProvider
from ai_lib.errors import (
    AiLibError,
    CircuitOpenError,
    ConfigurationError,
    InvalidResponseError,
    ProviderError,
    RateLimitError,
    TransportError,
)
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.utils.clock import Clock

__all__ = ["Health", "Member", "Target", "all_failed", "drop_tracebacks"]

_OPTIONS = frozenset(attrs.fields_dict(ChatCompletionRequest)) - {"messages", "model"}


@attrs.frozen(kw_only=True)
class Target:
    """Where else a request may go, as a user names it.

    Args:
        provider: An id, "provider/model", a `Provider`, a `ProviderConfig`, an `AiClient`, or any `ChatProvider`.
        model: The model to ask there. None means the one named in `provider`; failing that, the call's own model where
            it is the same provider, else that provider's default.
        options: Fields of the request that are different there, such as `{"max_tokens": 100}`.
        errors: The classes of errors after which it is tried; None means those that another provider may mend
            (`error.fallbackable`).
        timeout: Most seconds to spend there; None means what is left of the call.
        after: Of a hedge: seconds to wait for the others before it is started.
    """

    provider: Any
    model: str | None = None
    options: Mapping[str, Any] = attrs.field(factory=dict)
    errors: tuple[type[AiLibError], ...] | None = None
    timeout: float | None = None
    after: float = 0.0

    def __attrs_post_init__(self) -> None:
        unknown = sorted(set(self.options) - _OPTIONS)
        if unknown:
            raise ConfigurationError(f"options of a target are fields of a request; there is no {unknown[0]!r}")
        if self.timeout is not None and not self.timeout > 0:
            raise ConfigurationError(f"a target's timeout must be seconds above 0 or None, got {self.timeout!r}")


@attrs.define(eq=False)
class Health:
    """Whether a member is worth asking: not for a while after it failed several times in a row.

    Args:
        unhealthy_after: Failures in a row.
        cooldown: Seconds.
        clock: The time.
    """

    unhealthy_after: int
    cooldown: float
    clock: Clock
    _failures: int = 0
    _until: float = 0.0

    @property
    def healthy(self) -> bool:
        """Whether it is worth asking."""
        return self._failures < self.unhealthy_after or self.clock.now() >= self._until

    def succeeded(self) -> None:
        """Note an answer."""
        self._failures = 0

    def failed(self, error: AiLibError) -> None:
        """Note a failure, unless it is the request's own fault."""
        system = ProviderError | TransportError | InvalidResponseError | RateLimitError | CircuitOpenError
        if isinstance(error, system):
            self._failures += 1
            self._until = self.clock.now() + self.cooldown


@attrs.define(eq=False)
class Member:
    """A target that can be asked.

    Args:
        name: What to call it.
        provider: What answers.
        target: What was said of it.
        health: Whether it is worth asking.
        keeps_model: Whether the call's own model means something there.
    """

    name: str
    provider: ChatProvider
    target: Target
    health: Health
    keeps_model: bool

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        """Return a request as it goes there."""
        model = self.target.model if self.target.model is not None or not self.keeps_model else request.model
        if model == request.model and not self.target.options:
            return request
        return attrs.evolve(request, model=model, **self.target.options)

    def takes_over(self, error: AiLibError) -> bool:
        """Return whether it is to be tried after this error of the one before."""
        if self.target.errors is not None:
            return isinstance(error, self.target.errors)
        return error.fallbackable


def drop_tracebacks(errors: Sequence[AiLibError]) -> None:
    """Drop the tracebacks of errors that are mended, and those of their causes.

    The frames hold the stream that goes on instead, which would keep its connection until the garbage is collected.
    """
    for error in errors:
        error.__traceback__ = error.__cause__ = error.__context__ = None
        drop_tracebacks(error.errors)


def all_failed(errors: Sequence[AiLibError]) -> AiLibError:
    """Return the last error, which tells of all of them."""
    last = errors[-1]
    if len(errors) > 1:
        # A copy of the last: an error that held itself could not be pickled.
        last.errors = (*errors[:-1], copy(last))
    return last
