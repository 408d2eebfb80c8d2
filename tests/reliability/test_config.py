"""The presets have the numbers that are written down."""

from __future__ import annotations

import pytest

from ai_lib import ResilienceConfig

PRESETS = {
    "default": ((5, 30.0, 3), (10.0, 20.0, False), 100, (0.10, 5, 60.0)),
    "development": ((10, 15.0, 5), (20.0, 50.0, False), 200, None),
    "production": ((3, 60.0, 2), (5.0, 10.0, True), 50, (0.05, 3, 30.0)),
    "conservative": ((2, 120.0, 5), (2.0, 5.0, True), 10, (0.10, 5, 60.0)),
}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_its_numbers(name):
    breaker, rate, concurrency, monitor = PRESETS[name]

    config = getattr(ResilienceConfig, name)()

    policy, limit = config.breaker, config.rate_limit
    bucket = limit.buckets().items[0]
    assert (policy.failure_threshold, policy.recovery_timeout, policy.success_threshold) == breaker
    assert (bucket.rate, bucket.capacity, limit.adaptive) == rate
    assert config.concurrency.max_concurrent == concurrency
    thresholds = config.monitor
    assert monitor == (thresholds and (thresholds.error_rate, thresholds.consecutive, thresholds.window))


def test_none_retries_never_and_the_default_retries_twice():
    assert ResilienceConfig.none().retry is None
    assert ResilienceConfig().retry.max_retries == 2
    assert ResilienceConfig().breaker is None


def test_parts_of_a_preset_can_be_changed():
    changed = ResilienceConfig.production().with_changes(breaker=None)

    assert changed.breaker is None
    assert changed.concurrency == ResilienceConfig.production().concurrency
