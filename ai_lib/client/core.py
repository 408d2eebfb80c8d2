"""The wiring of a client, shared by all of its methods: its connection, its route, its observers, its spending."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.client.request import Prompt, build_request
from ai_lib.connection.options import ConnectionOptions, timeout_from
from ai_lib.errors import AiLibError, UnsupportedFeatureError
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import Timeout

if TYPE_CHECKING:
    from ai_lib.client.observers import Observers
    from ai_lib.connection.connection import Connection
    from ai_lib.models.spending import Budget
    from ai_lib.routing.custom import CustomProvider
    from ai_lib.types.model import ModelInfo

__all__ = ["ClientCore"]


class ClientCore:
    """What a client is made of.

    Args:
        arguments: The arguments of `AiClient`, checked.

    Raises:
        ConfigurationError: A setting cannot be used.
        MissingKeyError: The provider needs a key and there is none.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        # Imported when a client is made, not when the package is: a program may import it long before it makes one.
        from ai_lib.connection.assemble import ConnectionSettings
        from ai_lib.models.catalogue import Catalogue
        from ai_lib.models.spending import Spending

        self.arguments = arguments
        self.on_unsupported: OnUnsupported = arguments["on_unsupported"]
        self.clock = arguments["clock"]
        self.options: ConnectionOptions = arguments["options"] or ConnectionOptions()
        self.timeout = timeout_from(self.options.timeout, None)
        self.catalogue: Catalogue = arguments["catalogue"] or Catalogue()
        self.spending = Spending()
        self.settings = ConnectionSettings(
            options=self.options,
            resilience=arguments["resilience"],
            listener=arguments["listener"],
            catalogue=self.catalogue,
            transport=arguments["transport"],
            clock=self.clock,
        )
        self.connections: list[Connection] = []
        """The client's own connection, where it has one, and those of its route."""
        self.own: Connection | CustomProvider
        """The client's own provider, which operations other than chat are sent to."""
        self.observers: Observers | None = None
        self.chat_provider: ChatProvider[ChatStream]
        """The outermost part that answers the client's chats: observers, interceptors, route, provider."""
        self.resolve_model: Callable[[str | None], str]
        """Returns the model of a call from the one that it names."""
        self._wire(arguments["provider"], arguments["route"])

    def _wire(self, provider: Any, route: Any) -> None:
        from ai_lib.connection.assemble import connect

        model, api = self.arguments["model"], self.arguments["api"]
        connection: Connection | None = None
        if provider is None or isinstance(provider, str | ProviderConfig):
            connection = connect(provider, self.settings, model=model, api=api)
        else:
            from ai_lib.routing.array import ModelArray  # few programs bring a provider of their own
            from ai_lib.routing.custom import CustomProvider

            if isinstance(provider, ModelArray):
                route, connection = provider, provider.connect_first(self.settings, model=model)
            else:
                self.own = CustomProvider(provider, model)
        self._connection = connection
        if connection is not None:
            self.own = connection
            self.connections.append(connection)
        own = self.own
        self.chat_provider, self.resolve_model = own, own.resolve_model
        interceptors, metrics = self.arguments["interceptors"], self.arguments["metrics"]
        if route is not None:
            from ai_lib.routing.array import ModelArray
            from ai_lib.routing.route import build_route

            self.chat_provider = build_route(route, own, self.settings, self.connections)
            if isinstance(route, ModelArray):  # its endpoints may each have a default model
                self.resolve_model = route.resolve_model
        for interceptor in reversed(interceptors):  # the first is the outermost
            from ai_lib.client.interceptors import InterceptedProvider

            self.chat_provider = InterceptedProvider(self.chat_provider, interceptor)
        if metrics is not None:
            from ai_lib.client.observers import ObservedProvider, Observers

            self.observers = Observers(metrics, own.name, self.base_url, is_routed=route is not None)
            self.chat_provider = ObservedProvider(self.chat_provider, self.observers)

    @property
    def base_url(self) -> str:
        """The URL to which paths are appended; "" for a custom provider."""
        return "" if self._connection is None else self._connection.adapter.base_url

    @property
    def connection(self) -> Connection:
        """The client's own connection.

        Raises:
            UnsupportedFeatureError: The client was made with a custom provider, which only chats.
        """
        if self._connection is not None:
            return self._connection
        raise UnsupportedFeatureError(
            "a custom provider has chats and streams only; make a client with a provider's name for other operations",
            provider=self.own.name,
        )

    def find_model(self, name: str) -> ModelInfo | None:
        """Return what the catalogue knows of a model, "id" or "provider/id"; None where it has none."""
        known = self.catalogue.get(name, self.own.name)
        return known or (self.catalogue.get(name) if "/" in name else None)

    def picklable_arguments(self) -> dict[str, Any]:
        """Return what a copy in another process is made of: not what this one became.

        There sockets are opened anew, and a key from the environment is looked up again. Observers stay here: what they
        count and where they write belongs to this process.
        """
        return {**self.arguments, "metrics": None}

    def __reduce__(self) -> tuple[Any, ...]:
        return ClientCore, (self.picklable_arguments(),)

    def share_limits(self, other: ClientCore) -> None:
        """Use the limits, breakers and retry budgets of another client for the connections that both have."""
        for mine, theirs in zip(self.connections, other.connections, strict=False):
            mine.guard.share(theirs.guard)

    def close(self) -> None:
        """Free the connections."""
        for connection in self.connections:
            connection.transport.close()
        for part in (self.arguments["provider"], self.arguments["route"]):
            if hasattr(part, "close"):  # an array, or a custom provider
                part.close()

    def build_request(
        self, messages: Prompt, fields: dict[str, Any], response_format: Any = None
    ) -> ChatCompletionRequest:
        """Return the validated request for a prompt and the other fields; a format of None means that of the prompt.

        Raises:
            InvalidRequestError: A field does not exist, or its value is invalid.
        """
        if response_format is not None:
            fields["response_format"] = response_format
        return build_request(messages, fields, self.resolve_model)

    def start_call(
        self,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
    ) -> Call:
        """Start a call: its deadline, and what it is billed to.

        Raises:
            ConfigurationError: A setting of the call cannot be used.
            InvalidRequestError: The tags or the budget cannot be used.
        """
        limits = self.timeout if timeout is None else timeout_from(timeout, self.timeout)
        if on_unsupported is not None or tags != ():
            from ai_lib.client.checks import check_on_unsupported, tags_from  # most calls have neither

            check_on_unsupported(on_unsupported or self.on_unsupported)
            tags = tags_from(tags)
        ledger = self.spending if budget is None else self.spending.with_budget(budget)
        return Call(limits, on_unsupported or self.on_unsupported, self.clock, tags=tags, ledger=ledger)

    def send(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Send a chat request and return the answer; an error carries the attempts and timings of the call."""
        try:
            answer = self.chat_provider.chat(request, call)
        except AiLibError as error:
            call.annotate(error)
            raise
        return attrs.evolve(answer, attempts=tuple(call.attempts)) if call.attempts else answer

    def open_stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Send a chat request and return its stream; an error carries the attempts and timings of the call."""
        with call.annotating_errors():
            return self.chat_provider.stream(request, call)

    def warn(self, adjustments: tuple[str, ...], on_unsupported: OnUnsupported) -> None:
        """Warn about what was left out of a request, where the call's setting is "warn"."""
        if adjustments and on_unsupported == "warn":
            name = self.own.name if self._connection is None else self._connection.adapter.config.display_name
            warnings.warn(
                f"{name}: left out of the request: {'; '.join(adjustments)}", stacklevel=3
            )  # the caller of the client's method
