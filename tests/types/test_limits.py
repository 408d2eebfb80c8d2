"""The value of one rate limit."""

import pytest

from ai_lib.types.limits import LimitStatus


@pytest.mark.parametrize(
    ("status", "wait"),
    [
        (LimitStatus(60, 0, 12.0), 12.0),
        (LimitStatus(60, 0, 60.0), 1.0),
        (LimitStatus(600, 0, 59.9), pytest.approx(0.1, abs=0.01)),
        (LimitStatus(14400, 0, 86400.0), 6.0),
        (LimitStatus(60, 1, 12.0), 0.0),
        (LimitStatus(60, 0, None), 0.0),
        (LimitStatus(None, 0, 60.0), 60.0),
    ],
)
def test_an_empty_bucket_is_told_apart_from_a_window_that_is_used_up(status, wait):
    assert status.wait == wait
