"""Counts over a sliding window."""

from __future__ import annotations

import pytest

from ai_lib.reliability.window import Window


def test_a_window_forgets_what_is_older_and_stays_small():
    window = Window(10.0)

    for number in range(10_000):
        window.add(number * 0.01, failed=number % 2 == 0)

    calls, failures = window.counts(100.0)
    assert 900 <= calls <= 1100
    assert failures == pytest.approx(calls / 2, abs=60)
    assert len(window._slices) <= 11
