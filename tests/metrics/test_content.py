"""What was said, in the form of OpenTelemetry."""

from ai_lib.metrics.content import input_messages, output_messages, sanitize
from ai_lib.types.content import Image, Json
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.tool import ToolCall
from tests.support.observed_calls import call_record, call_start


def test_messages_of_every_kind_have_a_form():
    said = [
        Message.user("Look", Image(url="https://u:p@a.example/i.png?sig=1"), Image(file_id="f1")),
        Message.user(Image(data=b"1234", media_type="image/png"), Json({"a": 1})),
        Message.assistant(tool_calls=[ToolCall("t1", "look", '{"a": 1}'), ToolCall("t2", "look", "{oops")]),
        Message.tool("t1", "A cat"),
        Message.tool("t2", "One", "Two"),
    ]

    found = input_messages(call_start(request=ChatCompletionRequest(messages=said)))

    assert [message["parts"] for message in found] == [
        [
            {"type": "text", "content": "Look"},
            {"type": "uri", "uri": "https://a.example/i.png", "modality": "image", "mime_type": None},
            {"type": "file", "file_id": "f1", "modality": "image", "mime_type": None},
        ],
        [
            {"type": "left_out", "bytes": 4, "modality": "image", "mime_type": "image/png"},
            {"type": "text", "content": '{"a":1}'},
        ],
        [
            {"type": "tool_call", "id": "t1", "name": "look", "arguments": {"a": 1}},
            {"type": "tool_call", "id": "t2", "name": "look", "arguments": "{oops"},
        ],
        [{"type": "tool_call_response", "id": "t1", "response": "A cat"}],
        [
            {
                "type": "tool_call_response",
                "id": "t2",
                "response": [{"type": "text", "content": "One"}, {"type": "text", "content": "Two"}],
            }
        ],
    ]


def test_thoughts_and_refusals_are_parts_of_an_answer():
    message = Message(role="assistant", reasoning="Hm", refusal="No")

    found = output_messages(call_record(response=ChatCompletionResponse(choices=(Choice(message=message),))))

    assert found == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "Hm"}, {"type": "refusal", "content": "No"}],
            "finish_reason": None,
        }
    ]


def test_what_has_no_messages_has_no_content():
    assert input_messages(call_start(request=None)) == []
    assert output_messages(call_record()) == []


def test_keys_and_halves_of_characters_are_taken_out_at_any_depth():
    assert sanitize({"a": ["sk-abcdefghijkl", {"b": ("\ud800", 1)}]}) == {"a": ["***", {"b": ["?", 1]}]}
