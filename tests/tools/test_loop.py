"""Conversations with tools, as servers see them, in every wire format."""

import threading
from functools import partial

import attrs
import pytest

from ai_lib import (
    AuthenticationError,
    CancelledError,
    ConnectionOptions,
    InvalidRequestError,
    Message,
    ProviderConfig,
    RequestTimeoutError,
    tool,
)
from ai_lib.errors import OverloadedError, ToolLoopError
from ai_lib.providers.registry import get_config
from tests.support.clients import client_of
from tests.support.dialect_samples import SAMPLES, value_at
from tests.support.server import chunk_event, completion, json_reply, sse_reply

# One provider for each wire format that knows tools.
SPEAKERS = {
    "openai_chat": get_config("openai"), "openai_responses": get_config("openai").with_api("responses"),
    "anthropic": get_config("anthropic"), "gemini": get_config("gemini"), "cohere_v2": get_config("cohere"),
    "ollama_native": get_config("ollama"), "bedrock_converse": get_config("bedrock"),
}  # fmt: skip
KEY = ConnectionOptions(api_key="k")


@tool
def add(a: int) -> int:
    """Add one.

    Args:
        a: The number.
    """
    return a + 1


tool_client = partial(client_of, model="m", options={"api_key": "k"})


@pytest.mark.parametrize("dialect", SPEAKERS)
def test_two_rounds_in_every_wire_format(server, dialect):
    wire = SAMPLES[dialect]
    server.script(json_reply(200, wire.tool_call), json_reply(200, wire.response))

    answer = tool_client(server, SPEAKERS[dialect]).run_tools("what is 1 + 1?", [add])

    first, second = (request.json for request in server.requests)
    assert value_at(first, wire.tool_name_path) == "add"
    assert answer.text == "hi"
    assert [message.role.value for message in answer.messages] == ["user", "assistant", "tool", "assistant"]
    assert (answer.messages[1].tool_calls[0].name, answer.messages[2].text) == ("add", "2")
    assert answer.messages[2].tool_call_id == answer.messages[1].tool_calls[0].id
    assert len(str(second)) > len(str(first))
    assert [one.tool_calls[0].arguments for one in answer.rounds] == [{"a": 1}]


@pytest.mark.parametrize("dialect", SPEAKERS)
def test_the_same_as_streams(server, dialect):
    wire = SAMPLES[dialect]
    server.script(*wire.tool_call_stream, *wire.stream)

    with tool_client(server, SPEAKERS[dialect]).stream_tools("what is 1 + 1?", [add]) as stream:
        text = "".join(chunk.text for chunk in stream)

    assert text == "Hello"
    assert stream.response.text == "Hello"
    assert [message.role.value for message in stream.response.messages] == ["user", "assistant", "tool", "assistant"]
    assert stream.response.messages[2].text == "2"


@pytest.mark.parametrize("dialect", SPEAKERS)
def test_a_conversation_continues_at_another_provider(server, dialect):
    other = "anthropic" if dialect == "openai_chat" else "openai_chat"
    server.script(json_reply(200, SAMPLES[dialect].tool_call), json_reply(200, SAMPLES[dialect].response))
    answer = tool_client(server, SPEAKERS[dialect]).run_tools("what is 1 + 1?", [add])

    server.script(json_reply(200, SAMPLES[other].response))
    elsewhere = tool_client(server, SPEAKERS[other], on_unsupported="drop")
    further = elsewhere.chat([*answer.messages, Message.user("and 2 + 1?")], tools=[add])

    body = server.requests[-1].json
    assert further.text == "hi"
    assert value_at(body, SAMPLES[other].text_path) == "and 2 + 1?"
    assert "add" in str(body["messages"])


CALLING = SAMPLES["openai_chat"].tool_call


def calling(arguments):
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return json_reply(200, completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}]))


def test_a_loop_that_exceeds_max_rounds_raises_with_its_transcript(server):
    server.script(*(calling(f'{{"a": {n}}}') for n in range(10)))

    with pytest.raises(ToolLoopError, match="still calls tools after 3 rounds") as caught:
        tool_client(server).run_tools("go", [add], max_rounds=3)

    assert len(server.requests) == 4
    assert caught.value.code == "max_rounds"
    assert len(caught.value.partial.messages) == 1 + 3 * 2 + 1


def test_a_model_that_repeats_itself_is_stopped_earlier(server):
    server.script(json_reply(200, CALLING))

    with pytest.raises(ToolLoopError, match="made the same call of add 4 times") as caught:
        tool_client(server).run_tools("go", [add], max_rounds=50)

    assert (len(server.requests), caught.value.code) == (4, "repeated_calls")


def test_a_failed_call_is_reported_to_the_model_which_may_correct_it(server):
    server.script(calling('{"a": "x"}'), calling('{"a": 1}'), json_reply(200, completion("done")))

    answer = tool_client(server).run_tools("go", [add])

    results = [message.text for message in answer.messages if message.role.value == "tool"]
    assert answer.text == "done"
    assert results[0].startswith("Error: the arguments for tool 'add' are invalid")
    assert results[1] == "2"


