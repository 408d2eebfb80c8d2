"""The message that tells a model why its answer does not fit."""

import attrs
import pytest

from ai_lib import ChatCompletionRequest, ChatCompletionResponse, Choice, Message, ToolCall
from ai_lib.errors import InvalidResponseError
from ai_lib.structured import repair_messages, response_format_from


@attrs.define
class City:
    name: str


def answer(message, finish_reason="stop"):
    choice = Choice(message=message, finish_reason=finish_reason)
    return ChatCompletionResponse(choices=[choice], parser=response_format_from(City).parser)


def repaired(response):
    with pytest.raises(InvalidResponseError) as caught:
        _ = response.parsed
    return repair_messages(response, caught.value)


def test_the_answer_and_what_is_wrong_with_it_go_back():
    response = answer(Message.assistant('{"name": 5}'))

    said, wish = repaired(response)

    assert said is response.message
    assert wish == Message.user(
        "Your answer does not have the required format: Expected `str`, got `int` - at `$.name`\n"
        "Return the complete corrected answer as JSON only, without prose and without a code fence."
    )


def test_the_message_says_that_the_answer_was_cut_off():
    _, wish = repaired(answer(Message.assistant('{"na'), "length"))

    assert "It was cut off at the maximum length: give a shorter one. Return the complete corrected" in wish.text


def test_a_parsers_own_value_error_is_accepted():
    _, wish = repair_messages(answer(Message.assistant("{}")), ValueError("$ lacks 'name'"))

    assert "required format: $ lacks 'name'\n" in wish.text


def test_an_answer_that_a_provider_would_refuse_is_made_sendable():
    call = ToolCall("1", "search", "{}")
    message = Message(role="assistant", tool_calls=[call], provider_data={"blocks": []})

    said, wish = repaired(answer(message))

    assert said == Message.assistant("(no answer)")
    assert ChatCompletionRequest(messages=[said, wish]).messages == (said, wish)
