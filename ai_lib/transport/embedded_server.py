"""The child process of the embedded model: llama.cpp's server, until standard input closes.

A file to be run, not a module to be imported: so the child is spared the import of the whole library, and nobody else
ever imports xllamacpp. It reads its settings from one line of standard input, where no other user of the machine sees
the key, and writes one line to standard output when it is ready; see `embedded_process.py` for the other side.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Serve until the other end of standard input is closed, be it by intent or by the parent's death."""
    announcement = os.dup(1)
    os.dup2(2, 1)  # what llama.cpp prints belongs to the log
    settings: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = settings.pop("sys_path")
    server = _server(settings)
    address: str = server.listening_address
    _wait_until_healthy(address)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.write(announcement, f"{address}\n".encode())
    os.close(announcement)
    sys.stdin.buffer.read()
    os._exit(0)  # there is nothing to save, and llama.cpp's own end may wait for an answer that nobody reads


def _server(settings: dict[str, Any]) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings.pop("model")
    parameters.cpuparams.n_threads = settings.pop("n_threads")
    parameters.model_alias = set(settings.pop("model_alias"))
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    for name, value in settings.items():
        setattr(parameters, name, value)
    return xllamacpp.Server(parameters)


def _wait_until_healthy(address: str) -> None:
    host = address.rpartition("/")[2]
    while True:
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("GET", "/health")
        if connection.getresponse().status == http.HTTPStatus.OK:
            return
        connection.close()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
