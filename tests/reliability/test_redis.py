"""The Redis store of rate limits; what all stores have in common is in test_stores.py."""

from __future__ import annotations

import sys

import pytest

from ai_lib import ConfigurationError, RedisStore
from ai_lib.reliability.bucket import Bucket, Buckets

BUCKETS = Buckets((Bucket(rate=5.0, capacity=10.0), Bucket(rate=100.0, capacity=250.0)), adaptive=True, initial=0.9)


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
