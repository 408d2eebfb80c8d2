"""The tokens of a whole request, counted without asking anyone."""

import pytest
from hypothesis import given

from ai_lib import Audio, ChatCompletionRequest, Document, Image, Message, ResponseFormat, Tool, ToolCall
from ai_lib.errors import InvalidRequestError
from ai_lib.models.estimate import estimate_prompt
from ai_lib.models.tokens import token_bounds
from ai_lib.types import Json
from tests.support.strategies import requests

PNG = Image.from_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 100)
PDF = Document.from_bytes(b"%PDF-1" + b"x" * 200_000)
WEATHER = Tool("weather", "Tell the weather in a city", {"type": "object", "properties": {"city": {"type": "string"}}})


def count(*messages, **fields):
    return estimate_prompt(ChatCompletionRequest(messages=messages, **fields))


def test_a_short_prompt_is_its_text_and_little_more():
    told = count(Message.user("Say hi to everyone in the room, please."))

    text = token_bounds("Say hi to everyone in the room, please.")
    assert text.estimate <= told.tokens <= text.estimate + 10
    assert told.at_least >= text.low
    assert told.at_most >= text.high
    assert told.exact is False


def test_openais_own_example_is_within_a_tenth_of_its_count():
    # 129 tokens by the API: https://github.com/openai/openai-cookbook, How_to_count_tokens_with_tiktoken.ipynb
    told = count(
        Message.system(
            "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."
        ),
        Message(role="system", name="example_user", content="New synergies will help drive top-line growth."),
        Message(role="system", name="example_assistant", content="Things working well together will increase revenue."),
        Message(
            role="system",
            name="example_user",
            content="Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
        ),
        Message(
            role="system",
            name="example_assistant",
            content="Let's talk later when we're less busy about how to do better.",
        ),
        Message.user("This late pivot means we don't have time to boil the ocean for the client deliverable."),
    )

    assert told.tokens == pytest.approx(126.5, rel=0.1)
    assert told.at_least <= 124
    assert told.at_most >= 129


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [WEATHER]},
        {"response_format": ResponseFormat(kind="json_schema", schema={"type": "object", "properties": {"a": {}}})},
    ],
)
def test_tools_and_formats_count_as_well(more):
    bare, told = count(Message.user("hi")), count(Message.user("hi"), **more)

    assert told.tokens > bare.tokens
    assert told.at_most > bare.at_most


@pytest.mark.parametrize(
    "message",
    [
        Message.user("hi", Json({"a": [1, 2, 3]})),
        Message.user("hi", name="Ingrid"),
        Message.user("hi", PNG),
        Message.user("hi", Audio.from_bytes(b"ID3" + b"x" * 9000)),
        Message.user("hi", Document.from_bytes(b"some words more than before", "text/plain")),
        Message.assistant("hi", tool_calls=[ToolCall("c1", "weather", '{"city": "Paris"}')]),
    ],
)
def test_every_part_of_a_message_counts(message):
    plain, told = count(Message.user("hi")), count(message)

    assert told.tokens > plain.tokens
    assert told.at_most > plain.at_most


def test_a_text_document_is_counted_as_text_and_a_pdf_with_wide_bounds():
    text = count(Message.user("?", Document.from_bytes(b"word " * 1000, "text/plain")))
    pdf = count(Message.user("?", PDF))

    assert 900 <= text.tokens <= 1200
    assert pdf.at_least < 100
    assert 5000 < pdf.tokens < 50_000 < pdf.at_most


def test_what_is_only_an_address_has_the_widest_bounds():
    told = count(Message.user("?", Document.from_url("https://x.example/a.pdf")))

    assert told.at_least < 10
    assert told.at_most >= 1_000_000


def test_the_thinking_of_earlier_turns_widens_the_upper_bound_only():
    plain = Message(role="assistant", content="yes")
    thought = Message(role="assistant", content="yes", reasoning="because " * 50)

    assert count(thought).tokens == count(plain).tokens
    assert count(thought).at_most >= count(plain).at_most + 400


def test_a_value_without_a_json_form_is_rejected():
    with pytest.raises(InvalidRequestError, match="cannot be represented as JSON"):
        count(Message.user("hi"), tools=[Tool("t", parameters={"type": "object", "x": object()})])


@given(requests)
def test_any_request_can_be_estimated_and_lies_between_its_bounds(request):
    told = estimate_prompt(request)

    assert 0 < told.at_least <= told.tokens <= told.at_most
