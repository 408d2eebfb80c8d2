"""Failures that are too many are told, once."""

from __future__ import annotations

from typing import Any

import pytest

from ai_lib import AiLibError, CancelledError, ConfigurationError
from ai_lib.reliability import ErrorAlert, ErrorThresholds
from ai_lib.reliability.monitor import ErrorMonitor
from ai_lib.reliability.window import Window
from ai_lib.testing import FakeClock

ERROR = AiLibError("x")


def monitor_of(**fields: Any) -> tuple[ErrorMonitor, FakeClock, list[ErrorAlert]]:
    time, alerts = FakeClock(), []
    return ErrorMonitor(ErrorThresholds(on_alert=alerts.append, **fields), "gw", time.clock()), time, alerts


def test_consecutive_failures_alert_once():
    monitor, _, alerts = monitor_of(consecutive=5)

    for _ in range(9):
        monitor.record_failure(ERROR)

    assert [(one.reason, one.consecutive, one.failures) for one in alerts] == [("consecutive", 5, 5)]
    assert alerts[0].last_error is ERROR


def test_a_success_resets_the_consecutive_failures():
    monitor, _, alerts = monitor_of(consecutive=5, error_rate=1.0)

    for _ in range(5):
        for _ in range(4):
            monitor.record_failure(ERROR)
        monitor.record_success()

    assert alerts == []


def test_an_error_rate_alerts_only_after_enough_calls():
    monitor, _, alerts = monitor_of(error_rate=0.1, consecutive=100, min_calls=10)

    monitor.record_failure(ERROR)
    for _ in range(18):
        monitor.record_success()
    told_early = list(alerts)
    monitor.record_failure(ERROR)

    assert told_early == []
    assert [(one.reason, one.error_rate) for one in alerts] == [("error_rate", 0.1)]


def test_the_next_alert_comes_only_after_a_quiet_window():
    monitor, time, alerts = monitor_of(consecutive=1, window=60.0)

    for _ in range(5):
        monitor.record_failure(ERROR)
        time.now += 30.0
    told_while_it_lasts = len(alerts)
    time.now += 61.0
    monitor.record_failure(ERROR)

    assert (told_while_it_lasts, len(alerts)) == (1, 2)


def test_a_cancelled_call_is_not_a_failure():
    monitor, _, alerts = monitor_of(consecutive=1)

    monitor.record_failure(CancelledError("x"))

    assert alerts == []


def test_a_callback_that_raises_is_logged_and_breaks_nothing(caplog):
    def broken(alert: ErrorAlert) -> None:
        raise ValueError("oops")

    ErrorMonitor(ErrorThresholds(consecutive=1, on_alert=broken), "gw", FakeClock().clock()).record_failure(ERROR)

    assert "on_alert raised" in caplog.text


def test_without_a_callback_it_is_a_warning_in_the_log(caplog):
    ErrorMonitor(ErrorThresholds(consecutive=1), "gw", FakeClock().clock()).record_failure(ERROR)

    assert "gw: 1 of the last 1 calls failed, 1 in a row; last: x" in caplog.text


@pytest.mark.parametrize("fields", [{"error_rate": 0}, {"consecutive": 0}, {"window": 0}, {"min_calls": 0}])
def test_invalid_thresholds_are_refused(fields):
    with pytest.raises(ConfigurationError, match="must be a"):
        ErrorThresholds(**fields)


def test_a_window_forgets_what_is_older_and_stays_small():
    window = Window(10.0)

    for number in range(10_000):
        window.add(number * 0.01, failed=number % 2 == 0)

    calls, failures = window.counts(100.0)
    assert 900 <= calls <= 1100
    assert failures == pytest.approx(calls / 2, abs=60)
    assert len(window._slices) <= 11
