"""Wherever a limit's state is kept, the same steps have the same results."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import pickle
import sqlite3
import stat
import sys

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_lib import ConfigurationError, RateLimit
from ai_lib.api.limits import StoreUnavailableError
from ai_lib.reliability import RateLimiter, RedisStore, SqliteStore
from ai_lib.reliability.bucket import Bucket, Buckets
from ai_lib.reliability.rate_limiter import MemoryStore
from ai_lib.testing import FakeClock

BUCKETS = Buckets((Bucket(rate=5.0, capacity=10.0), Bucket(rate=100.0, capacity=250.0)), adaptive=True, initial=0.9)
NUMBERS = st.floats(0, 500, allow_nan=False)
AMOUNTS = st.tuples(st.floats(0, 12), NUMBERS)
STEPS = st.one_of(
    st.tuples(st.just("reserve"), AMOUNTS, st.floats(0, 100)),
    st.tuples(st.just("reserve"), AMOUNTS, st.just(float("inf"))),
    st.tuples(st.just("credit"), st.tuples(st.floats(-5, 5), st.floats(-100, 100))),
    st.tuples(st.just("throttle"), st.floats(0, 60)),
    st.tuples(st.just("speed_up")),
    st.tuples(st.just("adopt"), st.tuples(st.none() | st.floats(0, 10), st.none() | NUMBERS), st.floats(0, 60)),
    st.tuples(st.just("pause")),
)
SEQUENCES = st.lists(st.tuples(st.floats(-1, 30), STEPS), max_size=25)
# The stores outlive an example; its key does not.
NUMBER = itertools.count()
settings.register_profile("stores", suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def results(sequence, store, clock_of) -> tuple[list, list]:
    """Return what memory makes of the steps, and what the store does."""
    expected, got = [], []
    key = f"sequence {next(NUMBER)}"
    time = FakeClock(now=1_700_000_000.0)
    own = MemoryStore(time.clock())
    for passed, (operation, *arguments) in sequence:
        time.now += passed
        clock_of(time)
        for kept, results_of in ((own, expected), (store, got)):
            result = kept.apply(key, BUCKETS, operation, *arguments)
            results_of.extend(result if isinstance(result, tuple) else [result])
    return expected, got


@settings(settings.get_profile("stores"), deadline=None)
@given(sequence=SEQUENCES)
def test_a_file_counts_as_memory_does(sequence, tmp_path):
    time = FakeClock()
    store = SqliteStore(tmp_path / "limits.db", clock=time.clock())

    expected, got = results(sequence, store, lambda now: setattr(time, "now", now.now))

    assert got == pytest.approx(expected, abs=1e-5)


@settings(settings.get_profile("stores"), deadline=None)
@given(sequence=SEQUENCES)
def test_redis_counts_as_memory_does(sequence, redis_url):
    store = RedisStore(redis_url)

    expected, got = results(sequence, store, lambda now: setattr(store, "_now", now.now))

    assert got == pytest.approx(expected, abs=1e-5)


@pytest.fixture(params=["file", "redis"])
def stores(request, tmp_path):
    """Make stores that share their state."""
    if request.param == "file":
        return lambda: SqliteStore(tmp_path / "limits.db")
    url = request.getfixturevalue("redis_url")
    prefix = f"test-{tmp_path.name}"
    return lambda: RedisStore(url, prefix=prefix)


def test_two_stores_of_the_same_place_share_a_limit_and_other_names_do_not(stores):
    limit = RateLimit.per_minute(1, burst=1, name="shared")

    first = RateLimiter(attrs.evolve(limit, store=stores())).try_acquire()
    second = RateLimiter(attrs.evolve(limit, store=stores())).try_acquire()
    other = RateLimiter(attrs.evolve(limit, store=stores(), name="other")).try_acquire()

    assert first is not None
    assert second is None
    assert other is not None


def test_a_limit_of_another_shape_starts_afresh(stores):
    one = Buckets((Bucket(1.0, 1.0),))

    stores().apply("key", one, "reserve", (1.0,), 0.0)
    wait, taken, _ = stores().apply("key", BUCKETS, "reserve", (1.0, 1.0), 0.0)

    assert (wait, taken) == (0.0, True)


def test_a_store_can_be_pickled_and_shows_no_address(stores):
    store = stores()

    copied = pickle.loads(pickle.dumps(store))
    store.apply("key", BUCKETS, "throttle", 100.0)

    assert copied.apply("key", BUCKETS, "pause") == pytest.approx(100.0, abs=5.0)
    assert "redis://" not in repr(store)


def test_a_forked_child_goes_on_with_the_same_state(stores):
    store = stores()
    store.apply("key", BUCKETS, "throttle", 100.0)

    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if store.apply("key", BUCKETS, "pause") > 50 else 2
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.apply("key", BUCKETS, "pause") > 50


def test_a_file_is_readable_for_its_user_alone(tmp_path):
    SqliteStore(tmp_path / "limits.db").apply("key", BUCKETS, "pause")

    assert stat.S_IMODE((tmp_path / "limits.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "store",
    [
        lambda folder: SqliteStore(folder / "missing" / "limits.db"),
        lambda _: pytest.importorskip("redis") and RedisStore("redis://127.0.0.1:9/0"),
    ],
    ids=["file", "redis"],
)
def test_an_unreachable_store_is_logged_and_the_limit_continues_in_the_process(store, tmp_path, caplog):
    unreachable = store(tmp_path)

    with pytest.raises(StoreUnavailableError):
        unreachable.apply("key", BUCKETS, "pause")
    with caplog.at_level(logging.WARNING):
        limiter = RateLimiter(RateLimit.per_minute(1, burst=1, store=unreachable))
        taken = [limiter.try_acquire() is not None for _ in range(2)]

    assert taken == [True, False]
    assert "limiting in this process only" in caplog.text


def test_an_invalid_address_is_refused_at_once():
    pytest.importorskip("redis")

    with pytest.raises(ConfigurationError, match="must begin with redis://"):
        RedisStore("127.0.0.1:6379")


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ConfigurationError, match=r'pip install "ai-lib\[redis\]"'):
        RedisStore("redis://127.0.0.1:6379/0")


def test_a_given_redis_client_is_used(redis_url):
    import redis

    own = redis.Redis.from_url(redis_url)
    store = RedisStore(own, prefix="own")

    store.apply("key", BUCKETS, "throttle", 50.0)

    assert own.exists("own:limit:key")
    own.close()


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
