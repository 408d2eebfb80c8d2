"""One provider, ready to be called: its adapter, its transport, and the guard around every request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.api.transport import Transport
from ai_lib.connection.options import ConnectionOptions, is_model_name, resolve_default_model
from ai_lib.errors import AiLibError, CancelledError, ConfigurationError
from ai_lib.exchange import ChatStream, Exchange
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.reliability.guard import Guard
from ai_lib.types.content import Media
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.usage import UsageStatus
from ai_lib.types.wire import HttpResponse

if TYPE_CHECKING:
    from ai_lib.api.ledger import CostReservation
    from ai_lib.connection.emulation import EmulatedFormat
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.providers.endpoint import Endpoint
    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.model import ModelInfo
    from ai_lib.types.upload import UploadedFile, UploadRequest

__all__ = ["Connection", "OperationAnswer"]

T = TypeVar("T")

# Tokens that an answer is expected to have where the request sets no max_tokens: about a page of text.
_EXPECTED_COMPLETION_TOKENS = 256


@attrs.frozen
class OperationAnswer:
    """The answer to an operation other than chat.

    Args:
        value: The decoded answer.
        request_id: The id to quote to the provider's support.
        adjustments: What was left out of the request because the provider does not support it.
    """

    value: Any
    request_id: str | None
    adjustments: tuple[str, ...]


@attrs.frozen
class _GuardedChat:
    """A chat completion, as a guard sees it."""

    request: ChatCompletionRequest
    model: str | None

    def tokens(self) -> float:
        from ai_lib.models.estimate import estimate_prompt  # only where tokens are limited

        return estimate_prompt(self.request).tokens + (self.request.max_tokens or _EXPECTED_COMPLETION_TOKENS)

    def used(self, result: ChatCompletionResponse | ChatStream) -> float | None:
        response = result.response if isinstance(result, ChatStream) else result
        return response.usage.total_tokens if response.usage_status is UsageStatus.FINALIZED else None

    def rate_limits(self, result: ChatCompletionResponse | ChatStream) -> Mapping[str, LimitStatus]:
        return (result.response if isinstance(result, ChatStream) else result).rate_limits


@attrs.frozen
class _GuardedOperation:
    """An operation other than chat, as a guard sees it."""

    model: str | None = None
    texts: Iterable[str] = ()

    def tokens(self) -> float:
        from ai_lib.models.tokens import token_bounds  # only where tokens are limited

        return sum(token_bounds(text)[1] for text in self.texts)

    def used(self, result: object) -> float | None:  # noqa: ARG002 - the estimate is near enough
        return None

    def rate_limits(self, result: object) -> Mapping[str, LimitStatus]:  # noqa: ARG002 - the answer is decoded already
        return {}


@attrs.define(eq=False)
class Connection:
    """The innermost `ChatProvider`: calls one provider, within a call's time limits and under its guard.

    Args:
        adapter: Encodes requests and decodes answers of the provider.
        transport: Sends the bytes.
        guard: Applies limits, circuit breaker and retries.
        options: How to reach the provider.
        configured_model: The model that the client was made with; None means the provider's default.
        catalogue: Models and their prices.
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
        """The model of calls that name none."""
        if is_model_name(self.configured_model):
            return self.configured_model
        return resolve_default_model(self.adapter.config)

    def resolve_model(self, model: str | None) -> str:
        """Return the model, or the default for None and for a word such as "auto".

        Raises:
            ConfigurationError: There is no default.
            UnsupportedFeatureError: The provider has no chat API.
        """
        if model is not None and is_model_name(model):
            return model
        default, config = self.model, self.adapter.config
        if default is None and config.chat_path is None:
            raise self.adapter.no_chat_error()
        if default is None:
            raise ConfigurationError(
                f"{config.display_name} has no default model; pass model=, or set {config.model_variables[0]}",
                code="no_model",
                provider=config.id,
            )
        return default

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        request, emulated = self._prepare(request, call, stream=False)
        reservation = self._reserve(request, call)
        try:
            once = partial(self.exchange(call).chat, request)
            answer = self.guard.run(once, call, _GuardedChat(request, request.model))
        except BaseException as exc:
            if reservation is not None:
                reservation.fail(exc)
            raise
        if reservation is not None:
            reservation.settle(answer)
        return answer if emulated is None else emulated.convert_response(answer)

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it arrives."""
        request, emulated = self._prepare(request, call, stream=True)
        reservation = self._reserve(request, call)
        exchange = self.exchange(call)

        def once() -> ChatStream:
            stream = exchange.stream(request)
            return stream if emulated is None else emulated.convert_stream(stream)

        try:
            stream = self.guard.open_stream(once, call, _GuardedChat(request, request.model))
        except BaseException as exc:
            if reservation is not None:
                reservation.fail(exc)
            raise
        if reservation is not None:
            stream.recover_with(partial(_settle_before_fallback, reservation))
            stream.on_end(partial(_settle, reservation))
        return stream

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that the key can use."""
        return self.run(self.exchange(call).list_models, call)

    def send(
        self, endpoint: Endpoint, kind: str, request: Any, call: Call, texts: Iterable[str] = ()
    ) -> OperationAnswer:
        """Send one request of an operation other than chat.

        Args:
            endpoint: Where it goes.
            kind: The folder of its wire format: "embed", "rerank", "count_tokens" or "upload".
            request: The request; it has a `model`.
            call: The call that it belongs to.
            texts: What counts against a limit of tokens.

        Raises:
            AiLibError: The request failed.
        """
        from ai_lib.providers.registry import load_operation  # programs that only chat need no operation

        operation, adapter = load_operation(kind, endpoint.format), self.adapter
        prepared, left_out = adapter.operation_request(endpoint, operation, request, call.on_unsupported)

        def read(response: HttpResponse) -> OperationAnswer:
            value = adapter.decode_operation(endpoint, operation, response)
            return OperationAnswer(value, adapter.errors.request_id(response.headers), left_out)

        with call.annotating_errors():
            once = partial(self.exchange(call).send, prepared, read, request.model)
            return self.run(once, call, request.model, texts)

    def upload(self, request: UploadRequest, call: Call) -> tuple[UploadedFile, tuple[str, ...]]:
        """Upload a file; return what the provider says of it, and what was left out of the request.

        Raises:
            UnsupportedFeatureError: The provider stores no files.
            AiLibError: The request failed.
        """
        answer = self.send(self.endpoint("upload", "uploads"), "upload", request, call)
        return attrs.evolve(answer.value, request_id=answer.request_id), answer.adjustments

    def endpoint(self, kind: str, feature: str) -> Endpoint:
        """Return where an operation is sent.

        Args:
            kind: The name of the operation in the provider's configuration.
            feature: Its name in the error message.

        Raises:
            UnsupportedFeatureError: The provider, or the API in use, has none.
        """
        config = self.adapter.config
        endpoint: Endpoint | None = getattr(config, kind)
        if endpoint is None:
            api = f"the api {config.api!r}" if config.api else "the service"
            raise self.adapter.unsupported_error(feature, f"{api} has no address for it")
        return endpoint

    def run(self, once: Callable[[], T], call: Call, model: str | None = None, texts: Iterable[str] = ()) -> T:
        """Run an operation other than chat under the guard.

        Args:
            once: Makes one attempt.
            call: The call that it belongs to.
            model: The model that is requested, where there is one.
            texts: What counts against a limit of tokens.
        """
        return self.guard.run(once, call, _GuardedOperation(model, texts))

    def exchange(self, call: Call) -> Exchange:
        """Return what makes one attempt of a call."""
        return Exchange(
            adapter=self.adapter,
            transport=self.transport,
            call=call,
            pricing=lambda model: partial(self.catalogue.response_cost, self.name, model),
        )

    def _prepare(
        self, request: ChatCompletionRequest, call: Call, *, stream: bool
    ) -> tuple[ChatCompletionRequest, EmulatedFormat | None]:
        """Return the request with its model named, large media uploaded, and the format emulated where necessary."""
        model = self.resolve_model(request.model)
        if model != request.model:
            request = attrs.evolve(request, model=model)
        call.record("request", provider=self.name, model=model, base_url=self.adapter.base_url)
        if any(isinstance(part, Media) and part.data for message in request.messages for part in message.content):
            from ai_lib.connection.uploads import UploadRules, with_uploads  # most requests have no media

            rules = UploadRules.from_config(self.adapter.config, self.options.max_inline_bytes)
            request = with_uploads(request, rules, self, call, self._uploaded)
        if request.response_format is None:
            return request, None
        from ai_lib.connection.emulation import emulate_format

        return emulate_format(request, self.adapter, stream=stream)

    def _reserve(self, request: ChatCompletionRequest, call: Call) -> CostReservation | None:
        return None if call.ledger is None else call.ledger.reserve(self.name, request, self.catalogue, call.tags)


def _settle_before_fallback(reservation: CostReservation, error: AiLibError) -> ChatStream:
    """Settle a stream that delivered nothing before another provider replaces it: that one has its own reservation."""
    reservation.fail(error)
    raise error


def _settle(reservation: CostReservation, stream: ChatStream, error: AiLibError | None) -> None:
    # A stream that was closed before its first chunk was requested, and its prompt is billed.
    if error is None or stream.has_started or isinstance(error, CancelledError):
        reservation.settle(stream.response)
    else:
        reservation.fail(error)
