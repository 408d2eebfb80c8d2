"""Rate limits that the processes of one machine share, in a file, without a server."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import attrs

from ai_lib.api.limits import StoreUnavailableError
from ai_lib.reliability.bucket import OPERATIONS, Buckets, BucketState
from ai_lib.utils import json
from ai_lib.utils.clock import SYSTEM_CLOCK, Clock
from ai_lib.utils.process import PerProcess

__all__ = ["SqliteStore"]

# Longer than any step takes, also when many processes want the file at once.
_BUSY_SECONDS = 5.0
_SETUP = (
    # Readers and one writer side by side, and a process that is killed leaves nothing half written.
    "PRAGMA journal_mode=WAL",
    # A limit need not survive a power cut.
    "PRAGMA synchronous=OFF",
    "CREATE TABLE IF NOT EXISTS limits (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
)


class SqliteStore:
    """Keeps the state of rate limits in a SQLite file: each step is one transaction.

    Args:
        path: The file; it is made when it is first used, readable for this user only. Its folder must exist and must
            not be on a network drive.
        clock: The time; here it is `wall` that counts, since all processes must agree on it.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._path = os.fspath(path)
        self._clock = clock
        # A connection of the parent must be neither used nor closed in a forked child.
        self._file: PerProcess[_File] = PerProcess(lambda: _File(self._path))

    def apply(self, key: str, buckets: Buckets, operation: str, *arguments: Any) -> Any:
        """Do one operation.

        Raises:
            StoreUnavailableError: The file cannot be used just now.
        """
        file = self._file()
        with file.lock:
            try:
                return self._in_transaction(file, key, buckets, operation, arguments)
            except sqlite3.Error as exc:
                file.forget()
                raise StoreUnavailableError(f"{self._path}: {exc}") from exc

    def _in_transaction(
        self, file: _File, key: str, buckets: Buckets, operation: str, arguments: tuple[Any, ...]
    ) -> Any:
        connection = file.connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Only now: a transaction may have had to wait.
            now = self._clock.wall()
            row = connection.execute("SELECT state FROM limits WHERE name = ?", (key,)).fetchone()
            state = _state_of(row, buckets) or buckets.fresh(now)
            state.refill(buckets, now)
            result = OPERATIONS[operation](buckets, state, now, *arguments)
            connection.execute("REPLACE INTO limits VALUES (?, ?)", (key, json.dumps(attrs.asdict(state))))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self._path, "clock": self._clock}

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self.__init__(settings["path"], clock=settings["clock"])  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"SqliteStore({self._path!r})"


def _state_of(row: tuple[bytes] | None, buckets: Buckets) -> BucketState | None:
    if row is None:
        return None
    try:
        state = BucketState(**json.loads(row[0]))
    except (TypeError, ValueError):  # written by another version
        return None
    return state if len(state.levels) == len(buckets.each) else None


class _File:
    """One process's connection to the file."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()  # re-entrant: a dropped stream ends wherever the garbage collector runs
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def connection(self) -> sqlite3.Connection:
        """Return the connection, made when it is first wanted; the caller holds the lock."""
        if self._connection is None:
            if not Path(self._path).exists():
                # SQLite would make a file that everybody can read.
                with _refused_as_sqlite_does():
                    os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            made = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            for statement in _SETUP:
                made.execute(statement)
            self._connection = made
        return self._connection

    def forget(self) -> None:
        """Have the next step open the file anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _refused_as_sqlite_does:  # noqa: N801 - a context manager, used like a function
    """Turn what the operating system refuses into SQLite's error for the same."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise sqlite3.OperationalError(str(error)) from error
