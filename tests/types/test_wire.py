"""HTTP requests, responses and their time limits."""

import pytest

from ai_lib import ConfigurationError, Timeout
from ai_lib.transport import HttpRequest


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "5"])
def test_a_time_limit_that_is_not_a_positive_number_is_refused(value):
    with pytest.raises(ConfigurationError, match="timeout connect must be a number of seconds > 0 or None, got"):
        Timeout(connect=value)


def test_none_is_no_time_limit():
    assert Timeout(total=None).total is None


def test_neither_headers_nor_body_are_in_the_repr_of_a_request():
    request = HttpRequest(url="https://example.com", headers={"authorization": "secret"}, body=b"secret")

    assert "secret" not in repr(request)
