"""The errors: what they carry, how they travel, what they say."""

import copy
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from ai_lib import errors
from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    ConfigurationError,
    ContentFilterError,
    ContextLengthError,
    InvalidRequestError,
    MissingKeyError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
    classify,
)
from ai_lib.types.attempt import Attempt
from ai_lib.types.message import Message
from ai_lib.types.response import ChatCompletionResponse, Choice

CLASSES = [thing for _, thing in inspect.getmembers(errors, inspect.isclass) if issubclass(thing, AiLibError)]
PARTIAL = ChatCompletionResponse(choices=(Choice(message=Message.assistant("so far")),))


def full(kind: type[AiLibError]) -> AiLibError:
    error = kind(
        "slow down",
        status=429,
        code="rate_limited",
        provider="groq",
        model="m",
        request_id="r1",
        retry_after=1.5,
        body='{"error": 1}',
    )
    error.attempts = (Attempt("RateLimitError", "rate_limited", 429, 0.2),)
    error.partial = PARTIAL
    return error


def raise_it(kind: type[AiLibError]) -> None:
    raise full(kind)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling_with_equal_attributes(kind, protocol):
    error = full(kind)

    again = pickle.loads(pickle.dumps(error, protocol))

    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again) == str(error)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_survives_copying(kind):
    error = full(kind)

    assert vars(copy.copy(error)) == vars(error)
    assert vars(copy.deepcopy(error)) == vars(error)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_error_comes_back_whole_from_a_process_pool():
    with ProcessPoolExecutor(1) as pool, pytest.raises(StreamInterruptedError) as caught:
        pool.submit(raise_it, StreamInterruptedError).result()

    assert caught.value.partial == PARTIAL
    assert caught.value.retry_after == 1.5


def test_the_tree_in_the_docstring_names_every_class():
    tree = errors.__doc__ or ""

    assert [kind.__name__ for kind in CLASSES if kind.__name__ not in tree] == []


def test_the_message_names_provider_status_reason_request_and_advice():
    error = RateLimitError("slow down", status=429, provider="groq", request_id="r1")

    assert str(error) == "groq 429: slow down (request r1). Send more slowly, or wait for retry_after seconds"


def test_the_message_counts_the_attempts_when_there_were_several():
    error = ProviderError("broken", provider="groq", status=500)
    error.attempts = (Attempt("ProviderError"), Attempt("ProviderError"))

    assert str(error) == "groq 500: broken after 2 attempts"


def test_a_missing_key_is_an_error_of_settings_and_of_authentication():
    assert issubclass(MissingKeyError, ConfigurationError)
    assert issubclass(MissingKeyError, AuthenticationError)


def test_a_stream_that_times_out_is_both_interrupted_and_timed_out():
    assert issubclass(StreamTimeoutError, StreamInterruptedError)
    assert issubclass(StreamTimeoutError, RequestTimeoutError)


@pytest.mark.parametrize(
    ("status", "codes", "message", "expected"),
    [
        (429, ("rate_limit_exceeded",), "", RateLimitError),
        (429, ("insufficient_quota",), "", QuotaExceededError),
        (429, ("engine_overloaded_error",), "", OverloadedError),
        (400, ("context_length_exceeded",), "", ContextLengthError),
        (400, ("invalid_request_error",), "This model's maximum context length is 8192 tokens", ContextLengthError),
        (400, ("string_above_max_length",), "expected a string with maximum length 10", InvalidRequestError),
        (400, ("invalid_request_error",), "temperature is too high", InvalidRequestError),
        (403, (), "Input rejected as a result of our safety system", ContentFilterError),
        (404, ("model_not_found",), "", ModelNotFoundError),
        (402, (), "", QuotaExceededError),
        (503, (), "", OverloadedError),
        (529, (), "", OverloadedError),
        (500, (), "too many tokens", ProviderError),
        (418, (), "", InvalidRequestError),
        (None, (), "", ProviderError),
        (None, ("CONTEXT_LENGTH_EXCEEDED",), "", ContextLengthError),
    ],
)
def test_an_error_is_classified_by_code_then_status_and_by_words_only_at_last(status, codes, message, expected):
    assert classify(status, codes, message) is expected


AWS = [
    (403, "UnrecognizedClientException", errors.AuthenticationError),
    (403, "ExpiredTokenException", errors.AuthenticationError),
    (403, "InvalidSignatureException", errors.AuthenticationError),
    (403, "AccessDeniedException", errors.PermissionDeniedError),
    (400, "ServiceQuotaExceededException", errors.QuotaExceededError),
    (429, "ModelNotReadyException", errors.OverloadedError),
    (503, "ServiceUnavailableException", errors.OverloadedError),
    (429, "ThrottlingException", errors.RateLimitError),
    (404, "ResourceNotFoundException", errors.ModelNotFoundError),
    (500, "InternalServerException", errors.ProviderError),
    (424, "ModelErrorException", errors.ProviderError),
    (424, "ModelStreamErrorException", errors.ProviderError),
    (408, "ModelTimeoutException", errors.ProviderError),
]


@pytest.mark.parametrize(("status", "code", "expected"), AWS)
def test_a_name_that_aws_gives_an_error_counts_with_its_status_and_in_a_stream_without(status, code, expected):
    in_stream = code[0].lower() + code[1:]

    assert errors.classify(status, (code,), "") is expected
    assert errors.classify(None, (in_stream,), "") is expected


def test_a_validation_error_of_aws_leaves_it_to_the_words_whether_the_prompt_was_too_long():
    said = "Too many input tokens. Max input tokens: 8192"

    assert errors.classify(400, ("ValidationException",), said) is errors.ContextLengthError
    assert errors.classify(400, ("ValidationException",), "temperature is wrong") is errors.InvalidRequestError


def test_a_providers_own_code_wins_over_the_general_ones():
    assert classify(429, ("1113",), "", {"1113": QuotaExceededError}) is QuotaExceededError


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503])
def test_the_words_of_a_message_do_not_change_the_class_of_other_failures(status):
    plain = classify(status, (), "failed")

    assert classify(status, (), "authentication rate limit quota timeout overloaded") is plain
