"""Rate limits that the processes of one machine share, in a file, without a server."""

from __future__ import annotations

import os
import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ai_lib.api.limits import StoreUnavailableError
from ai_lib.reliability.bucket import Buckets, BucketState
from ai_lib.utils import json
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

__all__ = ["SqliteStore"]

# Longer than any step takes, also when many processes want the file at once.
_BUSY_SECONDS = 5.0
_SETUP = (
    # Readers and one writer work side by side, and a process that is killed leaves nothing half written.
    "PRAGMA journal_mode=WAL",
    # A limit need not survive a power cut.
    "PRAGMA synchronous=OFF",
    "CREATE TABLE IF NOT EXISTS limits (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
)


class SqliteStore:
    """Keeps the state of rate limits in a SQLite file: each step is one transaction.

    Args:
        path: The file; it is created on first use, readable by its owner only. Its directory must exist and must not
            be on a network drive.
        clock: The time; `wall` counts here, since all processes must agree on it.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._path = os.fspath(path)
        self._clock = clock
        # A connection of the parent must be neither used nor closed in a forked child.
        self._file: PerProcess[_File] = PerProcess(lambda: _File(self._path))

    def apply(self, key: str, buckets: Buckets, operation: str, *arguments: Any) -> Any:
        """Perform one operation; see `LimitStore`.

        Raises:
            StoreUnavailableError: The file cannot be used now.
        """
        file = self._file()
        with file.lock:
            try:
                connection = file.connect()
                connection.execute("BEGIN IMMEDIATE")
                with connection:  # commits, or rolls back what an exception interrupts
                    # Not before: a transaction may have had to wait.
                    now = self._clock.wall()
                    row = connection.execute("SELECT state FROM limits WHERE name = ?", (key,)).fetchone()
                    state = _load(row, buckets) or buckets.fresh(now)
                    result = state.apply(buckets, now, operation, arguments)
                    connection.execute("REPLACE INTO limits VALUES (?, ?)", (key, json.dumps(attrs.asdict(state))))
            except (sqlite3.Error, OSError) as exc:
                file.disconnect()
                raise StoreUnavailableError(f"{self._path}: {exc}") from exc
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), clock=self._clock), (self._path,)

    def __repr__(self) -> str:
        return f"SqliteStore({self._path!r})"


def _load(row: tuple[bytes] | None, buckets: Buckets) -> BucketState | None:
    """Return the state in a row; None if there is none, or one that another version or another limit wrote."""
    if row is None:
        return None
    try:
        state = BucketState(**json.loads(row[0]))
    except (TypeError, ValueError):
        return None
    return state if len(state.levels) == len(buckets.items) else None


class _File:
    """One process's connection to the file."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def connect(self) -> sqlite3.Connection:
        """Return the connection, opened on first use; the caller holds the lock."""
        if self._connection is None:
            if not Path(self._path).exists():
                # SQLite would create a file that everybody can read.
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            for statement in _SETUP:
                connection.execute(statement)
            self._connection = connection
        return self._connection

    def disconnect(self) -> None:
        """Close the connection, so that the next step opens the file again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
