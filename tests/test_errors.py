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
    MissingKeyError,
    ProviderError,
    RateLimitError,
    RequestTimeoutError,
    StreamInterruptedError,
    StreamTimeoutError,
)
from ai_lib.types.message import Message
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.trace import Attempt

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


@pytest.mark.parametrize("kind", CLASSES)
def test_is_retryable_says_what_the_attribute_says(kind):
    assert kind("failed").is_retryable() is kind.retryable
    assert kind("failed", retryable=True).is_retryable()
