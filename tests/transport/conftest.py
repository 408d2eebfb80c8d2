"""Clients that are closed when the test is over, and certificates."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from ai_lib import AiClient, ConnectionOptions, ProviderConfig
from ai_lib.transport import HttpTransport
from tests.support.server import Server


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport()
    yield made
    made.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., AiClient]]:
    """Make a client of a server: `connect(server, timeout=2.0)`. It never tries again unless the test says so."""
    with ExitStack() as stack:

        def make(to: Server | str, **options: Any) -> AiClient:
            base_url = to if isinstance(to, str) else to.url + "/v1"
            config = ProviderConfig("gw", base_url=base_url, default_model="m")
            settings = ConnectionOptions(**{"max_retries": 0, **options})
            return stack.enter_context(AiClient(config, options=settings))

        yield make


@pytest.fixture
def client(server: Server, connect: Callable[..., AiClient]) -> AiClient:
    return connect(server)


@attrs.frozen
class Certificates:
    """A CA of the test's own, what a server for localhost needs of it, and files for a client."""

    server: ssl.SSLContext
    ca_file: str
    client_file: str
    authority: trustme.CA


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return Certificates(context, str(folder / "ca.pem"), str(folder / "client.pem"), authority)
