"""Fixtures for pytest.

Put this into the `conftest.py` at the root of your tests:

pytest_plugins = ["ai_lib.testing.plugin"]
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from ai_lib.testing.clock import FakeClock
from ai_lib.testing.errors import NetworkBlockedError
from ai_lib.testing.script import Scripted
from ai_lib.testing.server import MockServer
from ai_lib.testing.transport import ScriptedTransport
from ai_lib.utils.clock import Clock

__all__ = ["AiScript", "ai_clock", "ai_no_network", "ai_script", "ai_server"]


@attrs.frozen
class AiScript:
    """Makes transports that answer from a script."""

    def __call__(
        self, *script: Scripted, then: Scripted | None = None, clock: Clock | None = None
    ) -> ScriptedTransport:
        """Return a transport; the arguments are those of `ScriptedTransport`."""
        return ScriptedTransport(*script, then=then, clock=clock)


@pytest.fixture
def ai_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid the test every connection to another machine and every DNS look-up."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        _check_is_local(self.family, address)
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        _check_is_local(self.family, address)
        return connect_ex(self, address)

    def checked_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check_is_local(socket.AF_INET, (host,))
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", checked_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", checked_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", checked_getaddrinfo)


def _check_is_local(family: int, address: Any) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0].decode("ascii", "replace") if isinstance(address[0], bytes) else address[0]
    if not host or host in ("localhost", "localhost."):
        return
    try:
        ip = ipaddress.ip_address(host)
        is_local = ip.is_loopback or ip.is_unspecified
    except ValueError:  # a host name
        is_local = False
    if not is_local:
        raise NetworkBlockedError(
            f"the test tried to connect to {address[0]!r}; pass transport=ai_script(...) to its AiClient, "
            "or use the fixture ai_server"
        )


@pytest.fixture
def ai_script(ai_no_network: None) -> AiScript:  # noqa: ARG001 - requested for its effect
    """Make transports: `AiClient("openai", transport=ai_script("Hello", error(429)))`. The network is blocked."""
    return AiScript()


@pytest.fixture
def ai_server(ai_no_network: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:  # noqa: ARG001 - as above
    """Run a server, and point every provider's variables to it. It echoes until `ai_server.script(...)` is called."""
    with MockServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def ai_clock() -> FakeClock:
    """Return a clock on which waiting takes no time: `AiClient(..., clock=ai_clock.clock())`."""
    return FakeClock()
