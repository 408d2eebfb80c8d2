"""The SQLite store of rate limits; what all stores have in common is in test_stores.py."""

from __future__ import annotations

import contextlib
import sqlite3
import stat

import pytest

from ai_lib import SqliteStore
from ai_lib.reliability.bucket import Bucket, Buckets

BUCKETS = Buckets((Bucket(rate=5.0, capacity=10.0), Bucket(rate=100.0, capacity=250.0)), adaptive=True, initial=0.9)


def test_a_file_is_readable_for_its_user_alone(tmp_path):
    SqliteStore(tmp_path / "limits.db").apply("key", BUCKETS, "pause")

    assert stat.S_IMODE((tmp_path / "limits.db").stat().st_mode) == 0o600


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path):
    store = SqliteStore(tmp_path / "limits.db")

    with pytest.raises(KeyError):
        store.apply("key", BUCKETS, "no such step")

    assert store.apply("key", BUCKETS, "reserve", (1.0, 1.0), 0.0)[1]


def test_a_state_that_another_version_wrote_starts_afresh(tmp_path):
    store = SqliteStore(tmp_path / "limits.db")
    store.apply("key", BUCKETS, "throttle", 1000.0)
    with contextlib.closing(sqlite3.connect(tmp_path / "limits.db")) as other:
        other.execute("UPDATE limits SET state = '{\"other\": 1}'")
        other.commit()

    assert store.apply("key", BUCKETS, "pause") == 0.0
