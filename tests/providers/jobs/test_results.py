"""What became of each request: every request has an answer or an error, in the order of the requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import CancelledError, InvalidRequestError, ProviderConfig, ProviderError, RateLimitError
from ai_lib.errors import InvalidResponseError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.jobs.format import JobAnswer
from ai_lib.providers.jobs.results import SubmittedRequest, build_results, make_custom_id
from ai_lib.providers.registry import load_dialect
from ai_lib.types.job import JobState, JobStatus
from tests.support.replies import completion

CONFIG = ProviderConfig("gw", base_url="http://gw.example/v1")
ADAPTER = ProviderAdapter(config=CONFIG, dialect=load_dialect("openai_chat"), base_url=CONFIG.base_url)


def state(status=JobStatus.COMPLETED, **fields):
    return JobState(id="j", status=status, raw_status=status.value, **fields)


def good(custom_id, said="hi"):
    return JobAnswer(custom_id=custom_id, status=200, body=completion(said), request_id="r-1")


def results(answers, asked=None, at=None):
    return build_results(ADAPTER, at or state(), answers, asked)


def asked(count):
    return [SubmittedRequest(model="m")] * count


@given(st.permutations(range(12)))
def test_the_order_is_that_of_the_requests(order):
    found = results([good(make_custom_id(place), str(place)) for place in order], asked(12))

    assert [one.response.text for one in found] == [str(place) for place in range(12)]
    assert [one.custom_id for one in found] == [f"request-{place}" for place in range(12)]


@given(
    st.lists(st.sampled_from(["request-0", "request-1", "request-9", "request-01", "x", "", None]), max_size=6),
    st.integers(0, 3) | st.none(),
    st.none() | st.integers(0, 5),
    st.sampled_from(JobStatus),
)
def test_every_request_has_an_answer_or_an_error_whatever_the_provider_says(ids, count, total, status):
    found = results([good(one) for one in ids], None if count is None else asked(count), state(status, total=total))

    assert all((one.response is None) != (one.error is None) for one in found)
    assert [one.custom_id for one in found][: count or 0] == [f"request-{place}" for place in range(count or 0)]
    assert sum(one.response is not None for one in found) >= len(set(ids))


def test_an_answer_is_read_like_that_of_a_chat():
    (one,) = results([good("request-0")], [SubmittedRequest(model="m", parser=str.upper, adjustments=("seed: no",))])

    assert (one.response.text, one.response.provider, one.response.request_id) == ("hi", "gw", "r-1")
    assert (one.response.parsed, one.response.adjustments, one.error) == ("HI", ("seed: no",), None)


def test_an_error_is_the_one_of_a_chat():
    body = {"error": {"message": "slow down"}}

    (one,) = results([JobAnswer(custom_id="request-0", status=429, body=body, request_id="r-2")], asked(1))

    assert isinstance(one.error, RateLimitError)
    assert (one.response, one.error.model, one.error.request_id) == (None, "m", "r-2")
    assert str(one.error).startswith("gw 429: slow down (request r-2)")


def test_an_error_without_a_status_is_classified_by_its_code():
    (one,) = results(
        [JobAnswer(custom_id="request-0", body={"error": {"code": "rate_limit_exceeded", "message": "x"}})]
    )

    assert isinstance(one.error, RateLimitError)


def test_an_answer_that_is_none_is_an_error():
    (one,) = results([JobAnswer(custom_id="request-0", status=200, body=None)])

    assert isinstance(one.error, InvalidResponseError)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (JobStatus.COMPLETED, InvalidResponseError, "result_missing"),
        (JobStatus.EXPIRED, ProviderError, "batch_expired"),
        (JobStatus.CANCELLED, CancelledError, "batch_cancelled"),
        (JobStatus.FAILED, ProviderError, "batch_failed"),
    ],
)
def test_a_request_without_an_answer_says_why(status, kind, code):
    first, second = results([good("request-0")], asked(2), state(status))

    assert first.response is not None
    assert type(second.error) is kind
    assert (second.error.code, second.error.provider, second.error.model) == (code, "gw", "m")


@pytest.mark.parametrize("ended", [JobStatus.EXPIRED, JobStatus.CANCELLED])
def test_a_request_that_was_not_worked_on_fails_like_one_without_a_result(ended):
    (told,) = results([JobAnswer(custom_id="request-0", ended=ended)], asked(1))
    (silent,) = results([], asked(1), state(ended))

    assert (type(told.error), told.error.code) == (type(silent.error), silent.error.code)


def test_why_a_job_failed_is_why_each_of_its_requests_failed():
    why = InvalidRequestError("line 1 is not JSON", code="invalid_json_line")

    first, second = results([], asked(2), state(JobStatus.FAILED, error=why))

    assert (first.error.message, first.error.code) == (second.error.message, second.error.code)
    assert first.error.message == "line 1 is not JSON"
    assert first.error is not second.error


def test_a_job_that_was_opened_again_knows_its_size_from_the_provider():
    found = results([good("request-1")], None, state(total=3))

    assert [(one.custom_id, one.response is not None) for one in found] == [
        ("request-0", False),
        ("request-1", True),
        ("request-2", False),
    ]


def test_a_job_of_unknown_size_is_as_large_as_its_last_answer():
    assert [one.custom_id for one in results([good("request-1")])] == ["request-0", "request-1"]


def test_the_job_of_another_program_has_its_answers_as_they_come():
    found = results([good("b"), good("a")], None, state(total=2))

    assert [(one.custom_id, one.response.text) for one in found] == [("b", "hi"), ("a", "hi")]


def test_of_two_answers_to_one_request_the_first_counts():
    (one,) = results([good("request-0", "first"), good("request-0", "second")], asked(1))

    assert one.response.text == "first"


def test_answers_without_a_custom_id_are_kept_and_match_no_request():
    first, second, stranger = results([good("request-0"), good(None, "whose?")], asked(2))

    assert first.response is not None
    assert second.error.code == "result_unassigned"
    assert (stranger.custom_id, stranger.response.text) == ("", "whose?")


def test_a_name_with_a_huge_number_does_not_fill_the_memory():
    (one,) = results([good("request-99999999999999")])

    assert one.custom_id == "request-99999999999999"
