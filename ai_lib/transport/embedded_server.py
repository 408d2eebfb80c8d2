"""The child process of the embedded model: llama.cpp's HTTP server on the loopback interface.

Run by `embedded.py` as a script, so that it starts without the rest of the library. The first line of its standard
input is the settings as JSON; when the input ends, because the parent closed it or died, the process ends.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

__all__ = ["serve"]


def serve(settings: dict[str, Any]) -> None:
    """Serve the model until standard input ends.

    Args:
        settings: `weights` (path), `port`, `api_key`, `template` (a string or None), `alias`, `threads`, and under
            `parameters` more attributes of llama.cpp's common parameters.
    """
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["weights"]
    parameters.model_alias = {settings["alias"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = settings["port"]
    parameters.api_keys = [settings["api_key"]]
    parameters.use_jinja = True
    parameters.cpuparams.n_threads = settings["threads"]
    if settings["template"]:
        parameters.chat_template = settings["template"]
    for name, value in settings["parameters"].items():
        setattr(parameters, name, value)
    server = xllamacpp.Server(parameters)
    # After the start no one reads what llama.cpp logs.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdin.read()
    del server
    os._exit(0)  # a regular exit runs llama.cpp's own shutdown, which is slow and not needed


if __name__ == "__main__":
    serve(json.loads(sys.stdin.readline()))