def test_a_forced_choice_holds_for_the_first_round_only(server):
    server.script(json_reply(200, CALLING), json_reply(200, completion("done")))

    tool_client(server).run_tools("go", [add], tool_choice="required")

    assert [request.json["tool_choice"] for request in server.requests] == ["required", "auto"]


def test_the_total_cost_is_the_sum_of_the_rounds(server):
    priced = {
        **CALLING,
        "model": "gpt-4o",
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }
    last = completion(
        "done", model="gpt-4o", usage={"prompt_tokens": 2000, "completion_tokens": 10, "total_tokens": 2010}
    )
    server.script(json_reply(200, priced), json_reply(200, last))
    client = tool_client(server, SPEAKERS["openai_chat"])

    answer = client.run_tools("go", [add], tags="sums")

    assert str(answer.cost) == "0.0051"
    assert str(answer.total_cost) == "0.0086"
    assert client.spending.by_tag["sums"].cost == answer.total_cost


def test_a_failure_in_a_later_round_keeps_the_conversation(server):
    server.script(json_reply(200, CALLING), json_reply(503, {"error": {"message": "busy"}}))

    with pytest.raises(OverloadedError) as caught:
        tool_client(server).run_tools("go", [add])

    assert [message.role.value for message in caught.value.partial.messages] == ["user", "assistant", "tool"]


def test_a_failure_in_the_first_round_raises_as_a_chat_does(server):
    server.script(json_reply(401, {"error": {"message": "no"}}))

    with pytest.raises(AuthenticationError) as caught:
        tool_client(server).run_tools("go", [add])

    assert caught.value.partial is None


def test_the_time_of_the_whole_conversation_is_limited(server):
    stop = threading.Event()
    server.script(json_reply(200, CALLING))
    slow = attrs.evolve(add, function=lambda a: stop.wait(10))

    with pytest.raises(RequestTimeoutError) as caught:
        tool_client(server).run_tools("go", [slow], timeout=0.5)
    stop.set()

    assert [message.role.value for message in caught.value.partial.messages] == ["user", "assistant"]


def test_approve_must_be_a_function(server):
    with pytest.raises(InvalidRequestError, match="approve must be a function"):
        tool_client(server).run_tools("go", [add], approve=True)

    assert server.requests == []


def test_each_round_has_another_idempotency_key(server):
    server.script(json_reply(200, CALLING), json_reply(200, completion("done")))
    config = ProviderConfig("gw", default_model="m", base_url="http://x", idempotency_header="Idempotency-Key")

    tool_client(server, config).run_tools("go", [add])

    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert len(set(keys)) == 2


def test_the_trace_has_the_tools_that_ran(server):
    server.script(json_reply(200, CALLING), json_reply(200, completion("done")))

    answer = tool_client(server).run_tools("go", [add])

    assert [step.kind for step in answer.trace] == ["request", "tool", "request"]
    assert "tool" in str(answer.trace)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"max_rounds": 0}, "max_rounds"), ({"tool_timeout": 0}, "timeout"), ({"max_workers": 0}, "max_workers")],
)
def test_invalid_limits_are_rejected_before_anything_is_sent(server, settings, complaint):
    with pytest.raises(InvalidRequestError, match=complaint):
        tool_client(server).run_tools("go", [add], **settings)

    assert server.requests == []


def test_without_calls_it_is_a_chat(server):
    answer = tool_client(server).run_tools("go", [add])

    assert (answer.text, answer.rounds, len(answer.messages)) == ("hi", (), 2)


def test_a_closed_stream_frees_its_connection(server):
    server.script(*SAMPLES["openai_chat"].stream)

    with tool_client(server).stream_tools("go", [add]) as stream:
        next(stream)

    assert stream.response.text == "He"


def test_a_streamed_conversation_can_be_cancelled_while_a_tool_runs(server):
    running, stop = threading.Event(), threading.Event()

    def work(a):
        running.set()
        stop.wait(10)

    server.script(*SAMPLES["openai_chat"].tool_call_stream)
    stream = tool_client(server).stream_tools("go", [attrs.evolve(add, function=work)])
    threading.Thread(target=lambda: running.wait(10) and stream.cancel()).start()

    with pytest.raises(CancelledError) as caught:
        stream.final_response()
    stop.set()

    assert [message.role.value for message in caught.value.partial.messages] == ["user", "assistant"]
    assert len(server.requests) == 1


def test_a_streamed_conversation_can_be_cancelled_while_the_server_is_silent(server):
    go_on = threading.Semaphore(1)
    server.script(sse_reply([chunk_event("He"), chunk_event("llo")], pace=go_on))
    stream = tool_client(server).stream_tools("go", [add])
    assert next(stream).text == "He"
    threading.Thread(target=stream.cancel).start()

    with pytest.raises(CancelledError):
        stream.final_response()
    go_on.release()
    assert server.open_connections(at_most=0) == 0
