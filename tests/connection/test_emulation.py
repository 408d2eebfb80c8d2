"""Structured answers where the provider does not support them, repaired answers, and partial JSON."""

import json

import attrs
import pytest

from ai_lib import AiClient, ConnectionOptions, FallbackChain, ProviderConfig, tool
from ai_lib.errors import InvalidResponseError
from tests.support.clients import client_of
from tests.support.server import chunk_event, completion, json_reply, sse_reply, stream_events

KEY = ConnectionOptions(api_key="k")
OSLO = '{"name": "Oslo", "inhabitants": 720000}'


@attrs.define
class City:
    name: str
    inhabitants: int


@tool
def look_up(name: str) -> str:
    """Look up."""
    return name


def without_json_schema(server, **quirks):
    """Return a provider that does not support response_format."""
    return ProviderConfig(
        "plain", base_url=server.url, default_model="m", quirks={"json_schema": False, "json_object": False, **quirks}
    )


def tool_call_answer(arguments):
    call = {"id": "c1", "type": "function", "function": {"name": "City", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])


def test_a_native_schema_is_sent_as_it_is(server):
    server.script(json_reply(200, completion(OSLO)))

    answer = client_of(server).chat("which?", response_format=City)

    assert server.requests[0].json["response_format"]["type"] == "json_schema"
    assert (answer.parsed, answer.adjustments) == (City("Oslo", 720_000), ())


def test_without_native_schemas_a_tool_is_used_and_listed(server):
    server.script(json_reply(200, tool_call_answer(OSLO)))

    answer = client_of(server, without_json_schema(server)).chat("which?", response_format=City)

    body = server.requests[0].json
    assert "response_format" not in body
    assert body["tools"][0]["function"]["name"] == "City"
    assert body["tool_choice"] == {"type": "function", "function": {"name": "City"}}
    assert (answer.parsed, answer.text, answer.tool_calls, answer.finish_reason) == (
        City("Oslo", 720_000),
        OSLO,
        (),
        "stop",
    )
    assert answer.adjustments == ("response_format: sent as the arguments of a tool, since plain does not support it",)
    assert answer.trace.adjustments == answer.adjustments


def test_the_tool_emulation_is_used_without_strict_tools_as_well(server):
    reply = {"id": "m1", "content": [{"type": "tool_use", "id": "t1", "name": "City", "input": json.loads(OSLO)}]}
    server.script(json_reply(200, {**reply, "role": "assistant", "stop_reason": "tool_use"}))
    options = ConnectionOptions(api_key="k", base_url=server.url + "/v1")

    answer = AiClient("anthropic", model="claude-3-haiku-20240307", options=options).chat("hi", response_format=City)

    (sent,) = server.requests[0].json["tools"]
    assert (sent["name"], sent.get("strict")) == ("City", None)
    assert answer.parsed == City("Oslo", 720_000)
    assert answer.adjustments[0].startswith("response_format: sent as the arguments of a tool")


def test_a_whole_number_may_be_written_with_a_point(server):
    server.script(json_reply(200, completion('{"name": "Oslo", "inhabitants": 720000.0}')))

    assert client_of(server).chat("which?", response_format=City).parsed == City("Oslo", 720_000)


@pytest.mark.parametrize(
    ("message", "reason", "message_part"),
    [
        ({"content": '{"name": "Os'}, "length", "cut off at its maximum length: raise max_tokens"),
        ({"content": "I"}, "content_filter", "The content filter of the provider stopped the answer"),
        ({"content": None, "refusal": "no"}, "stop", "The model refused; look at .message.refusal"),
        ({"content": "Oslo"}, "stop", "max_repairs=1 asks the model to correct it"),
    ],
)
def test_an_answer_that_does_not_validate_is_an_error_that_mentions_repairs(server, message, reason, message_part):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    server.script(json_reply(200, completion(choices=[choice])))
    answer = client_of(server).chat("which?", response_format=City)

    with pytest.raises(InvalidResponseError) as caught:
        _ = answer.parsed

    assert message_part in str(caught.value)


