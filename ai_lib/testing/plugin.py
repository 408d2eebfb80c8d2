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
    """Forbid this test every connection that leaves this machine, and every look-up of a name."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        _check(self.family, address)
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        _check(self.family, address)
        return connect_ex(self, address)

    def checked_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check(socket.AF_INET, (host,))
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", checked_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", checked_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", checked_look_up)


def _check(family: int, address: Any) -> None:
    if family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
        raise NetworkBlockedError(
            f"the test tried to reach {address[0]!r}; give its AiClient a transport=ai_script(...), "
            "or use the fixture ai_server"
        )


def _is_here(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not name or name in ("localhost", "localhost."):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:  # a name
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture
def ai_script(ai_no_network: None) -> AiScript:  # noqa: ARG001 - wanted for what it does
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
