"""From a provider's response to the typed error: class, message, advice, waits, and no secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    ContentFilterError,
    ContextLengthError,
    InvalidRequestError,
    InvalidResponseError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
)
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.errors.classify import ERROR_KINDS
from ai_lib.providers.errors.fields import (
    MAX_BODY,
    MAX_MESSAGE,
    to_json_text,
)
from ai_lib.providers.registry import load_dialect
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import BASE_URL, KEY, adapter_for

JSON = {"content-type": "application/json"}


def error_for(status: int, body: Any = None, headers: dict[str, str] | None = None, **config: Any) -> AiLibError:
    adapter = ProviderAdapter(
        config=ProviderConfig("wire", base_url=BASE_URL, **{"key_env": "WIRE_API_KEY", **config}),
        dialect=load_dialect("openai_chat"),
        base_url=BASE_URL,
        api_key=KEY,
    )
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return adapter.errors.error(HttpResponse(status=status, headers={**JSON, **(headers or {})}, body=content))


STATUSES = [
    (400, InvalidRequestError, False),
    (401, AuthenticationError, False),
    (402, QuotaExceededError, False),
    (403, PermissionDeniedError, False),
    (404, ModelNotFoundError, False),
    (405, InvalidRequestError, False),
    (408, ProviderError, True),
    (409, ProviderError, True),
    (412, InvalidRequestError, False),
    (413, InvalidRequestError, False),
    (418, InvalidRequestError, False),
    (422, InvalidRequestError, False),
    (425, ProviderError, True),
    (429, RateLimitError, True),
    (451, ContentFilterError, False),
    (498, OverloadedError, True),
    (500, ProviderError, True),
    (501, ProviderError, True),
    (502, ProviderError, True),
    (503, OverloadedError, True),
    (504, ProviderError, True),
    (520, ProviderError, True),
    (524, ProviderError, True),
    (529, OverloadedError, True),
    (599, ProviderError, True),
]


@pytest.mark.parametrize(("status", "kind", "retryable"), STATUSES)
def test_a_status_alone_gives_the_class_and_whether_to_retry(
    status: int, kind: type[AiLibError], retryable: bool
) -> None:
    error = error_for(status)

    assert type(error) is kind
    assert error.retryable is retryable
    assert (error.status, error.message) == (status, "wire gave no reason")


CODES = [
    # (status, code, class, retryable): the code wins over the status where it is specific
    (429, "insufficient_quota", QuotaExceededError, False),
    (429, "credit_balance_exhausted", QuotaExceededError, False),
    (429, "enforced_spend_limit_reached", QuotaExceededError, False),
    (429, "exceeded_current_quota_error", QuotaExceededError, False),
    (429, "QuotaExceeded", QuotaExceededError, False),
    (429, "SetLimitExceeded", QuotaExceededError, False),
    (402, "payment_required", QuotaExceededError, False),
    (400, "billing_hard_limit_reached", QuotaExceededError, False),
    (429, "rate_limit_exceeded", RateLimitError, True),
    (429, "something_new", RateLimitError, True),
    (429, "engine_overloaded_error", OverloadedError, True),
    (429, "ServerOverloaded", OverloadedError, True),
    (200, "overloaded_error", OverloadedError, True),
    (400, "context_length_exceeded", ContextLengthError, False),
    (400, "exceed_context_size_error", ContextLengthError, False),
    (400, "tokens_too_long", ContextLengthError, False),
    (400, "content_filter", ContentFilterError, False),
    (400, "content_policy_violation", ContentFilterError, False),
    (400, "data_inspection_failed", ContentFilterError, False),
    (400, "invalid_api_key", AuthenticationError, False),
    (400, "API_KEY_INVALID", AuthenticationError, False),
    (401, "wrong_api_key", AuthenticationError, False),
    (400, "model_not_found", ModelNotFoundError, False),
    (400, "model_decommissioned", ModelNotFoundError, False),
    (400, "string_above_max_length", InvalidRequestError, False),
    (500, "server_error", ProviderError, True),
]


@pytest.mark.parametrize(("status", "code", "kind", "retryable"), CODES)
def test_a_specific_code_wins_over_the_status(status: int, code: str, kind: type[AiLibError], retryable: bool) -> None:
    error = error_for(status if status >= 400 else 500, {"error": {"message": "m", "code": code}})

    assert type(error) is kind
    assert error.retryable is retryable
    assert error.code == code


@pytest.mark.parametrize("place", ["code", "type", "status"])
def test_a_code_counts_wherever_the_service_puts_it(place: str) -> None:
    error = error_for(429, {"error": {"message": "m", place: "insufficient_quota"}})

    assert type(error) is QuotaExceededError


def test_a_providers_own_code_wins_over_all() -> None:
    body = {"error": {"message": "arrears", "code": 1113, "type": "rate_limit_error"}}

    error = error_for(429, body, errors={"1113": "quota"})

    assert type(error) is QuotaExceededError
    assert error.code == "rate_limit_error"


@pytest.mark.parametrize(("word", "kind"), sorted(ERROR_KINDS.items()))
def test_every_name_for_an_error_gives_its_class(word: str, kind: type[AiLibError]) -> None:
    assert type(error_for(400, {"code": "own", "message": "m"}, errors={"own": word})) is kind


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "This model's maximum context length is 8192 tokens", ContextLengthError),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", ContextLengthError),
        (403, "Content rejected as a result of our safety system", ContentFilterError),
        (413, "Requested token count exceeds the model's maximum context length", ContextLengthError),
        (400, "expected a string with maximum length 64", InvalidRequestError),
        (429, "maximum context length", RateLimitError),
        (500, "maximum context length", ProviderError),
    ],
)
def test_words_are_the_last_resort_and_only_for_vague_statuses(
    status: int, message: str, kind: type[AiLibError]
) -> None:
    assert type(error_for(status, {"error": {"message": message}})) is kind


KEYS = ["error", "errors", "message", "code", "type", "status", "detail", "details", "metadata", "innererror", "base_resp",
        "request_id", "retryDelay", "msg", "status_code", "status_msg", "provider_code", "error_type", "sid"]  # fmt: skip


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(payload=ANY_JSON, status=st.integers(400, 599))
def test_any_error_object_can_be_read(payload: Any, status: int) -> None:
    error = error_for(status, json.dumps(payload).encode())

    assert error.status == status
    assert error.message
    assert str(error)


def test_a_page_gives_its_title() -> None:
    page = b"<html><head>\n<title> 502 Bad\n Gateway </title></head><body>nginx</body></html>"

    assert str(error_for(502, page, {"content-type": "text/html"})) == "wire 502: 502 Bad Gateway"


def test_bytes_that_are_not_text_do_not_hide_the_status() -> None:
    assert type(error_for(503, b"\xff\xfe\x00")) is OverloadedError


def test_endless_nesting_is_read_as_text() -> None:
    assert type(error_for(400, b"[" * 200_000)) is InvalidRequestError


def test_the_message_of_the_exception_names_provider_status_request_and_hint() -> None:
    error = error_for(429, {"error": {"message": "slow down"}}, {"x-request-id": "r1"})

    assert str(error) == (
        "wire 429: slow down (request r1). Send more slowly, or wait for retry_after seconds"
    )  # fmt: skip


@pytest.mark.parametrize(
    "header", ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "mistral-correlation-id"]
)
def test_the_request_id_is_found_under_every_usual_name(header: str) -> None:
    assert error_for(500, None, {header: "r1"}).request_id == "r1"


def test_the_providers_configured_request_id_header_comes_first() -> None:
    headers = {"x-request-id": "r1", "x-own-id": "r2"}

    assert error_for(500, None, headers, request_id_header="x-own-id").request_id == "r2"


def test_a_request_id_in_the_body_is_better_than_none() -> None:
    assert error_for(500, {"error": {"message": "m"}, "request_id": "r3"}).request_id == "r3"


def test_a_refused_key_names_the_variable_and_the_note() -> None:
    error = error_for(
        401, {"error": {"message": "no"}}, key_env=["A_API_KEY", "B_API_KEY"], key_note="Keys are regional"
    )

    assert "it is read from A_API_KEY or B_API_KEY or api_key=. Keys are regional" in error.hint


def test_a_redirect_names_its_target_and_says_why_it_is_not_followed() -> None:
    error = error_for(308, None, {"location": f"https://b.example/v1?key={KEY}"})

    assert type(error) is InvalidResponseError
    assert error.message == "the server redirects to https://b.example/v1?key=***"
    assert "redirects are not followed" in error.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "expected JSON, got an empty body"),
        (b"<html><title>Sign in</title></html>", "expected JSON, got text/html: Sign in"),
        (b"upstream error", "expected JSON, got text/html: upstream error"),
    ],
)
def test_a_body_that_is_not_json_is_named_with_its_content_type(body: bytes, words: str) -> None:
    response = HttpResponse(
        status=200, headers={"content-type": "text/html; charset=utf-8", "x-request-id": "r"}, body=body
    )

    with pytest.raises(InvalidResponseError) as caught:
        adapter_for("wire").decode(response)

    assert caught.value.message == words
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("not_json", 200, "r")


def test_a_wait_in_the_headers_wins_over_one_in_the_body() -> None:
    error = error_for(429, {"error": {"message": "try again in 9s"}}, {"retry-after": "2"})

    assert error.retry_after == 2.0


def test_without_any_wait_the_reset_of_an_exhausted_limit_counts() -> None:
    spent = {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1s",
             "x-ratelimit-limit-tokens": "10", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.5s"}  # fmt: skip

    assert error_for(429, None, spent).retry_after == 7.5
    assert error_for(500, None, spent).retry_after is None


@pytest.mark.parametrize(
    ("told", "status", "retryable"), [("false", 500, False), ("true", 400, True), ("maybe", 500, True)]
)
def test_the_header_x_should_retry_is_obeyed(told: str, status: int, retryable: bool) -> None:
    assert error_for(status, None, {"x-should-retry": told}).retryable is retryable


def everything_in(error: AiLibError) -> str:
    return f"{error} {error!r} {error.body} {error.hint} {vars(error)}"


ECHOES = [
    {"error": {"message": f"Incorrect API key provided: {KEY}."}},
    {"error": {"message": "no", "code": KEY}},
    {"error": KEY},
    {"detail": [{"msg": KEY}]},
    [KEY],
    KEY,
    f"<html><title>{KEY}</title></html>",
    {"request_id": KEY, "error": {"message": "m"}},
    {"error": {"message": "x" * (MAX_MESSAGE - 5) + KEY + "y" * 100}},
    {"message": "m", "more": "x" * (MAX_BODY - 22) + KEY},
    "x" * 195 + KEY,
]


@pytest.mark.parametrize("body", ECHOES, ids=lambda body: str(body)[:40])
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_key_that_the_server_echoes_is_shown_nowhere(status: int, body: Any) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    response = HttpResponse(status=status, headers={"content-type": "text/html"}, body=content.encode())

    with pytest.raises(AiLibError) as caught:
        adapter_for("wire").decode(response)

    assert KEY[:12] not in everything_in(caught.value)


def test_a_key_in_an_error_inside_a_stream_is_not_shown() -> None:
    events = [json.dumps({"error": {"message": f"bad key {KEY}", "code": 401}})]

    with pytest.raises(AuthenticationError) as caught:
        list(adapter_for("wire").decode_stream(events))

    assert caught.value.message == "bad key ***"
    assert KEY not in everything_in(caught.value)


def test_a_long_message_and_a_long_body_are_cut() -> None:
    error = error_for(500, {"error": {"message": "long " * 5000}})

    assert len(error.message) == MAX_MESSAGE
    assert len(error.body or "") == MAX_BODY


def test_half_a_surrogate_pair_in_an_error_can_still_be_shown() -> None:
    assert to_json_text({"a": "\ud800"}) == "{'a': '\\ud800'}"
    assert error_for(400, b'{"error": {"message": {"a": "\\ud800"}}}').message == "{'a': '\\ud800'}"


def test_an_error_in_a_200_with_half_a_surrogate_pair_is_typed() -> None:
    response = HttpResponse(status=200, headers=JSON, body=b'{"error": {"message": "\\ud800", "code": 500}}')

    with pytest.raises(ProviderError) as caught:
        adapter_for("wire").decode(response)

    assert caught.value.status == 500


def google(*details: Any) -> dict[str, Any]:
    return {"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED", "details": list(details)}}


def test_a_limit_per_day_is_a_quota_and_one_per_minute_a_rate_limit() -> None:
    wait = {"retryDelay": "12s"}

    day = error_for(429, google({"violations": [{"quotaId": "RequestsPerDay"}]}, wait))
    minute = error_for(429, google({"violations": [{"quotaId": "RequestsPerMinute"}]}, wait))

    assert (type(day), day.retryable) == (QuotaExceededError, False)
    assert (type(minute), minute.retryable, minute.retry_after) == (RateLimitError, True, 12.0)
