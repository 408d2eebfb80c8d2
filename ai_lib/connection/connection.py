"""One provider as a client has it: adapter and transport, and the guard round whatever is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.api.transport import Transport
from ai_lib.connection.options import ConnectionOptions, model_of, names_one
from ai_lib.errors import AiLibError, CancelledError, ConfigurationError
from ai_lib.exchange import ChatStream, Exchange
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.reliability.guard import Guard
from ai_lib.reliability.retry import RetryPolicy
from ai_lib.types.content import Media
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import UsageStatus
from ai_lib.utils.clock import Clock

if TYPE_CHECKING:
    from ai_lib.api.events import Listener
    from ai_lib.api.ledger import CostReservation
    from ai_lib.connection.emulation import EmulatedFormat
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.reliability.config import ResilienceConfig
    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.price import Cost

__all__ = ["Connection", "guard_for"]

T = TypeVar("T")

# What an answer is taken to have before anything is known of it.
_USUAL_ANSWER = 256
_DEFAULT_RETRIES = 2


@attrs.frozen
class _Chat:
    """A chat, as a guard sees it."""

    request: ChatCompletionRequest
    model: str | None

    def tokens(self) -> float:
        from ai_lib.models.estimate import estimate_prompt  # only where tokens are limited

        return estimate_prompt(self.request).tokens + (self.request.max_tokens or _USUAL_ANSWER)

    def used(self, result: ChatCompletionResponse | ChatStream) -> float | None:
        response = result.response if isinstance(result, ChatStream) else result
        return response.usage.total_tokens if response.usage_status is UsageStatus.FINALIZED else None

    def rate_limits(self, result: ChatCompletionResponse | ChatStream) -> Mapping[str, LimitStatus]:
        return (result.response if isinstance(result, ChatStream) else result).rate_limits


@attrs.frozen
class _Other:
    """Anything beside chat, as a guard sees it."""

    model: str | None = None
    texts: Iterable[str] = ()

    def tokens(self) -> float:
        from ai_lib.models.tokens import token_bounds  # only where tokens are limited

        return sum(token_bounds(text)[1] for text in self.texts)

    def used(self, result: object) -> float | None:  # noqa: ARG002 - what was estimated from the texts is near enough
        return None

    def rate_limits(self, result: object) -> Mapping[str, LimitStatus]:  # noqa: ARG002 - the answer is decoded already
        return {}


@attrs.define(eq=False)
class Connection:
    """Asks one provider, within a call's time and under its guard.

    Args:
        adapter: Speaks for the provider.
        transport: Moves the bytes.
        guard: Stands round every attempt.
        options: How to reach it.
        configured_model: The model that the client was given; None means the provider's default.
        catalogue: What is known of models and their prices.
    """

    adapter: ProviderAdapter
    transport: Transport
    guard: Guard
    options: ConnectionOptions
    configured_model: str | None
    catalogue: Catalogue
    _uploaded: dict[Any, Any] = attrs.field(factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The provider's id."""
        return self.adapter.config.id

    @property
    def model(self) -> str | None:
        """The model used when a call names none."""
        return self.configured_model if names_one(self.configured_model) else model_of(self.adapter.config)

    def named(self, given: str | None) -> str:
        """Return the model that was given, or the default where none or a word for it was.

        Raises:
            ConfigurationError: There is no default.
            UnsupportedFeatureError: The provider has no chat.
        """
        if given is not None and names_one(given):
            return given
        model, config = self.model, self.adapter.config
        if model is None and config.chat_path is None:
            raise self.adapter.no_chat_error()
        if model is None:
            raise ConfigurationError(
                f"{config.display_name} has no default model; pass model=, or set {config.model_variables[0]}",
                code="no_model",
                provider=config.id,
            )
        return model

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        request, reshape = self._ready(request, call, stream=False)
        hold = self._hold(request, call)
        try:
            answer = self.guard.run(partial(self.exchange(call).chat, request), call, _Chat(request, request.model))
        except BaseException as exc:
            if hold is not None:
                hold.fail(exc)
            raise
        if hold is not None:
            hold.settle(answer)
        return answer if reshape is None else reshape.answer(answer)

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes."""
        request, reshape = self._ready(request, call, stream=True)
        hold = self._hold(request, call)
        exchange = self.exchange(call)

        def once() -> ChatStream:
            opened = exchange.stream(request)
            return opened if reshape is None else reshape.stream(opened)

        try:
            stream = self.guard.open_stream(once, call, _Chat(request, request.model))
        except BaseException as exc:
            if hold is not None:
                hold.fail(exc)
            raise
        if hold is not None:
            stream.recover_with(partial(_lost, hold))
            stream.on_end(partial(_settle, hold))
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that the key can use."""
        return self.run(self.exchange(call).list_models, call)

    def run(self, once: Callable[[], T], call: Call, model: str | None = None, texts: Iterable[str] = ()) -> T:
        """Do something beside chat under the guard; `texts` are what counts against a limit of tokens."""
        return self.guard.run(once, call, _Other(model, texts))

    def exchange(self, call: Call) -> Exchange:
        """Return what makes one attempt of a call."""
        return Exchange(adapter=self.adapter, transport=self.transport, call=call, pricing=self._pricing)

    def _ready(
        self, request: ChatCompletionRequest, call: Call, *, stream: bool
    ) -> tuple[ChatCompletionRequest, EmulatedFormat | None]:
        """Return the request as it goes out, and what makes the answer fit where it had to be asked for otherwise.

        It has a model, and what is large is uploaded where that can be told.
        """
        model = self.named(request.model)
        if model != request.model:
            request = attrs.evolve(request, model=model)
        call.record("request", provider=self.name, model=model, base_url=self.adapter.base_url)
        if any(isinstance(part, Media) and part.data for one in request.messages for part in one.content):
            from ai_lib.connection.uploads import placed

            request = placed(request, self, call, self._uploaded)
        if request.response_format is None:
            return request, None
        from ai_lib.connection.emulation import emulated_format

        return emulated_format(request, self.adapter, stream=stream)

    def _pricing(self, model: str | None) -> Callable[[ChatCompletionResponse], Cost | None]:
        from ai_lib.models.pricing import Pricing  # an import that the first call pays for, not every program

        return Pricing(self.catalogue, self.name, model)

    def _hold(self, request: ChatCompletionRequest, call: Call) -> CostReservation | None:
        return None if call.ledger is None else call.ledger.reserve(self.name, request, self.catalogue, call.tags)


