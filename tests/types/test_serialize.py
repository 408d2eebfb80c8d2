"""Our values as JSON and back."""

import pytest
from hypothesis import given, settings

from ai_lib import ChatCompletionRequest, ChatCompletionResponse, InvalidRequestError, Message, Tool
from ai_lib.types import Json, from_json, to_json
from tests.support import strategies


@settings(deadline=None, max_examples=40)
@given(request=strategies.requests)
def test_a_request_survives_json(request):
    assert from_json(to_json(request), ChatCompletionRequest) == request


@settings(deadline=None, max_examples=40)
@given(response=strategies.responses)
def test_a_response_survives_json(response):
    assert from_json(to_json(response), ChatCompletionResponse) == response


def test_unset_fields_are_omitted():
    assert to_json(ChatCompletionRequest(messages="hi")) == (
        b'{"messages":[{"role":"user","content":[{"text":"hi","type":"text"}]}]}'
    )


def test_the_function_of_a_tool_is_omitted():
    assert to_json(Tool("f", function=print)) == b'{"name":"f"}'


def test_json_that_does_not_fit_is_refused_with_the_path():
    with pytest.raises(InvalidRequestError, match=r"not a Message: required field missing @ \$\.role"):
        from_json(b'{"content": []}', Message)


def test_text_that_is_not_json_is_refused():
    with pytest.raises(InvalidRequestError, match="not a Message"):
        from_json(b"{", Message)


def test_a_value_that_is_not_json_is_refused():
    with pytest.raises(InvalidRequestError, match="contains a value that cannot be represented as JSON"):
        to_json(Message.user(Json(object())))
