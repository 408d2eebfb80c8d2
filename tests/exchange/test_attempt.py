"""One attempt as a server sees it: emulated streams, and data that only its provider may receive."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import attrs
import pytest

from ai_lib import AiClient, ConnectionOptions, Message, Tool, ToolCall
from ai_lib.errors import AiLibError, OverloadedError
from tests.support.clients import client_of
from tests.support.server import Server, completion, json_reply, sse_reply, stream_events

ADD = Tool("add")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(json_reply(200, completion("whole"))) as running:
        yield running


# --- emulated streams ------------------------------------------------------------------------------------------------


def test_an_emulated_stream_is_one_request_whose_answer_is_yielded_as_chunks(server: Server) -> None:
    with client_of(server, config={"streaming": "emulated"}) as client, client.stream("hi") as stream:
        texts = [chunk.text for chunk in stream]

    assert texts == ["whole"]
    assert len(server.requests) == 1
    assert "stream" not in server.requests[0].json
    assert server.requests[0].headers["accept"] == "application/json"
    assert stream.response.usage.total_tokens == 3
    assert stream.response.finish_reason == "stop"


def test_an_emulated_stream_has_the_same_answer_as_a_chat(server: Server) -> None:
    server.script(json_reply(200, completion("whole"), {"x-request-id": "r1"}))

    with client_of(server, config={"streaming": "emulated"}) as client:
        chat, streamed = client.chat("hi"), client.stream("hi").final_response()

    assert streamed.text == chat.text
    assert streamed.request_id == chat.request_id == "r1"
    assert (streamed.id, streamed.model, streamed.usage) == (chat.id, chat.model, chat.usage)


def test_only_streams_with_tools_are_emulated_where_only_those_are_rejected(server: Server) -> None:
    server.script(json_reply(200, completion("whole")), sse_reply(stream_events("in", "pieces")))

    with client_of(server, config={"streaming": "emulated_with_tools"}) as client:
        with_tools = client.stream("hi", tools=[ADD]).final_response()
        without = client.stream("hi").final_response()

    assert [sent.json.get("stream") for sent in server.requests] == [None, True]
    assert (with_tools.text, without.text) == ("whole", "inpieces")


def test_a_stream_with_tools_from_ai21_is_one_request_and_chunks(server: Server) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choices = [{"index": 0, "message": message, "finish_reason": "tool_calls"}]
    server.script(json_reply(200, completion(choices=choices)))

    with AiClient("ai21", options=ConnectionOptions(base_url=server.url, api_key="k")) as client:
        stream = client.stream("1+1?", tools=[ADD])
        chunks = list(stream)

    (sent,) = server.requests
    assert "stream" not in sent.json
    assert [delta.name for chunk in chunks for delta in chunk.tool_calls] == ["add"]
    assert [(made.id, made.arguments) for made in stream.response.tool_calls] == [("c1", {"a": 1})]
    assert stream.response.finish_reason == "tool_calls"
    assert stream.response.usage.total_tokens == 3


def test_an_error_of_an_emulated_stream_is_raised_when_it_opens(server: Server) -> None:
    server.script(json_reply(503, {"error": {"message": "busy"}}))

    with client_of(server, config={"streaming": "emulated"}) as client, pytest.raises(OverloadedError):
        client.stream("hi")


def test_an_emulated_stream_that_is_left_early_keeps_what_it_had(server: Server) -> None:
    with client_of(server, config={"streaming": "emulated"}) as client:
        stream = client.stream("hi")
        next(stream)
        stream.cancel()
        with pytest.raises(AiLibError):
            next(stream)

    assert stream.response.text == "whole"


# --- what belongs to another provider ----------------------------------------------------------------------------------


def foreign_turns() -> list[Message]:
    call = ToolCall("c1", "add", "{}", provider_data={"gemini": {"thoughtSignature": "canary-signature"}})
    asked = attrs.evolve(
        Message.assistant(tool_calls=[call]), provider_data={"anthropic": {"content": ["canary-thinking"]}}
    )
    return [Message.user("hi"), asked, Message.tool("c1", "2")]


def test_data_of_another_provider_is_dropped_and_listed(server: Server) -> None:
    with client_of(server) as client:
        answer = client.chat(foreign_turns(), tools=[ADD])

    assert "canary" not in server.requests[0].body.decode()
    assert [note.partition(",")[0] for note in answer.adjustments] == [
        "provider_data: data of anthropic on the messages",
        "provider_data: data of gemini on the messages",
    ]


def test_dropped_data_is_a_warning_with_on_unsupported_warn(server: Server) -> None:
    with client_of(server) as client, pytest.warns(UserWarning, match="data of anthropic on the messages"):
        client.chat(foreign_turns(), tools=[ADD], on_unsupported="warn")


def test_data_of_the_provider_or_the_user_is_sent_without_a_note(server: Server) -> None:
    turns = [
        Message.user("hi"),
        attrs.evolve(Message.assistant("yes"), provider_data={"gw": {"kept": 1}, "*": {"by_hand": 2}}),
        Message.user("and?"),
    ]

    with client_of(server) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = client.chat(turns, on_unsupported="warn")

    assert answer.adjustments == ()
    assert server.requests[0].json["messages"][1] == {"role": "assistant", "content": "yes", "kept": 1, "by_hand": 2}
