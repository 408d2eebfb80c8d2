"""The face of the library: builds requests, wires the parts, decides nothing."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import attrs

from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.client.adapters import adapter_for
from ai_lib.client.operations import Operations
from ai_lib.client.options import ConnectionOptions, model_of, names_one, timeout_of
from ai_lib.client.request import Prompt, request_from
from ai_lib.client.target import target_of
from ai_lib.client.transports import transport_for
from ai_lib.errors import ConfigurationError
from ai_lib.exchange import ChatStream, Exchange
from ai_lib.providers.adapter import OnUnsupported
from ai_lib.providers.config import ProviderConfig
from ai_lib.reliability import retry
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.client.provider import Provider

__all__ = ["AiClient", "quick_chat"]

_ON_UNSUPPORTED = ("raise", "warn", "drop")


class AiClient(Operations):
    """Talks to one provider. Make one and keep it: it is safe to share between threads and usable after a fork.

    Args:
        provider: An id such as "groq", "provider/model", a `Provider`, a `ProviderConfig` of your own, or None for what
            the environment says (AI_LIB_MODEL, else the one provider whose key is set, else the embedded model).
        model: The default model; None means `<PROVIDER>_MODEL` from the environment, else the provider's default.
        api: Another of the provider's chat APIs, where it has several: "responses" at OpenAI.
        options: How to reach it.
        on_unsupported: What to do with a request's field that the provider has no form for: "raise", or leave it out
            with a warning ("warn") or without ("drop"); what was left out is on `response.adjustments`.
        transport: What moves the bytes, instead of requests: a `Transport`, or any object with
            `post(url, body) -> bytes`.
        clock: Time, waiting and chance; for tests.

    Raises:
        ConfigurationError: There is no such provider, or a setting cannot be used.
        MissingKeyError: The provider needs a key and there is none; the message names the variable.
    """

    def __init__(
        self,
        provider: str | Provider | ProviderConfig | None = None,
        *,
        model: str | None = None,
        api: str | None = None,
        options: ConnectionOptions | None = None,
        on_unsupported: OnUnsupported = "raise",
        transport: Transport | BytesTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if on_unsupported not in _ON_UNSUPPORTED:
            raise ConfigurationError(
                f"on_unsupported must be one of {', '.join(_ON_UNSUPPORTED)}, got {on_unsupported!r}"
            )
        self._arguments: dict[str, Any] = {
            "provider": provider,
            "model": model,
            "api": api,
            "options": options,
            "on_unsupported": on_unsupported,
            "transport": transport,
            "clock": clock,
        }
        target = target_of(provider)
        self._options = options = options or ConnectionOptions()
        self._model = model or target.model
        self._on_unsupported: OnUnsupported = on_unsupported
        self._clock = clock
        self._uploaded: dict[Any, Any] = {}
        self._timeout = timeout_of(options.timeout, None)
        self._policy = retry.RetryPolicy(max_retries=options.max_retries)
        self._adapter = adapter_for(target.config, api, options)
        self._config = config = self._adapter.config
        self._transport = transport_for(config, options, transport, clock, has_key=self._adapter.api_key is not None)

    # --- the calls

    def chat(
        self,
        messages: Prompt,
        *,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        **fields: Any,
    ) -> ChatCompletionResponse:
        """Ask and return the whole answer.

        Args:
            messages: A str, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: As for the client; None means the client's.
            fields: The other fields of `ChatCompletionRequest`: model, temperature, max_tokens, stop, seed, tools,
                tool_choice, response_format, reasoning, extensions and so on. `tools` also takes plain functions,
                `response_format` also a type, a JSON Schema or "json_object".

        Returns:
            The answer.

        Raises:
            InvalidRequestError: The request is wrong; where it can be told here, nothing was sent.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        exchange = self._exchange(timeout, on_unsupported)
        request = self._placed(request_from(messages, fields, self._named), exchange)
        answer = retry.call(lambda: exchange.chat(request), self._policy, deadline=exchange.deadline, clock=self._clock)
        self._tell(answer.adjustments, exchange.on_unsupported)
        return answer

    def stream(
        self,
        messages: Prompt,
        *,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        **fields: Any,
    ) -> ChatStream:
        """Ask and return as soon as the answer begins.

        Opening the stream is tried again like a chat; once it is open, nothing is repeated.

        Args:
            messages: As for `chat`.
            timeout: As for `chat`; the total covers the stream to its end.
            on_unsupported: As for `chat`.
            fields: As for `chat`.

        Returns:
            The stream: iterate for chunks; `.response` is the answer so far.

        Raises:
            AiLibError: As for `chat`, when the stream cannot be opened; iterating raises what happens later.
        """
        exchange = self._exchange(timeout, on_unsupported)
        request = self._placed(request_from(messages, fields, self._named), exchange)
        opened = retry.call(
            lambda: exchange.stream(request), self._policy, deadline=exchange.deadline, clock=self._clock
        )
        self._tell(opened.adjustments, exchange.on_unsupported)
        return opened

    # --- what it is

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._config.id

    @property
    def base_url(self) -> str:
        """What paths are appended to."""
        return self._adapter.base_url

    @property
    def model(self) -> str | None:
        """The model used when a call names none."""
        return self._model if names_one(self._model) else model_of(self._config)

    @staticmethod
    def builder(provider: str | Provider | ProviderConfig | None = None) -> AiClientBuilder:
        """Return a builder: `AiClient.builder("groq").with_timeout(10).build()`."""
        from ai_lib.client.builder import AiClientBuilder  # the builder makes clients, so it imports this module

        return AiClientBuilder(provider)

    def with_options(self, options: ConnectionOptions | None = None, /, **changes: Any) -> AiClient:
        """Return a client like this one with other settings.

        Args:
            options: Options in place of this client's; None means to start from this client's.
            changes: Fields of `ConnectionOptions`, or `model`, `api`, `on_unsupported`, `transport`.
        """
        own: dict[str, Any] = {
            name: changes.pop(name) for name in ("model", "api", "on_unsupported", "transport") if name in changes
        }
        try:
            options = attrs.evolve(options or self._options, **changes)
        except TypeError as exc:
            raise ConfigurationError(f"unknown option: {', '.join(sorted(changes))}") from exc
        arguments: dict[str, Any] = {**self._arguments, "options": options, **own}
        return AiClient(**arguments)

    def close(self) -> None:
        """Free the connections, and stop the embedded model if it runs. The client may be used again."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AiClient({self.provider!r}, model={self.model!r}, base_url={self.base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        # What it was made of, not what it became: sockets are opened anew, and a key from the environment is looked
        # up again where the copy is unpacked.
        return self._arguments

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self.__init__(**arguments)  # type: ignore[misc]

    # --- wiring

    def _named(self, given: str | None) -> str:
        """Return the model that was given, or the default where none or a word for it was."""
        if given is not None and names_one(given):
            return given
        model = self.model
        if model is None and self._config.chat_path is None:
            raise self._adapter.no_chat()
        if model is None:
            raise ConfigurationError(
                f"{self._config.display_name} has no default model; "
                f"pass model=, or set {self._config.model_variables[0]}",
                code="no_model",
                provider=self.provider,
            )
        return model

    def _exchange(self, timeout: float | Timeout | None, on_unsupported: OnUnsupported | None) -> Exchange:
        limits = self._timeout if timeout is None else timeout_of(timeout, self._timeout)
        return Exchange(
            adapter=self._adapter,
            transport=self._transport,
            timeout=limits,
            deadline=None if limits.total is None else self._clock.now() + limits.total,
            on_unsupported=on_unsupported or self._on_unsupported,
            clock=self._clock,
        )

    def _tell(self, adjustments: tuple[str, ...], on_unsupported: OnUnsupported) -> None:
        if adjustments and on_unsupported == "warn":
            warnings.warn(
                f"{self._config.display_name}: left out of the request: {'; '.join(adjustments)}", stacklevel=3
            )


def quick_chat(prompt: str, *, provider: str | None = None, model: str | None = None, **fields: Any) -> str:
    """Ask once and return the answer's text.

    Args:
        prompt: What to ask.
        provider: As for `AiClient`; None means what the environment says.
        model: The model; None means the default.
        fields: As for `AiClient.chat`.
    """
    with AiClient(provider, model=model) as client:
        return client.chat(prompt, **fields).text
