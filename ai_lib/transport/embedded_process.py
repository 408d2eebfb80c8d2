"""llama.cpp's server as a child process: started, asked for its address, stopped. Sends no requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ai_lib.errors import ConfigurationError

__all__ = ["LlamaProcess"]

_PROGRAM = Path(__file__).with_name("embedded_server.py")
_STOP_SECONDS = 5.0
_LOG_LINES = 6
# So that Ctrl-C in a terminal reaches the parent alone, which then stops the child; on Windows also no console window.
_APART = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)


class LlamaProcess:
    """A server that is started by making this object and ends with it: by `stop()`, garbage collection or exit.

    It also ends when this process is killed, since that closes the pipe that the child reads. A fork may use the
    server, but only the process that started it can stop it.

    Args:
        settings: "model" (the weights' path), "model_alias" (names), "n_threads", and any further attribute of
            `xllamacpp.CommonParams`.

    Raises:
        ConfigurationError: There is no Python to start.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._owner = os.getpid()
        self._address: str | None = None
        self._reading = threading.Lock()
        # Files, not pipes: a pipe that nobody reads fills up and stalls the child, and one that is read needs a thread.
        self._announcement: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `_stop` closes it
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the same
        files = (self._announcement, self._log)
        try:
            self._child = _start(settings, *files)
        except OSError as exc:
            for file in files:
                file.close()
            raise ConfigurationError(
                f"the embedded model cannot be started with {sys.executable or 'no Python'!r}: {exc.strerror}",
                code="embedded_start_failed",
            ) from exc
        self._finalizer = weakref.finalize(self, _stop, self._child, files, self._owner)

    @property
    def is_mine(self) -> bool:
        """Whether this process started the server, and not one that was forked."""
        return self._owner == os.getpid()

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended; of a parent's server only the address is known, so it is taken to run."""
        return self._child.poll() is None if self.is_mine else self._address is not None

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def address(self) -> str | None:
        """Return the server's address, without a slash at the end, or None while it is starting.

        Raises:
            ConfigurationError: It ended before it was ready; the message has its last words.
        """
        if self._address is not None:
            return self._address
        with self._reading:
            if self._announcement.closed:  # by another thread, which found the address or stopped the process
                return self._address
            if os.fstat(self._announcement.fileno()).st_size:
                self._announcement.seek(0)
                self._address = self._announcement.read().decode().strip()
            elif self._child.poll() is not None:
                raise ConfigurationError(
                    f"the embedded model did not start (exit status {self._child.returncode}): {self._last_words()}",
                    code="embedded_start_failed",
                    hint="Check the weights and the free memory; `ai-lib local` tells which file is used",
                )
        return self._address

    def stop(self) -> None:
        """End the server and wait until it has ended. Calling it again does nothing."""
        self._finalizer()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").splitlines()
        return " | ".join(line.strip() for line in lines[-_LOG_LINES:] if line.strip()) or "it said nothing"


def _start(settings: Mapping[str, Any], announcement: IO[bytes], log: IO[bytes]) -> subprocess.Popen[bytes]:
    # -P, since the folder of the program, which Python would put first on the path, has an `http.py`. The parent's path
    # is sent instead, so that what it can import the child can import.
    child = subprocess.Popen(
        [sys.executable, "-P", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=announcement,
        stderr=log,
        start_new_session=True,
        creationflags=_APART,
    )
    assert child.stdin is not None
    with suppress(OSError):  # it has ended already; `address` tells why
        child.stdin.write(json.dumps({**settings, "sys_path": sys.path}).encode() + b"\n")
        child.stdin.flush()
    return child


def _stop(child: subprocess.Popen[bytes], files: tuple[IO[bytes], ...], owner: int) -> None:
    assert child.stdin is not None
    with suppress(OSError):  # settings that were never read
        child.stdin.close()
    for file in files:
        file.close()
    if os.getpid() != owner:
        child.returncode = 0  # a parent's child: nothing to wait for, nothing to warn of
        return
    child.terminate()  # closing the pipe does not suffice where a fork holds a copy of it
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
