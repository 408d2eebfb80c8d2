"""What stands round a client's own provider: the route, the hooks, and those who observe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ai_lib.api.chat import ChatProvider
from ai_lib.api.interceptor import Interceptor
from ai_lib.client.observers import Observed, Observers
from ai_lib.routing.route import Route, carried_over, routed

if TYPE_CHECKING:
    from ai_lib.client.client import AiClient

__all__ = ["layered"]

# What holds for the other providers of a route as well.
_CARRIED = ("resilience", "listener", "catalogue", "clock")


def layered(
    client: AiClient, route: Route | None, interceptors: Sequence[Interceptor], metrics: Any
) -> tuple[ChatProvider, Observers | None]:
    """Return what answers a client's chats, and who observes them.

    From the inside out: its provider, or the route that begins with it; the hooks, the first of them outermost; the
    observers.

    Args:
        client: The client, whose own provider is there already.
        route: Other providers or models.
        interceptors: Hooks.
        metrics: Who observes: one or several; None for nobody.

    Raises:
        ConfigurationError: One of them cannot be used.
    """
    own, arguments = client._own, client._arguments  # noqa: SLF001 - a part of the client
    carried = {name: arguments[name] for name in _CARRIED}

    def like_this_for(provider: Any) -> AiClient:
        from ai_lib.client.client import AiClient  # which imports this module

        other = AiClient(provider, options=carried_over(own.options), **carried)
        client._others.append(other)  # noqa: SLF001
        return other

    answering: ChatProvider = own
    if route is not None:
        answering = routed(route, own, like_this_for, carried, own.guard.clock)
    if interceptors:
        from ai_lib.client.interceptors import intercepted

        answering = intercepted(answering, interceptors)
    if metrics is None:
        return answering, None
    observers = Observers(metrics, client.provider, client.base_url, is_routed=route is not None)
    return Observed(answering, observers), observers
