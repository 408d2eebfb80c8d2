"""Rate limits reported in headers."""

from __future__ import annotations

import pytest

from ai_lib.providers.rate_limits import read_rate_limits
from ai_lib.types.limits import LimitStatus

DATE = {"date": "Sun, 22 Nov 2026 12:00:00 GMT"}
CASES = [
    # OpenAI, Groq: durations
    ({"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499", "x-ratelimit-reset-requests": "120ms",
      "x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"},
     {"requests": LimitStatus(500, 499, 0.12), "tokens": LimitStatus(30000, 0, 360.0)}),
    ({"x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14399",
      "x-ratelimit-reset-requests": "2m59.56s"}, {"requests": LimitStatus(14400, 14399, 179.56)}),
    # xAI: seconds since 1970
    ({**DATE, "x-ratelimit-limit-requests": "10", "x-ratelimit-reset-requests": "1795348830"},
     {"requests": LimitStatus(10, None, 30.0)}),
    # A time, as Anthropic tells it
    ({**DATE, "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49",
      "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:30Z",
      "anthropic-ratelimit-input-tokens-limit": "20000", "anthropic-ratelimit-output-tokens-remaining": "7"},
     {"requests": LimitStatus(50, 49, 30.0), "input_tokens": LimitStatus(20000), "output_tokens": LimitStatus(None, 7)}),
    # Cerebras: seconds left
    ({"x-ratelimit-limit-requests-day": "9", "x-ratelimit-reset-requests-day": "33011.382867",
      "x-ratelimit-remaining-tokens-minute": "5"}, {"requests": LimitStatus(9, None, 33011.382867), "tokens": LimitStatus(None, 5)}),
    # Mistral, Together
    ({"x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-tokens-minute": "1"},
     {"requests": LimitStatus(60), "tokens": LimitStatus(None, 1)}),
    ({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1", "x-tokenlimit-limit": "100"},
     {"requests": LimitStatus(10, 9, 1.0), "tokens": LimitStatus(100)}),
    # Azure where it does not know; a time without a Date to compare with; no limits at all
    ({"x-ratelimit-limit-requests": "-1", "x-ratelimit-remaining-requests": "-1"}, {"requests": LimitStatus()}),
    ({"anthropic-ratelimit-tokens-limit": "5", "anthropic-ratelimit-tokens-reset": "2026-11-22T12:00:30Z"},
     {"tokens": LimitStatus(5)}),
    ({"content-type": "application/json"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "expected"), CASES)
def test_limits_are_read_in_every_format(headers: dict[str, str], expected: dict[str, LimitStatus]) -> None:
    assert read_rate_limits(headers) == expected


@pytest.mark.parametrize("value", ["", "soon", "-3", "nan", "12 parsecs", "2026-99-99T00:00:00Z"])
def test_a_reset_that_cannot_be_read_is_none(value: str) -> None:
    headers = {"x-ratelimit-limit-requests": "1", "x-ratelimit-reset-requests": value, **DATE}

    assert read_rate_limits(headers) == {"requests": LimitStatus(1)}
