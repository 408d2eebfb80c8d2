"""The face of the library: builds requests, wires the parts, decides nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.api.transport import BytesTransport, Transport
from ai_lib.client.account import Insight
from ai_lib.client.operations import Operations
from ai_lib.client.request import Prompt, request_from
from ai_lib.client.work import Work
from ai_lib.connection.adapter import adapter_for
from ai_lib.connection.connection import Connection, guard_for
from ai_lib.connection.options import ConnectionOptions, changed, timeout_of
from ai_lib.connection.resolve import target_of
from ai_lib.connection.transport import transport_for
from ai_lib.errors import AiLibError
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import Timeout
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from ai_lib.api.events import Listener
    from ai_lib.api.interceptor import Interceptor
    from ai_lib.client.builder import AiClientBuilder
    from ai_lib.client.observers import Observers
    from ai_lib.models.catalogue import Catalogue
    from ai_lib.models.spending import Budget
    from ai_lib.providers.names import Provider
    from ai_lib.reliability.config import ResilienceConfig
    from ai_lib.reliability.guard import Guard
    from ai_lib.routing.array import ModelArray
    from ai_lib.routing.route import Route

__all__ = ["AiClient", "quick_chat"]

T = TypeVar("T")


class AiClient(Operations, Insight, Work):
    """Talks to one provider. Make one and keep it: it is safe to share between threads and usable after a fork.

    Args:
        provider: An id such as "groq", "provider/model", a `Provider`, a `ProviderConfig` of your own, a `ModelArray`
            whose endpoints answer, or None for what the environment says (AI_LIB_MODEL, else the one provider whose key
            is set, else the embedded model).
        model: The default model; None means `<PROVIDER>_MODEL` from the environment, else the provider's default.
        api: Another of the provider's chat APIs, where it has several: "responses" at OpenAI.
        options: How to reach it.
        on_unsupported: What to do with a request's field that the provider has no form for: "raise", or leave it out
            with a warning ("warn") or without ("drop"); what was left out is on `response.adjustments`.
        resilience: What to do when calls fail or are too many: a `ResilienceConfig`; None means two retries.
        route: Who answers chats and streams: a `FallbackChain`, a `RoundRobin` or a `Hedge` of which the client's own
            provider is the first; a `ModelRouter`; or a `ModelArray`. Everything beside chat goes to the client's own.
        interceptors: Hooks round chats and streams, the outermost first.
        listener: Called with an `Event` for each retry, change of a breaker, wait, fallback and hedge.
        metrics: What is told of every call: a `Metrics`, a `CallObserver`, or several of them in a list. They stay in
            this process: the copy that a pickle makes has none.
        catalogue: What is known of models and their prices; None means what comes with the package.
        transport: What moves the bytes, instead of requests: a `Transport`, or any object with
            `post(url, body) -> bytes`.
        clock: Time, waiting and chance; for tests.

    Raises:
        ConfigurationError: There is no such provider, or a setting cannot be used.
        MissingKeyError: The provider needs a key and there is none; the message names the variable.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        provider: str | Provider | ProviderConfig | ModelArray | None = None,
        *,
        model: str | None = None,
        api: str | None = None,
        options: ConnectionOptions | None = None,
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
        from ai_lib.client.checks import checked_settings  # as in `_wire`

        # What it is made of is what a pickle of it holds, and what a copy with other settings begins with.
        self._arguments = checked_settings(arguments)
        self._on_unsupported: OnUnsupported = on_unsupported
        self._clock = clock
        self._others: list[AiClient] = []
        given: Any = provider
        if hasattr(given, "first"):  # an array, whose module is not imported for this question
            route, (given, options) = given, given.first(options)
        self._wire(given, options or ConnectionOptions(), route)

    def _wire(self, provider: Any, options: ConnectionOptions, route: Route | None) -> None:
        """Put the parts together: the own provider, and what stands round it."""
        # Imported when a client is made, not when the package is: most of it is needed only after the first answer.
        from ai_lib.models.catalogue import Catalogue
        from ai_lib.models.spending import Spending

        given = self._arguments
        target = target_of(provider)
        self._options = options
        self._timeout = timeout_of(options.timeout, None)
        self._catalogue: Catalogue = given["catalogue"] or Catalogue()
        self._spending = Spending()
        adapter = adapter_for(target.config, given["api"], options)
        self._own = Connection(
            adapter=adapter,
            transport=transport_for(adapter, options, given["transport"], self._clock),
            guard=guard_for(adapter, options, given["resilience"], self._clock, given["listener"]),
            options=options,
            configured_model=given["model"] or target.model,
            catalogue=self._catalogue,
        )
        self.answering: ChatProvider = self._own
        """What answers this client's chats: its provider, or the route that begins with it, and the hooks round it."""
        self._observers: Observers | None = None
        # The endpoints of an array may each have a default model of their own.
        self._named: Callable[[str | None], str] = getattr(route, "named", self._own.named)
        if route is not None or given["interceptors"] or given["metrics"] is not None:
            from ai_lib.client.layers import layered  # most programs have none of these

            self.answering, self._observers = layered(self, route, given["interceptors"], given["metrics"])

    # --- the calls

    def chat(
        self,
        messages: Prompt,
        *,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        max_repairs: int = 0,
        **fields: Any,
    ) -> ChatCompletionResponse:
        """Ask and return the whole answer.

        Args:
            messages: A str, a `Message`, a sequence of messages or of dicts in the OpenAI form, or a whole request.
            timeout: Seconds for the whole call, or a `Timeout`; None means the client's.
            on_unsupported: As for the client; None means the client's.
            tags: What the call is for: a word or several, by which `spending` adds up and metrics tell calls apart.
            budget: A `Budget` that this call is paid from, beside those of `with client.budget(...)`.
            max_repairs: Maximum further requests, showing the model what is wrong, when the answer does not fit
                `response_format`. The answers before the last are in `response.rounds`.
            fields: The other fields of `ChatCompletionRequest`: model, temperature, max_tokens, stop, seed, tools,
                tool_choice, response_format, reasoning, extensions and so on. `tools` also takes plain functions,
                `response_format` also a type, a JSON Schema or "json_object".

        Returns:
            The answer.

        Raises:
            InvalidRequestError: The request is wrong; where it can be told here, nothing was sent.
            AiLibError: The call failed; see `ai_lib.errors` for the classes.
        """
        call = self._call(timeout, on_unsupported, tags, budget)
        request = request_from(messages, fields, self._named)
        if max_repairs:
            from ai_lib.structured import ask_with_repairs

            answer = ask_with_repairs(request, self._asked, call, max_repairs)
        else:
            answer = self._asked(request, call)
        self._tell(answer.adjustments, call.on_unsupported)
        return answer

    def stream(
        self,
        messages: Prompt,
        *,
        resume: bool = False,
        timeout: float | Timeout | None = None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
        **fields: Any,
    ) -> ChatStream:
        """Ask and return as soon as the answer begins.

        Until the stream has given something, its failure is tried again like a chat's. After that nothing is repeated,
        unless `resume` says so.

        Args:
            messages: As for `chat`.
            resume: Whether to ask for the rest of a text that is interrupted, in a further request that shows the model
                what had arrived; `response.adjustments` says where the parts meet.
            timeout: As for `chat`; the total covers the stream to its end.
            on_unsupported: As for `chat`.
            tags: As for `chat`.
            budget: As for `chat`.
            fields: As for `chat`.

        Returns:
            The stream: iterate for chunks; `.response` is the answer so far.

        Raises:
            AiLibError: As for `chat`, when the stream cannot be opened; iterating raises what happens later.
        """
        call = self._call(timeout, on_unsupported, tags, budget)
        request = request_from(messages, fields, self._named)
        try:
            opened = self.answering.stream(request, call)
        except AiLibError as error:
            call.annotate(error)
            raise
        assert isinstance(opened, ChatStream)  # noqa: S101 - `routes` makes every other stream one
        if resume:
            from ai_lib.client.resume import continuation

            opened.continue_with(continuation(self.answering, request, call))
        self._tell(opened.adjustments, call.on_unsupported)
        return opened

    # --- what it is

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._own.name

    @property
    def base_url(self) -> str:
        """What paths are appended to."""
        return self._own.adapter.base_url

    @property
    def model(self) -> str | None:
        """The model used when a call names none."""
        return self._own.model

    @property
    def configured_model(self) -> str | None:
        """The model that this client was made with; None where it was not said."""
        return self._own.configured_model

    @property
    def guard(self) -> Guard:
        """What stands round every attempt: `guard.in_flight`, `guard.waiting`, `guard.breaker_state(model)`."""
        return self._own.guard

    @staticmethod
    def builder(provider: str | Provider | ProviderConfig | ModelArray | None = None) -> AiClientBuilder:
        """Return a builder: `AiClient.builder("groq").with_timeout(10).build()`."""
        from ai_lib.client.builder import AiClientBuilder  # the builder makes clients, so it imports this module

        return AiClientBuilder(provider)

    def with_options(self, options: ConnectionOptions | None = None, /, **changes: Any) -> AiClient:
        """Return a client like this one with other settings.

        It shares this client's limits, breakers and retry budget while provider, address, key and resilience stay.

        Args:
            options: Options in place of this client's; None means to start from this client's.
            changes: Fields of `ConnectionOptions`, or `model`, `api`, `on_unsupported`, `resilience`, `route`,
                `interceptors`, `listener`, `metrics`, `catalogue`, `transport`.
        """
        settings = self._arguments.keys() - {"provider", "options", "clock"}
        own: dict[str, Any] = {name: changes.pop(name) for name in list(changes) if name in settings}
        options = changed(options or self._options, changes)
        arguments: dict[str, Any] = {**self._arguments, "options": options, **own}
        other = AiClient(**arguments)
        for new, old in zip([other, *other._others], [self, *self._others], strict=False):
            new.guard.share(old.guard)
        return other

    def close(self) -> None:
        """Free the connections, and stop the embedded model if it runs. The client may be used again."""
        for one in (self._own.transport, *self._others, self._arguments["provider"], self._arguments["route"]):
            if hasattr(one, "close"):  # an array has
                one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AiClient({self.provider!r}, model={self.model!r}, base_url={self.base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        # What it was made of, not what it became: sockets are opened anew, and a key from the environment is looked
        # up again where the copy is unpacked.
        # Observers stay: what they count and where they write belongs to this process.
        return {**self._arguments, "metrics": None}

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self.__init__(**arguments)  # type: ignore[misc]

    # --- wiring

    def _asked(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        try:
            answer = self.answering.chat(request, call)
        except AiLibError as error:
            call.annotate(error)
            raise
        return attrs.evolve(answer, attempts=tuple(call.attempts)) if call.attempts else answer

    def _call(
        self,
        timeout: float | Timeout | None,
        on_unsupported: OnUnsupported | None = None,
        tags: str | Iterable[str] = (),
        budget: Budget | None = None,
    ) -> Call:
        limits = self._timeout if timeout is None else timeout_of(timeout, self._timeout)
        if on_unsupported is not None or tags != ():
            from ai_lib.client.checks import check_on_unsupported, tags_from  # most calls have neither

            check_on_unsupported(on_unsupported or self._on_unsupported)
            tags = tags_from(tags)
        ledger = self._spending if budget is None else self._spending.with_budget(budget)
        return Call(limits, on_unsupported or self._on_unsupported, self._clock, tags=tags, ledger=ledger)

    def _tell(self, adjustments: tuple[str, ...], on_unsupported: OnUnsupported) -> None:
        if adjustments and on_unsupported == "warn":
            name = self._own.adapter.config.display_name
            warnings.warn(f"{name}: left out of the request: {'; '.join(adjustments)}", stacklevel=3)


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
