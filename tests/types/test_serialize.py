"""Our values as JSON and back."""

import pytest
from hypothesis import given, settings

from ai_lib import (
    ChatCompletionRequest,
    ChatCompletionResponse,
    InvalidRequestError,
    Json,
    Message,
    Tool,
    from_json,
    to_json,
)
from tests.support import strategies


@settings(deadline=None, max_examples=40)
@given(request=strategies.requests)
def test_a_request_comes_back_equal(request):
    assert from_json(to_json(request), ChatCompletionRequest) == request


@settings(deadline=None, max_examples=40)
@given(response=strategies.responses)
def test_a_response_comes_back_equal(response):
    assert from_json(to_json(response), ChatCompletionResponse) == response


def test_what_was_left_to_the_provider_is_left_out():
    assert to_json(ChatCompletionRequest(messages="hi")) == (
        b'{"messages":[{"role":"user","content":[{"text":"hi","type":"text"}]}]}'
    )


def test_the_function_behind_a_tool_is_left_out():
    assert to_json(Tool("f", function=print)) == b'{"name":"f"}'


def test_json_that_does_not_fit_is_refused_with_the_place():
    with pytest.raises(InvalidRequestError, match=r"not a Message: required field missing @ \$\.role"):
        from_json(b'{"content": []}', Message)


def test_text_that_is_no_json_is_refused():
    with pytest.raises(InvalidRequestError, match="not a Message"):
        from_json(b"{", Message)


def test_a_value_without_a_json_form_is_refused():
    with pytest.raises(InvalidRequestError, match="holds a value without a JSON form"):
        to_json(Message.user(Json(object())))