def test_an_emulated_stream_yields_the_tools_arguments_as_text(server):
    def delta(**function):
        return chunk_event(
            choices=[{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c1", "function": function}]}}]
        )

    end = chunk_event(choices=[{"index": 0, "delta": {}, "finish_reason": "tool_calls"}])
    events = [delta(name="City", arguments=""), delta(arguments=OSLO[:14]), delta(arguments=OSLO[14:]), end, "[DONE]"]
    server.script(sse_reply(events))

    stream = client_of(server, without_json_schema(server)).stream("which?", response_format=City)
    texts = [chunk.text for chunk in stream]

    assert "".join(texts) == OSLO
    assert stream.response.parsed == City("Oslo", 720_000)
    assert (stream.response.finish_reason, len(stream.response.adjustments)) == ("stop", 1)
    assert stream.response.trace.adjustments == stream.response.adjustments


def test_a_request_with_tools_asks_for_json_in_the_prompt(server):
    server.script(json_reply(200, completion(f"Sure:\n```json\n{OSLO}\n```")))

    answer = client_of(server, without_json_schema(server)).chat("which?", response_format=City, tools=[look_up])

    body = server.requests[0].json
    assert [one["function"]["name"] for one in body["tools"]] == ["look_up"]
    assert '"inhabitants"' in body["messages"][0]["content"]
    assert answer.parsed == City("Oslo", 720_000)
    assert answer.adjustments == ("response_format: described in the prompt, since plain does not support it",)


def test_a_fallback_target_uses_its_own_emulation(server):
    server.script(json_reply(503, {"error": {"message": "busy"}}), json_reply(200, completion(OSLO)))
    second = ProviderConfig("native", base_url=server.url, default_model="m")
    client = client_of(server, without_json_schema(server), route=FallbackChain([second]))

    answer = client.chat("which?", response_format=City)

    assert [("tools" in request.json, "response_format" in request.json) for request in server.requests] == [
        (True, False),
        (False, True),
    ]
    assert (answer.parsed, answer.adjustments) == (City("Oslo", 720_000), ())


def test_an_answer_that_does_not_validate_is_repaired(server):
    server.script(json_reply(200, completion('{"name": "Oslo"}')), json_reply(200, completion(OSLO)))

    answer = client_of(server).chat("which?", response_format=City, max_repairs=2)

    messages = server.requests[1].json["messages"]
    assert answer.parsed == City("Oslo", 720_000)
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert "inhabitants" in messages[2]["content"]
    assert [one.text for one in answer.rounds] == ['{"name": "Oslo"}']
    assert "repair" in [step.kind for step in answer.trace]


def test_repairs_are_bounded_and_the_last_answer_is_kept(server):
    server.script(json_reply(200, completion("nonsense")))

    answer = client_of(server).chat("which?", response_format=City, max_repairs=2)

    assert len(server.requests) == 3
    assert (answer.text, len(answer.rounds)) == ("nonsense", 2)
    with pytest.raises(InvalidResponseError, match="does not fit response_format"):
        _ = answer.parsed


def test_without_repairs_there_is_one_request(server):
    server.script(json_reply(200, completion("nonsense")))

    client_of(server).chat("which?", response_format=City)

    assert len(server.requests) == 1


def test_json_can_be_read_while_it_is_written(server):
    server.script(sse_reply(stream_events('{"name": "Os', 'lo", "inhabi', 'tants": 72')))

    with client_of(server).stream("which?", response_format=City) as stream:
        seen = [json.dumps(stream.partial) for _ in stream]

    assert seen[:2] == ['{"name": "Os"}', '{"name": "Oslo"}']


def test_a_list_and_a_pydantic_model_are_types_too(server):
    pydantic = pytest.importorskip("pydantic", reason="needs pydantic")
    Place = pydantic.create_model("Place", name=(str, ...))
    server.script(
        json_reply(200, completion('{"items": [{"name": "Oslo", "inhabitants": 1}]}')),
        json_reply(200, completion('{"name": "Oslo"}')),
    )
    client = client_of(server)

    assert client.chat("which?", response_format=list[City]).parsed == [City("Oslo", 1)]
    assert client.chat("which?", response_format=Place).parsed == Place(name="Oslo")


def test_json_object_is_requested_where_only_that_is_supported(server):
    server.script(json_reply(200, completion(OSLO)))

    answer = client_of(server, without_json_schema(server, json_object=True)).chat(
        "which?", response_format=City, tools=[look_up]
    )

    assert server.requests[0].json["response_format"] == {"type": "json_object"}
    assert answer.parsed == City("Oslo", 720_000)
