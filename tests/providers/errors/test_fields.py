"""The fields of error objects of every shape seen, the time to wait, and redaction."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.providers.errors.fields import (
    ErrorFields,
    read_error_fields,
    read_retry_after,
    redact,
)

SHAPES = [
    ({"error": {"message": "m", "type": "t", "param": None, "code": "c"}}, ErrorFields(message="m", codes=("c", "t"))),
    ({"error": {"message": "m", "code": 404}}, ErrorFields(message="m", codes=("404",), status=404)),
    ({"error": {"message": "m", "code": "1113"}}, ErrorFields(message="m", codes=("1113",))),
    ({"error": "m"}, ErrorFields(message="m")),
    ({"error": "m", "code": "c"}, ErrorFields(message="m", codes=("c", "c"))),
    ({"error": "m", "error_type": "t"}, ErrorFields(message="m", codes=("t",))),
    ({"message": "m", "type": "t", "code": "c"}, ErrorFields(message="m", codes=("c", "t"))),
    ({"object": "error", "message": "m", "code": 400}, ErrorFields(message="m", codes=("400",), status=400)),
    ({"detail": "m"}, ErrorFields(message="m")),
    ({"detail": {"error": "m", "code": "c"}}, ErrorFields(message="m", codes=("c",))),
    ({"detail": [{"loc": ["body"], "msg": "m", "type": "t"}]}, ErrorFields(message="m", codes=("t",))),
    ({"base_resp": {"status_code": 1008, "status_msg": "m"}}, ErrorFields(message="m", codes=("1008",))),
    ({"success": False, "errors": [{"code": 5007, "message": "m"}]}, ErrorFields(message="m", codes=("5007",))),
    ({"errors": ["m"]}, ErrorFields(message="m")),
    ([{"error": {"code": 429, "message": "m", "status": "S"}}], ErrorFields(message="m", codes=("429", "S"), status=429)),
    ({"type": "error", "error": {"type": "t", "message": "m"}, "request_id": "r"},
     ErrorFields(message="m", codes=("t",), request_id="r")),
    ({"code": 11200, "message": "m", "sid": "s"}, ErrorFields(message="m", codes=("11200",), request_id="s")),
    ({"error": {"message": "m", "code": "c", "innererror": {"code": "i"}}}, ErrorFields(message="m", codes=("i", "c"))),
    ({"error": {"message": "m", "code": 400, "metadata": {"provider_code": "p"}}},
     ErrorFields(message="m", codes=("p", "400"), status=400)),
    ({"error": {"message": {"en": "m"}}}, ErrorFields(message='{"en":"m"}')),
    ({"error": {"message": "two\n  lines"}}, ErrorFields(message="two lines")),
    ("plain text", ErrorFields(message="plain text")),
    ([], ErrorFields()),
    ({}, ErrorFields()),
    (None, ErrorFields()),
    (7, ErrorFields(message="7")),
    ({"error": {"message": "m", "code": "²"}}, ErrorFields(message="m", codes=("²",))),
    ({"error": {"message": "m", "code": {"a": 1}, "type": ["t"]}}, ErrorFields(message="m")),
    ({"error": {"message": "m", "details": 5}}, ErrorFields(message="m")),
    ({"error": {"message": "m", "code": "9" * 5000}}, ErrorFields(message="m", codes=("9" * 5000,))),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "expected"), SHAPES, ids=lambda value: str(value)[:60])
def test_an_error_object_of_any_shape_is_read(payload: Any, expected: ErrorFields) -> None:
    assert read_error_fields(payload) == expected


DATE = {"date": "Wed, 21 Oct 2026 07:28:00 GMT"}


WAITS = [
    ({"retry-after": "12"}, 12.0),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after": "1.5"}, 1.5),
    ({"retry-after-ms": "250"}, 0.25),
    ({"retry-after-ms": "1500.5", "retry-after": "9"}, 1.5005),
    ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", **DATE}, 30.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:30", **DATE}, 30.0),
    ({"retry-after": "Wednesday, 21-Oct-26 07:28:30 GMT", **DATE}, 30.0),
    ({"retry-after": "Wed Oct 21 07:28:30 2026", **DATE}, 30.0),
    ({"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200", **DATE}, 30.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", **DATE}, 0.0),
    ({"retry-after": "-5"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "tomorrow"}, None),
    ({"retry-after": "Wed, 99 Oct 2026 99:99:99 GMT"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS, ids=str)
def test_a_wait_is_read_in_every_format(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_a_date_without_a_date_header_counts_from_when_the_response_came() -> None:
    headers = {"retry-after": "Thu, 01 Jan 1970 00:01:30 GMT"}

    assert read_retry_after(headers, received_at=60.0) == 30.0
    assert read_retry_after(headers) is None


def test_a_date_without_a_zone_does_not_depend_on_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()

    try:
        seconds = read_retry_after({"retry-after": "Wed Oct 21 07:28:30 2026", **DATE})
    finally:
        monkeypatch.undo()
        time.tzset()

    assert seconds == 30.0


WORDS = [
    ("Please try again in 5.289s. Visit https://x", 5.289),
    ("Please try again in 340ms.", 0.34),
    ("Please try again in 250 milliseconds", 0.25),
    ("Please try again in 1m26.4s.", 86.4),
    ("Please try again in 6m0s", 360.0),
    ("try again in 1h2m3s", 3723.0),
    ("try again in 2 days", 172800.0),
    ("Please retry after 12 seconds.", 12.0),
    ("Please retry after 1 minute", 60.0),
    ("Please retry after 30", 30.0),
    ("Your rate limit resets in ~30s", 30.0),
    ("Retry After 3 secs", 3.0),
    ("try again in 3 business days", None),
    ("retry after 2026-10-21 07:28:30", None),
    ("please try again later", None),
    ("try again in a moment", None),
]


@pytest.mark.parametrize(("message", "seconds"), WORDS)
def test_a_wait_is_read_from_the_message(message: str, seconds: float | None) -> None:
    found = read_error_fields({"error": {"message": message}}).retry_after

    assert found == (pytest.approx(seconds) if seconds is not None else None)


def test_a_wait_is_read_from_googles_retry_info() -> None:
    details = [{"@type": "x.QuotaFailure"}, {"@type": "google.rpc.RetryInfo", "retryDelay": "34.4s"}]

    assert read_error_fields({"error": {"message": "try again in 9s", "details": details}}).retry_after == 34.4


@settings(deadline=None, max_examples=100)
@given(value=st.text(max_size=30), date=st.text(max_size=30))
def test_any_header_can_be_read(value: str, date: str) -> None:
    seconds = read_retry_after({"retry-after": value, "retry-after-ms": date, "date": date}, received_at=0.0)

    assert seconds is None or 0 <= seconds < float("inf")


def test_a_key_whose_slash_is_escaped_is_redacted() -> None:
    assert redact('{"key": "ab\\/cd\\/ef"}', ("ab/cd/ef",)) == '{"key": "***"}'


def test_a_short_secret_is_left_because_it_would_replace_ordinary_text() -> None:
    assert redact("a b c", ("b",)) == "a b c"


@pytest.mark.parametrize("length", [10, 11, 4000])
def test_what_is_redacted_is_cut_to_the_limit(length: int) -> None:
    found = redact("x" * length, (), 10)

    assert found == ("x" * 10 if length == 10 else "x" * 7 + "...")


def google(*details: Any) -> dict[str, Any]:
    return {"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED", "details": list(details)}}


@pytest.mark.parametrize(
    ("details", "codes"),
    [
        ([], ("429", "RESOURCE_EXHAUSTED")),
        ([{"reason": "API_KEY_INVALID"}], ("API_KEY_INVALID", "429", "RESOURCE_EXHAUSTED")),
        (
            [{"reason": "RATE_LIMIT_EXCEEDED"}, {"violations": [{"quotaId": "RequestsPerDayPerModel"}]}],
            ("insufficient_quota", "RATE_LIMIT_EXCEEDED", "429", "RESOURCE_EXHAUSTED"),
        ),
        ([{"violations": [{"quotaId": "RequestsPerMinute"}, {"x": 1}, None]}], ("429", "RESOURCE_EXHAUSTED")),
        ([None, "x", {"reason": {"a": 1}}, {"violations": "x"}], ("429", "RESOURCE_EXHAUSTED")),
    ],
)
def test_what_the_details_name_is_more_specific_than_the_status(details: list[Any], codes: tuple[str, ...]) -> None:
    assert read_error_fields(google(*details)).codes == codes
