"""A real Redis for the tests of shared state."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis server that runs for the tests alone."""
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
