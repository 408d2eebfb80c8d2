"""From what a user names as a route ("groq", an `AiClient`, a class of one's own) to providers that can be asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ai_lib.api.call import Call
from ai_lib.api.chat import ChatProvider
from ai_lib.connection.connection import Connection
from ai_lib.connection.options import ConnectionOptions
from ai_lib.errors import AiLibError, ConfigurationError
from ai_lib.exchange import ChatStream
from ai_lib.exchange.bodies import BufferedBody
from ai_lib.providers.config import ProviderConfig
from ai_lib.routing.array import ModelArray
from ai_lib.routing.fallback import Fallback, FallbackChain, RoundRobin
from ai_lib.routing.hedge import Hedge, Hedged
from ai_lib.routing.models import RoutedModels
from ai_lib.routing.pool import PoolProvider
from ai_lib.routing.router import ModelRouter
from ai_lib.routing.target import Health, Member, Target
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpResponse
from ai_lib.utils.clock import Clock

if TYPE_CHECKING:
    from ai_lib.client.client import AiClient

__all__ = ["Route", "carried_over", "routed"]

Route: TypeAlias = FallbackChain | RoundRobin | Hedge | ModelRouter | ModelArray
"""How a client uses other providers or models beside its own."""


def routed(
    route: Route,
    own: Connection,
    client_for: Callable[[Any], AiClient],
    settings: Mapping[str, Any],
    clock: Clock,
) -> ChatProvider:
    """Return what answers for a client with a route.

    Args:
        route: What the user said.
        own: The client's own provider, which is the first member.
        client_for: Makes a client for a name, with the settings that are not one provider's own.
        settings: These settings.
        clock: The time.

    Raises:
        ConfigurationError: A target cannot be used.
    """
    if isinstance(route, ModelArray):
        route.share({**settings, "options": carried_over(own.options)})
        return route
    if isinstance(route, ModelRouter):
        return PoolProvider(RoutedModels(route, own, client_for, clock))
    if not isinstance(route, FallbackChain | RoundRobin | Hedge):
        raise ConfigurationError(
            f"route must be a FallbackChain, a RoundRobin, a Hedge, a ModelRouter or a ModelArray, "
            f"not {type(route).__name__}; a list of providers goes into one of them"
        )

    def member(target: Target) -> Member:
        name, provider, model, keeps = _resolved(target.provider, own, client_for)
        after, cooldown = getattr(route, "unhealthy_after", 3), getattr(route, "cooldown", 30.0)
        target = attrs.evolve(target, model=target.model or model)
        return Member(name, provider, target, Health(after, cooldown, clock), keeps_model=keeps)

    members = [member(Target(provider=own)), *(member(target) for target in route.targets)]
    if isinstance(route, Hedge):
        return Hedged(members, route, lambda one: own.guard.emit("hedge", None, to=one.name))

    def tell(one: Member, error: AiLibError) -> None:
        own.guard.emit("fallback", None, to=one.name, error=error)

    return Fallback(members, rotate=isinstance(route, RoundRobin), tell=tell)


def carried_over(options: ConnectionOptions) -> ConnectionOptions:
    """Return what of a client's options holds for other providers too: no address, key, header or certificate."""
    return attrs.evolve(options, base_url=None, api_key=None, token=None, headers={}, cert=None)


def _resolved(
    given: Any, own: Connection, client_for: Callable[[Any], AiClient]
) -> tuple[str, ChatProvider, str | None, bool]:
    """Return a target's name, its provider, the model it names, and whether the call's own model means something."""
    from ai_lib.client.client import AiClient  # which imports this module

    if isinstance(given, Connection):
        return given.name, given, None, True
    if isinstance(given, str | ProviderConfig):
        given = client_for(given)
    if isinstance(given, AiClient):
        return given.provider, given.answering, given.configured_model, given.provider == own.name
    if not callable(getattr(given, "chat", None)) or not callable(getattr(given, "stream", None)):
        raise ConfigurationError(
            f"a target must be a provider's name, an AiClient, or have chat() and stream(), not {type(given).__name__}"
        )
    if isinstance(given, ModelArray):
        return given.name, given, None, True
    return type(given).__name__, UserProvider(given), None, True


class UserProvider:
    """A class of the user's as the library's parts need it.

    Args:
        given: The object; its methods take the request, and a `call` where they care for its time.
    """

    def __init__(self, given: Any) -> None:
        self._given = given

    def chat(self, request: ChatCompletionRequest, call: Call) -> ChatCompletionResponse:
        """Return the whole answer."""
        call.check()
        answer: ChatCompletionResponse = _asked(self._given.chat, request, call)
        return answer

    def stream(self, request: ChatCompletionRequest, call: Call) -> ChatStream:
        """Return the answer as it comes."""
        call.check()
        given = _asked(self._given.stream, request, call)
        if isinstance(given, ChatStream):
            return given
        opened = _Closing(given)
        return ChatStream(opened, opened.chunks(), model=request.model, call=call, provider=type(self._given).__name__)

    def list_models(self, call: Call) -> list[ModelInfo]:
        """Return the models that can be asked."""
        models: list[ModelInfo] = _asked(self._given.list_models, None, call)
        return models


def _asked(method: Callable[..., Any], request: ChatCompletionRequest | None, call: Call) -> Any:
    given = () if request is None else (request,)
    return method(*given, call=call) if "call" in inspect.signature(method).parameters else method(*given)


class _Closing(BufferedBody):
    """Stands for the connection of a stream that is the user's own."""

    def __init__(self, given: Any) -> None:
        super().__init__(HttpResponse(status=200))
        self._given = given

    def chunks(self) -> Iterator[ChatCompletionChunk]:
        return iter(self._given)

    def cancel(self) -> None:
        cancel = getattr(self._given, "cancel", None) or getattr(self._given, "close", None)
        if cancel is not None:
            cancel()

    def close(self) -> None:
        close = getattr(self._given, "close", None)
        if close is not None:
            close()
