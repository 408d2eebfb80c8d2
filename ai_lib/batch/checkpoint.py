"""The checkpoint of a batch: a file of finished responses, read when the batch is run again.

One JSON object a line. A line is written with one call and flushed to the disk before the response counts as saved, so
whatever ends the process leaves whole lines and at most one truncated one at the end, which the next run removes.
"""

from __future__ import annotations

import hashlib
import os
import threading
from decimal import Decimal
from pathlib import Path

from ai_lib.errors import ConfigurationError
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.serialize import from_json, to_json
from ai_lib.utils import json

__all__ = ["Checkpoint"]

_HEADER = {"ai_lib": "batch", "version": 1}


class Checkpoint:
    """The file of one batch, while it runs.

    A request is recognised by its content and the provider, and by the number of equal ones before it; not by its
    position, so requests may be added and moved between two runs.

    The file is created, readable by its owner only, if it does not exist. `provider` is the provider's id and address:
    the responses of another one do not count.

    Raises:
        ConfigurationError: The file cannot be written, is not a checkpoint, or another process is writing it.
    """

    def __init__(self, path: str | Path, provider: str) -> None:
        self._path = Path(path)
        self._provider = provider
        self._lock = threading.Lock()
        self._seen: dict[bytes, int] = {}
        self._saved: dict[str, tuple[int, int]] = {}
        self.failure: OSError | None = None
        """Why a response could not be saved."""
        try:
            # Not `open`: it would create a file that others may read.
            self._file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")
        except OSError as exc:
            raise ConfigurationError(f"the checkpoint {path} cannot be used: {exc.strerror or exc}") from exc
        try:
            self._acquire()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def key(self, request: ChatCompletionRequest) -> str:
        """Return the key of a request; call it once for each, in their order."""
        digest = hashlib.sha256(self._provider.encode() + b"\0" + to_json(request)).digest()[:16]
        count = self._seen.get(digest, 0)
        self._seen[digest] = count + 1
        return f"{digest.hex()}-{count}"

    def load(self, key: str) -> tuple[ChatCompletionResponse, Decimal | None] | None:
        """Return the response that an earlier run saved, with its cost; None if there is none."""
        if key not in self._saved:
            return None
        offset, size = self._saved[key]
        with self._lock:
            self._file.seek(offset)
            entry = json.loads(self._file.read(size))
        cost = entry.get("cost")
        response = from_json(json.dumps(entry["response"]), ChatCompletionResponse)
        return response, None if cost is None else Decimal(cost)

    def save(self, key: str, response: ChatCompletionResponse, cost: Decimal | None) -> None:
        """Write a response to the disk. An error is kept in `failure`, since this runs where no one catches it."""
        usd = None if cost is None else str(cost)
        line = b'{"key":%b,"cost":%b,"response":%b}\n' % (json.dumps(key), json.dumps(usd), to_json(response))
        try:
            with self._lock:
                self._file.seek(0, os.SEEK_END)
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as exc:
            self.failure = exc

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def _acquire(self) -> None:
        """Lock the file against other processes."""
        try:
            import fcntl
        except ImportError:  # pragma: no cover - Windows: avoiding two runs at once is up to the user
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise ConfigurationError(f"another process is writing the checkpoint {self._path}") from exc

    def _read(self) -> None:
        """Index the file, and write its header if it is empty."""
        offset = 0
        self._file.seek(0)
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):  # truncated by what ended the last run
                self._file.truncate(offset)
                break
            try:
                entry = json.loads(line)
                valid = entry == _HEADER if number == 0 else isinstance(entry["key"], str) and "response" in entry
            except (ValueError, LookupError, TypeError):
                valid = False
            if not valid:
                raise ConfigurationError(
                    f"{self._path}, line {number + 1}: not an entry of a batch checkpoint; "
                    "pass another file, or move this one away"
                )
            if number:
                self._saved[entry["key"]] = (offset, len(line))
            offset += len(line)
        if offset == 0:
            self._file.seek(0, os.SEEK_END)
            self._file.write(json.dumps(_HEADER) + b"\n")
            self._file.flush()
