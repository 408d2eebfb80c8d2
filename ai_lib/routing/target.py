"""The targets of a chain or a hedge: what a user names, and the member that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.exchange import ChatStream
from ai_lib.routing.pool import counts_against_provider
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.utils.clock import Clock

__all__ = ["ChatClient", "Health", "Member", "Target"]

_OPTIONS = frozenset(attrs.fields_dict(ChatCompletionRequest)) - {"messages", "model"}


@runtime_checkable
class ChatClient(Protocol):
    """A client that can be a target, such as an `AiClient`: it has a `ChatProvider` inside."""

    @property
    def provider(self) -> str:
        """The provider's id."""

    @property
    def chat_provider(self) -> ChatProvider[ChatStream]:
        """The outermost part that answers its chats."""

    @property
    def configured_model(self) -> str | None:
        """The model that it was made with; None if that was not specified."""


@attrs.frozen(kw_only=True)
class Target:
    """Where else a request may be sent, as a user names it.

    Args:
        provider: An id, "provider/model", a `Provider`, a `ProviderConfig`, an `AiClient`, or any `ChatProvider`.
        model: The model to request there. None means the one named in `provider`; failing that, the call's model where
            it is the same provider, else that provider's default.
        options: Fields of the request that differ there, such as `{"max_tokens": 100}`.
        errors: Classes of errors after which it is tried; None means those with `error.fallbackable`.
        timeout: Maximum seconds to spend there, > 0; None means what is left of the call.
        after: Of a hedge: seconds to wait for the others before it is started, >= 0.

    Raises:
        ConfigurationError: A value cannot be used.
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
            raise ConfigurationError(f"options of a target must be fields of a request; {unknown[0]!r} is not one")
        if self.timeout is not None and not self.timeout > 0:
            raise ConfigurationError(f"timeout of a target must be seconds > 0 or None, got {self.timeout!r}")


@attrs.define(eq=False)
class Health:
    """Whether a member is worth a request: not for a while after several failures in a row.

    Args:
        unhealthy_after: Failures in a row.
        cooldown: Seconds.
        clock: The clock.
    """

    unhealthy_after: int
    cooldown: float
    clock: Clock
    _failures: int = 0
    _until: float = 0.0

    @property
    def healthy(self) -> bool:
        """Whether it is worth a request."""
        return self._failures < self.unhealthy_after or self.clock.now() >= self._until

    def record(self, error: AiLibError | None) -> None:
        """Record an outcome; an error that says nothing about the provider changes nothing."""
        if error is None:
            self._failures = 0
        elif counts_against_provider(error):
            self._failures += 1
            self._until = self.clock.now() + self.cooldown


@attrs.define(eq=False)
class Member:
    """A target that is ready to be called; a `Candidate`.

    Args:
        name: Its name in traces and errors.
        provider: The provider.
        target: What the user said of it.
        health: Whether it is worth a request.
        keeps_model: Whether the call's own model exists there.
    """

    name: str
    provider: ChatProvider[ChatStream]
    target: Target
    health: Health
    keeps_model: bool

    def request(self, request: ChatCompletionRequest) -> ChatCompletionRequest:
        """Return the request as it is sent there."""
        model = self.target.model if self.target.model is not None or not self.keeps_model else request.model
        if model == request.model and not self.target.options:
            return request
        return attrs.evolve(request, model=model, **self.target.options)

    def call(self, call: Call) -> Call:
        """Return the call as it is made there, within the target's time limit."""
        return call if self.target.timeout is None else call.child(self.target.timeout)

    def finished(self, error: AiLibError | None, seconds: float) -> None:  # noqa: ARG002 - a chain counts failures only
        """Record the outcome."""
        self.health.record(error)

    def accepts(self, error: AiLibError) -> bool:
        """Return whether it is tried after this error of another member."""
        if self.target.errors is not None:
            return isinstance(error, self.target.errors)
        return error.fallbackable
