"""A file of finished answers: appended to as they come, read when the batch is run again.

One JSON object a line. A line is written with one call and flushed to the disk before the answer counts as kept, so
whatever ends the process leaves whole lines and at most one torn one at the end, which is cut off on the next run.
"""

from __future__ import annotations

import hashlib
import os
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

from ai_lib.errors import ConfigurationError
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.serialize import from_json, to_json
from ai_lib.utils import json

__all__ = ["Checkpoint"]

_HEAD = {"ai_lib": "batch", "version": 1}


class Checkpoint:
    """The file of one batch, while it runs.

    A request is known again by its content and the provider, and by how many equal ones came before it; not by its
    place, so requests may be added and moved between two runs.

    Args:
        path: The file; it is made, readable by its owner only, where there is none.
        provider: The provider's id and address: an answer of another one is another answer.

    Raises:
        ConfigurationError: The file cannot be written, is no checkpoint, or another process is writing it.
    """

    def __init__(self, path: str | Path, provider: str) -> None:
        self._path = Path(path)
        self._provider = provider
        self._lock = threading.Lock()
        self._seen: dict[bytes, int] = {}
        self._kept: dict[str, tuple[int, int]] = {}
        self.failure: OSError | None = None
        """Why an answer could not be kept."""
        try:
            # Not `open`: it would make a file that others may read.
            self._file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")
        except OSError as exc:
            raise ConfigurationError(f"the checkpoint {path} cannot be used: {exc.strerror or exc}") from exc
        try:
            self._own()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def key(self, request: ChatCompletionRequest) -> str:
        """Return what a request is known by; call it once for each, in their order."""
        digest = hashlib.sha256(self._provider.encode() + b"\0" + to_json(request)).digest()[:16]
        before = self._seen.get(digest, 0)
        self._seen[digest] = before + 1
        return f"{digest.hex()}-{before}"

    def load(self, key: str) -> tuple[ChatCompletionResponse, Decimal | None] | None:
        """Return the answer that an earlier run kept, with its cost; None where there is none."""
        place = self._kept.get(key)
        if place is None:
            return None
        with self._lock:
            self._file.seek(place[0])
            entry = json.loads(self._file.read(place[1]))
        cost = entry.get("cost")
        response = from_json(json.dumps(entry["response"]), ChatCompletionResponse)
        return response, None if cost is None else Decimal(cost)

    def save(self, key: str, response: ChatCompletionResponse, cost: Decimal | None) -> None:
        """Write an answer to the disk. What goes wrong is on `failure`, since this runs where nobody catches it."""
        told = None if cost is None else str(cost)
        line = b'{"key":%b,"cost":%b,"response":%b}\n' % (json.dumps(key), json.dumps(told), to_json(response))
        try:
            with self._lock:
                self._file.seek(0, os.SEEK_END)
                self._file.write(line)
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as exc:
            self.failure = exc

    def close(self) -> None:
        """End writing."""
        with self._lock:
            self._file.close()

    # --- opening it

    def _own(self) -> None:
        try:
            import fcntl
        except ImportError:  # pragma: no cover - Windows: two runs at once are the user's own care
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise ConfigurationError(f"another process is writing the checkpoint {self._path}") from exc

    def _read(self) -> None:
        offset = 0
        self._file.seek(0)
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):  # torn by what ended the last run
                self._file.truncate(offset)
                break
            entry = self._entry(line, number)
            if number:
                self._kept[entry["key"]] = (offset, len(line))
            offset += len(line)
        if offset == 0:
            self._file.seek(0, os.SEEK_END)
            self._file.write(json.dumps(_HEAD) + b"\n")
            self._file.flush()

    def _entry(self, line: bytes, number: int) -> Any:
        try:
            entry = json.loads(line)
            good = entry == _HEAD if number == 0 else isinstance(entry["key"], str) and "response" in entry
        except (ValueError, LookupError, TypeError):
            good = False
        if not good:
            raise ConfigurationError(
                f"{self._path}, line {number + 1}: no entry of a batch's checkpoint; name another file, or move it away"
            )
        return entry
