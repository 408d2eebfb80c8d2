"""A tamper-evident log: a file with one line for each call, in which no line can be changed or removed unnoticed.

A line ends with the SHA-256 of all that stands before it in the line, and contains the hash of the line before. Without
its last lines the file is still a valid chain, only shorter: to detect that, keep the number of lines elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_lib.api.metrics import CallRecord, CallStart, EndCallback
from ai_lib.errors import ConfigurationError
from ai_lib.metrics.record import to_dict
from ai_lib.utils import json
from ai_lib.utils.files import FileName
from ai_lib.utils.inbox import Inbox
from ai_lib.utils.process import PerProcess

try:
    from fcntl import LOCK_EX, LOCK_UN, flock
except ImportError:  # pragma: no cover - Windows, where one process at a time may write
    flock = None  # type: ignore[assignment]

__all__ = ["AuditLog"]

_FIRST = "0" * 64
_END = re.compile(rb'"number":([0-9]+),"previous":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\n\Z')
# The end of a line has up to 64 + 64 digits of hashes, 20 of its number and 40 of punctuation.
_MAX_END = 256
_HASH = len(',"hash":""}\n') + 64


class AuditLog:
    """Appends each call to a file when it has ended, failed ones included. Threads and processes may share the file.

    A line that a crash has truncated stays as it is: the next one starts a new chain, and `verify` reports it.

    Args:
        path: The file; it is created with mode 0600 if it does not exist.
        content: Whether to write prompts and answers, with what looks like a key masked.
        fsync: Whether to wait until each line is on the disk.

    Raises:
        ConfigurationError: The file cannot be written.
    """

    def __init__(self, path: FileName, *, content: bool = False, fsync: bool = False) -> None:
        self._path = Path(path)
        self._content = content
        self._fsync = fsync
        self._inbox = PerProcess(lambda: Inbox(self._append))
        try:
            with self._open():
                pass
        except OSError as exc:
            raise ConfigurationError(f"the audit log cannot be written: {exc}") from exc

    def call_started(self, start: CallStart) -> EndCallback:  # noqa: ARG002 - calls are written when they have ended
        """Return the function that writes the call's line."""
        return self._end

    @staticmethod
    def verify(path: FileName) -> int:
        """Return the number of lines of a file, after checking all of them.

        Raises:
            OSError: The file cannot be read.
            ValueError: A line was changed, inserted, moved or truncated, or one before it was removed; the message
                has the number of the first such line.
        """
        previous, number = _FIRST.encode(), 0
        with Path(path).open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                end = _END.search(line[-_MAX_END:])
                if end is None or end[3].decode() != _hash_of(line[:-_HASH]):
                    raise ValueError(f"{path} line {number} was changed or cut short")
                if end[2] != previous or int(end[1]) != number:
                    raise ValueError(f"{path} line {number} does not follow the line before it")
                previous = end[3]
        return number

    def _end(self, record: CallRecord) -> None:
        self._inbox().put(record)

    def _append(self, record: CallRecord) -> None:
        values = to_dict(record, content=self._content)
        with self._open() as file:
            size = os.fstat(file).st_size
            os.lseek(file, max(0, size - _MAX_END), os.SEEK_SET)
            end = os.read(file, _MAX_END)
            last = _END.search(end)
            number, previous = (int(last[1]), last[3].decode()) if last else (0, _FIRST)
            body = json.dumps({**values, "number": number + 1, "previous": previous})[:-1]
            line = body + f',"hash":"{_hash_of(body)}"}}\n'.encode()
            if not last and end and not end.endswith(b"\n"):
                line = b"\n" + line  # after a truncated line
            rest = memoryview(line)
            try:
                while rest:
                    rest = rest[os.write(file, rest) :]
            except OSError:  # the disk is full: the whole line or nothing
                os.ftruncate(file, size)
                raise
            if self._fsync:
                os.fsync(file)

    @contextmanager
    def _open(self) -> Iterator[int]:
        # Again for each line, so that the file may be moved away at any time.
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if flock is not None:  # pragma: no branch - as above
                flock(file, LOCK_EX)
            yield file
        finally:
            # Closing is not enough: if another thread forks meanwhile, the child holds the file, and so the lock.
            if flock is not None:  # pragma: no branch - as above
                flock(file, LOCK_UN)
            os.close(file)


def _hash_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
