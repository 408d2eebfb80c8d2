"""What is said to a model whose answer does not fit."""

import attrs
import pytest

from ai_lib import (
    ChatCompletionRequest,
    ChatCompletionResponse,
    Choice,
    InvalidResponseError,
    Message,
    ToolCall,
)
from ai_lib.structured import repair_message, response_format_from


@attrs.define
class City:
    name: str


def answer(message, finish_reason="stop"):
    choice = Choice(message=message, finish_reason=finish_reason)
    return ChatCompletionResponse(choices=[choice], parser=response_format_from(City).parser)


def repaired(response):
    with pytest.raises(InvalidResponseError) as caught:
        _ = response.parsed
    return repair_message(response, caught.value)


def test_the_answer_and_what_is_wrong_with_it_go_back():
    response = answer(Message.assistant('{"name": 5}'))

    said, wish = repaired(response)

    assert said is response.message
    assert wish == Message.user(
        "Your answer does not have the form that was asked for: Expected `str`, got `int` - at `$.name`\n"
        "Give the corrected answer as JSON only, whole, without prose and without a code fence."
    )


def test_an_answer_that_was_cut_off_is_told_so():
    _, wish = repaired(answer(Message.assistant('{"na'), "length"))

    assert "It was cut off at the limit of its length: give a shorter one. Give the corrected" in wish.text


def test_a_parsers_own_error_will_do():
    _, wish = repair_message(answer(Message.assistant("{}")), ValueError("$ lacks 'name'"))

    assert "asked for: $ lacks 'name'\n" in wish.text


def test_an_answer_that_cannot_be_sent_back_as_it_is_is_made_so():
    call = ToolCall("1", "search", "{}")
    message = Message(role="assistant", tool_calls=[call], provider_data={"blocks": []})

    said, wish = repaired(answer(message))

    assert said == Message.assistant("(no answer)")
    assert ChatCompletionRequest(messages=[said, wish]).messages == (said, wish)
