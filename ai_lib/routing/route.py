"""From what a user passes as a route (a chain, a hedge, an array, a router, a custom provider) to a `ChatProvider`."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs

from ai_lib.api.chat import ChatProvider, CustomChatProvider
from ai_lib.api.events import Event, notify
from ai_lib.connection.assemble import ConnectionSettings, connect
from ai_lib.connection.connection import Connection
from ai_lib.errors import ConfigurationError
from ai_lib.exchange import ChatStream
from ai_lib.providers.config import ProviderConfig
from ai_lib.routing.array import ModelArray
from ai_lib.routing.custom import CustomProvider
from ai_lib.routing.fallback import ChainPool, FallbackChain, RoundRobin
from ai_lib.routing.hedge import Hedge, HedgedProvider
from ai_lib.routing.model_pool import ModelPool
from ai_lib.routing.pool import PoolProvider
from ai_lib.routing.router import ModelRouter
from ai_lib.routing.target import ChatClient, Health, Member, Target

__all__ = ["Route", "build_route"]

Route: TypeAlias = FallbackChain | RoundRobin | Hedge | ModelRouter | ModelArray | CustomChatProvider
"""What answers a client's chats and streams in place of its own provider alone."""


def build_route(
    route: Route,
    own: Connection | CustomProvider,
    settings: ConnectionSettings,
    connections: list[Connection],
) -> ChatProvider[ChatStream]:
    """Return the `ChatProvider` of a client with a route.

    Args:
        route: The route as the user made it.
        own: The client's own provider, which is the first member.
        settings: The client's settings.
        connections: The client's connections; those that are made for the route are appended.

    Raises:
        ConfigurationError: A target cannot be used.
    """
    settings = settings.for_other_providers()
    if isinstance(route, ModelArray):
        route.adopt_settings(settings)
        return route
    if isinstance(route, ModelRouter):
        if isinstance(own, CustomProvider):
            raise ConfigurationError(f"a ModelRouter chooses models of a provider by name, not of {own.name}")
        return PoolProvider(ModelPool(route, own, settings, connections))
    if not isinstance(route, FallbackChain | RoundRobin | Hedge):
        if not callable(getattr(route, "chat", None)):
            raise ConfigurationError(
                "route must be a FallbackChain, RoundRobin, Hedge, ModelRouter, ModelArray or ChatProvider, "
                f"not {type(route).__name__}; pass FallbackChain([...]) for a list of providers"
            )
        return CustomProvider(route)

    targets = (Target(provider=own), *route.targets)
    members = [_member(target, route, own, settings, connections) for target in targets]

    def emit(kind: str, member: Member, **facts: Any) -> None:
        if settings.listener is not None:
            notify(settings.listener, Event(kind, own.name, None, {"to": member.name, **facts}))

    if isinstance(route, Hedge):
        return HedgedProvider(members, route, lambda member: emit("hedge", member))
    rotate = isinstance(route, RoundRobin)
    return PoolProvider(
        ChainPool(members, rotate=rotate, on_fallback=lambda member, error: emit("fallback", member, error=error))
    )


def _member(
    target: Target,
    route: FallbackChain | RoundRobin | Hedge,
    own: Connection | CustomProvider,
    settings: ConnectionSettings,
    connections: list[Connection],
) -> Member:
    """Return a target as a member that is ready to be called."""
    value, model, keeps_model = target.provider, None, True
    provider: ChatProvider[ChatStream]
    if value is own:
        name, provider = own.name, own
    elif isinstance(value, str | ProviderConfig):
        provider = connection = connect(value, settings)
        connections.append(connection)
        name, model, keeps_model = connection.name, connection.configured_model, connection.name == own.name
    elif isinstance(value, ChatClient):
        name, provider, model = value.provider, value.chat_provider, value.configured_model
        keeps_model = name == own.name
    elif isinstance(value, ModelArray):
        value.adopt_settings(settings)
        name, provider = value.name, value
    else:
        provider = custom = CustomProvider(value)
        name = custom.name
    # A hedge starts every member anyway, so its members have no health.
    health = Health(getattr(route, "unhealthy_after", 1), getattr(route, "cooldown", 0.0), settings.clock)
    return Member(name, provider, attrs.evolve(target, model=target.model or model), health, keeps_model)
