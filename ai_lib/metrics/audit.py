"""A file with one line for each call, in which nothing can be changed or taken out unseen.

A line ends in the SHA-256 of all that stands before it in the line, and tells the hash of the line before. Cut off at
the end, the file is still a good chain, only shorter: whoever must see that keeps the number of lines elsewhere.
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
from ai_lib.metrics.json_record import facts_of
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
# The longest end of a line has 64 + 64 digits of hashes, 20 of its number and 40 of punctuation.
_LONGEST_END = 256
_HASH = len(',"hash":""}\n') + 64


class AuditLog:
    """Appends each call to a file when it is over, failed ones as well. Threads and processes may share the file.

    A line that a crash cut short stays as it is: the next one begins a new chain after it, and `verify` names it.

    Args:
        path: The file; it is made with mode 0600 where there is none.
        content: Write what was asked and answered as well, without what looks like a key.
        fsync: Wait until the disk has each line.

    Raises:
        ConfigurationError: The file cannot be written.
    """

    def __init__(self, path: FileName, *, content: bool = False, fsync: bool = False) -> None:
        self._path = Path(path)
        self._content = content
        self._fsync = fsync
        self._inbox = PerProcess(lambda: Inbox(self._append))
        try:
            with self._opened():
                pass
        except OSError as exc:
            raise ConfigurationError(f"the audit log cannot be written: {exc}") from exc

    def call_started(self, start: CallStart) -> EndCallback:  # noqa: ARG002 - a line is written when all is known
        """Return what writes the call's line."""
        return self._ended

    @staticmethod
    def verify(path: FileName) -> int:
        """Return the number of lines of a file, all of them good.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be read.
            ValueError: A line was changed, put in, moved, or cut short, or one before it was taken out; the message
                names the first such line.
        """
        previous, number = _FIRST.encode(), 0
        with Path(path).open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                end = _END.search(line[-_LONGEST_END:])
                if end is None or end[3].decode() != _hash_of(line[:-_HASH]):
                    raise ValueError(f"{path} line {number} was changed or cut short")
                if end[2] != previous or int(end[1]) != number:
                    raise ValueError(f"{path} line {number} does not follow the line before it")
                previous = end[3]
        return number

    def _ended(self, record: CallRecord) -> None:
        self._inbox().put(record)

    def _append(self, record: CallRecord) -> None:
        facts = facts_of(record, content=self._content)
        with self._opened() as file:
            size = os.fstat(file).st_size
            end = _read_end(file, size)
            found = _END.search(end)
            number, previous = (int(found[1]), found[3].decode()) if found else (0, _FIRST)
            body = json.dumps({**facts, "number": number + 1, "previous": previous})[:-1]
            line = body + f',"hash":"{_hash_of(body)}"}}\n'.encode()
            _write(file, line if found or not end or end.endswith(b"\n") else b"\n" + line, size)
            if self._fsync:
                os.fsync(file)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        # Anew for each line, so that the file may be moved away at any time.
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _lock(file, wait=True)
            yield file
        finally:
            # Closing is not enough: where another thread forks meanwhile, the child holds the file, and so the lock.
            _lock(file, wait=False)
            os.close(file)


def _lock(file: int, *, wait: bool) -> None:
    if flock is not None:  # pragma: no branch - as above
        flock(file, LOCK_EX if wait else LOCK_UN)


def _hash_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _read_end(file: int, size: int) -> bytes:
    os.lseek(file, max(0, size - _LONGEST_END), os.SEEK_SET)
    return os.read(file, _LONGEST_END)


def _write(file: int, line: bytes, size: int) -> None:
    """Write the whole line, or nothing where the disk is full."""
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        os.ftruncate(file, size)
        raise