def _lost(hold: CostReservation, error: AiLibError) -> ChatStream:
    """Pay for a stream that gave nothing, before another provider takes over: what that one costs is its own."""
    hold.fail(error)
    raise error


def _settle(hold: CostReservation, stream: ChatStream, error: AiLibError | None) -> None:
    # One that was closed before it gave anything was asked for, and its prompt is billed.
    if error is None or stream.has_started or isinstance(error, CancelledError):
        hold.settle(stream.response)
    else:
        hold.fail(error)


def guard_for(
    adapter: ProviderAdapter,
    options: ConnectionOptions,
    resilience: ResilienceConfig | None,
    clock: Clock,
    listener: Listener | None,
) -> Guard:
    """Return the guard for a provider.

    A number of retries among the options wins over the configuration's, unless it is the usual one.
    """
    policy = RetryPolicy() if resilience is None else resilience.retry
    if options.max_retries != _DEFAULT_RETRIES:
        policy = attrs.evolve(policy or RetryPolicy(), max_retries=options.max_retries)
    whose = hashlib.sha256((adapter.api_key or "").encode()).hexdigest()[:12]
    return Guard(
        policy,
        resilience,
        provider=adapter.config.id,
        base_url=adapter.base_url,
        key=f"{adapter.config.id} {adapter.base_url} {whose}",
        clock=clock,
        listener=listener,
    )
