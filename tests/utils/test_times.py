"""Durations and dates in headers and messages."""

from datetime import UTC, datetime, timedelta

import pytest

from ai_lib.utils.times import parse_date, parse_duration, parse_seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("0.5", 0.5), (None, None), ("-1", None), ("nan", None), ("inf", None), ("soon", None)],
)
def test_seconds_are_a_finite_number_that_is_not_negative(value, seconds):
    assert parse_seconds(value) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1m26.4s", 86.4),
        ("2h", 7200.0),
        ("1 day", 86_400.0),
        ("250ms", 0.25),
        ("7.66 seconds. Visit the page", 7.66),
        ("12", 12.0),
        ("2026-01-02", None),
        ("soon", None),
    ],
)
def test_a_duration_is_read_with_its_units(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
        ("Wed, 21 Oct 2026 07:28:00", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
        ("2026-10-21T07:28:00Z", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
        ("2026-10-21T09:28:00+02:00", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
        ("tomorrow", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_without_a_zone_is_gmt(value, date):
    assert parse_date(value) == date


def test_a_date_keeps_its_zone():
    date = parse_date("2026-10-21T09:28:00+02:00")

    assert date is not None
    assert date.utcoffset() == timedelta(hours=2)
