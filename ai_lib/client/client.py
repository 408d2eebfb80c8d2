"""The public facade: the client that users make and call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from ai_lib.api.chat import ChatProvider, CustomChatProvider
from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.client.account import AccountMethods
from ai_lib.client.batch import BatchMethods
from ai_lib.client.chat import ChatMethods
from ai_lib.client.core import ClientCore
from ai_lib.client.operations import OperationMethods
from ai_lib.client.tools import ToolMethods
from ai_lib.connection.options import ConnectionOptions, evolve_options
from ai_lib.errors import ConfigurationError
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.types.request import OnUnsupported
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from ai_lib.api.events import Listener
    from ai_lib.api.interceptor import Interceptor
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.providers.names import Provider
    from ai_lib.reliability.config import ResilienceConfig
    from ai_lib.reliability.guard import Guard
    from ai_lib.routing.array import ModelArray
    from ai_lib.routing.route import Route

__all__ = ["AiClient", "quick_chat"]


class _ReferenceNames(type):
    """Answers the constructors of the Rust library with how they are spelled here."""

    def __getattr__(cls, name: str) -> Any:
        spelling = {"new": "AiClient(provider)", "new_with_metrics": "AiClient(provider, metrics=...)"}.get(name)
        hint = f"; write {spelling}" if spelling else ""
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}{hint}")


class AiClient(ChatMethods, OperationMethods, ToolMethods, BatchMethods, AccountMethods, metaclass=_ReferenceNames):
    """A client of one provider. Make one and keep it: it is safe to share between threads and usable after a fork.

    Args:
        provider: An id such as "groq", "provider/model", a `Provider`, a `ProviderConfig`, a `ModelArray`, an object
            with `chat()` and `stream()`, or None for what the environment says (AI_LIB_MODEL, else the only provider
            whose key is set, else the embedded model).
        options: How to reach it.
        model: The default model; None means `<PROVIDER>_MODEL` from the environment, else the provider's default.
        api: Another of the provider's chat APIs, where it has several: "responses" at OpenAI.
        on_unsupported: What to do with a field that the provider does not support: "raise", or leave it out with a
            warning ("warn") or without ("drop"); `response.adjustments` lists what was left out.
        resilience: Retry, circuit breaker and limits: a `ResilienceConfig`; None means two retries.
        route: What answers chats and streams: a `FallbackChain`, a `RoundRobin` or a `Hedge` of which the client's own
            provider is the first; a `ModelRouter`; a `ModelArray`; or an object with `chat()` and `stream()`. Other
            operations are sent to the client's own provider.
        interceptors: Hooks around chats and streams, the outermost first.
        listener: Called with an `Event` for each retry, change of a breaker, wait, fallback and hedge.
        metrics: What is notified of every call: a `Metrics`, a `CallObserver`, or a list of them. They stay in this
            process: an unpickled copy of the client has none.
        catalogue: Models and their prices; None means the catalogue of the package.
        transport: What sends the bytes, in place of requests: a `Transport`, or any object with
            `post(url, body) -> bytes`. Every provider of the client uses it.
        clock: Time, waiting and randomness; for tests.

    Raises:
        ConfigurationError: There is no such provider, or a setting cannot be used.
        MissingKeyError: The provider needs a key and there is none; the message names the variable.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        provider: str | Provider | ProviderConfig | ModelArray | CustomChatProvider | None = None,
        options: ConnectionOptions | None = None,
        *,
        model: str | None = None,
        api: str | None = None,
        on_unsupported: OnUnsupported = "raise",
        resilience: ResilienceConfig | None = None,
        route: Route | None = None,
        interceptors: Iterable[Interceptor] = (),
        listener: Listener | None = None,
        metrics: Any = None,
        catalogue: Catalogue | None = None,
        transport: Transport | BytesTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name != "self"}
        from ai_lib.client.checks import check_arguments  # needed only when a client is made

        self._core = ClientCore(check_arguments(arguments))

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._core.own.name

    @property
    def base_url(self) -> str:
        """The URL to which paths are appended; "" for a custom provider."""
        return self._core.base_url

    @property
    def model(self) -> str | None:
        """The model of calls that name none."""
        return self._core.own.model

    @property
    def configured_model(self) -> str | None:
        """The model that this client was made with; None if it was not specified."""
        return self._core.own.configured_model

    @property
    def chat_provider(self) -> ChatProvider[ChatStream]:
        """The outermost part that answers the client's chats: observers, interceptors, route, provider."""
        return self._core.chat_provider

    @property
    def guard(self) -> Guard:
        """The guard of the provider: `guard.in_flight`, `guard.waiting`, `guard.breaker_state(model)`.

        Raises:
            UnsupportedFeatureError: The client was made with a custom provider.
        """
        return self._core.connection.guard

    @classmethod
    def builder(
        cls, provider: str | Provider | ProviderConfig | ModelArray | CustomChatProvider | None = None
    ) -> AiClientBuilder[Self]:
        """Return a builder: `AiClient.builder("groq").with_timeout(10).build()`.

        Args:
            provider: What `AiClient` takes as its provider.
        """
        from ai_lib.client.builder import AiClientBuilder  # programs that use no builder do not pay for it

        return AiClientBuilder(provider, cls)

    def with_options(self, options: ConnectionOptions | None = None, /, **changes: Any) -> AiClient:
        """Return a client like this one with other settings.

        It shares this client's limits, breakers and retry budget while provider, address, key and resilience stay.

        Args:
            options: Options in place of this client's; None means this client's.
            changes: Fields of `ConnectionOptions`, or `model`, `api`, `on_unsupported`, `resilience`, `route`,
                `interceptors`, `listener`, `metrics`, `catalogue`, `transport`.

        Raises:
            ConfigurationError: There is no such field, or a setting cannot be used.
        """
        if not isinstance(self, AiClient):
            raise ConfigurationError("with_options is a method of a client; write AiClient(provider, options)")
        names = self._core.arguments.keys() - {"provider", "options", "clock"}
        settings: dict[str, Any] = {name: changes.pop(name) for name in list(changes) if name in names}
        options = evolve_options(options or self._core.options, changes)
        client = AiClient(**{**self._core.arguments, "options": options, **settings})
        client._core.share_limits(self._core)
        return client

    def close(self) -> None:
        """Free the connections, and stop the embedded model if it runs. The client may be used again."""
        self._core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AiClient({self.provider!r}, model={self.model!r}, base_url={self.base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return self._core.picklable_arguments()

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self.__init__(**arguments)  # type: ignore[misc]


def quick_chat(prompt: str, *, provider: str | None = None, model: str | None = None, **fields: Any) -> str:
    """Send one chat and return the text of the answer.

    Args:
        prompt: The prompt.
        provider: An id, or "provider/model"; None means what the environment says.
        model: The model; None means the default.
        fields: The keyword arguments of `AiClient.chat`.

    Raises:
        AiLibError: The client cannot be made, or the call failed.
    """
    with AiClient(provider, model=model) as client:
        return client.chat(prompt, **fields).text
