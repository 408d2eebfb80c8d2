"""A conversation as a prompt."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lib.types.content import Json
from ai_lib.types.message import Message
from tests.providers.dialects.replicate.bodies import encode_request, input_of


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_single_message_is_the_prompt_unaltered(text: str) -> None:
    assert input_of(messages=Message.user(text)) == {"prompt": text}


def test_a_conversation_becomes_one_prompt_and_a_system_prompt() -> None:
    messages = [
        Message.system("Be brief."),
        Message.user("My name is Ada"),
        Message.assistant("Hello Ada"),
        Message.system("Be kind."),
        Message.user("What is my name?", Json({"a": 1})),
    ]

    assert input_of(messages=messages) == {
        "prompt": 'User: My name is Ada\n\nAssistant: Hello Ada\n\nUser: What is my name?{"a":1}\n\nAssistant:',
        "system_prompt": "Be brief.\n\nBe kind.",
    }


def test_a_last_message_of_the_assistant_is_continued() -> None:
    messages = [Message.user("Say hi"), Message.assistant("Hi the")]

    assert input_of(messages=messages)["prompt"] == "User: Say hi\n\nAssistant: Hi the"


def test_messages_that_a_prompt_cannot_express_are_left_out_on_request() -> None:
    messages = [Message.system(""), Message.user("hi"), Message.tool("c", "3")]

    _, body, omissions = encode_request("drop", messages=messages)

    assert (body["input"], omissions) == ({"prompt": "hi"}, ["tools"])
