"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.server import Server, completion, json_reply

# No deadline: a busy machine is slow, which is not a fault of the code. Each run draws other examples; 50 keep it short.
settings.register_profile(
    "ai_lib", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, max_examples=50
)
settings.load_profile("ai_lib")

_MACHINE = ("AI_", "OLLAMA_", "LLAMA_", "AWS_", "AZURE_", "GOOGLE_", "CLOUDFLARE_")
_MACHINE_ENDS = ("_PROXY", "_API_KEY", "_TOKEN", "_API_BASE", "_BASE_URL", "_ENDPOINT", "_CA_BUNDLE", "_MODEL")
_MACHINE_NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")


def pytest_collection_finish() -> None:
    """Exclude the thousands of collected tests from garbage collection: they live to the end, and every run would visit all."""
    gc.freeze()


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths for home directories. None is created: that would take long for thousands of tests."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _isolate_from_the_machine(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    """Remove proxies, CA files, keys and settings from the environment, so that a test sees only what it sets itself."""
    for name in os.environ:
        upper = name.upper()
        if upper.startswith(_MACHINE) or upper.endswith(_MACHINE_ENDS) or upper in _MACHINE_NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(next(_homes)))


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers "hi" until a test sets another script."""
    with Server(json_reply(200, completion())) as running:
        yield running


@pytest.fixture
def first() -> Iterator[Server]:
    """A server that answers "first"."""
    with Server(json_reply(200, completion("first"))) as running:
        yield running


@pytest.fixture
def second() -> Iterator[Server]:
    """A server that answers "second"."""
    with Server(json_reply(200, completion("second"))) as running:
        yield running


@pytest.fixture
def third() -> Iterator[Server]:
    """A server that answers "third"."""
    with Server(json_reply(200, completion("third"))) as running:
        yield running


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` next to the repository."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the files in {folder}")
    return folder


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server that runs only for the tests."""
    program = shutil.which("redis-server")
    redis = pytest.importorskip("redis", reason="needs the package redis")
    if program is None:
        pytest.skip("needs redis-server (apt-get install redis-server)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        client = redis.Redis(port=port)
        for _ in range(500):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert server.poll() is None, "redis-server ended"
                try:
                    server.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
        yield f"redis://127.0.0.1:{port}/0"
        client.close()
        server.terminate()
        server.wait(10)
