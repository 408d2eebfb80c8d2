"""What a fake sends is what the library's own decoders take for the real thing."""

import json

import pytest

from ai_lib import AuthenticationError, RateLimitError, StreamInterruptedError, Usage
from ai_lib.errors import OverloadedError
from ai_lib.testing import ScriptedTransport, UnexpectedRequestError, cut, error, models, raw, text, tool_call
from ai_lib.testing.formats.render import DIALECTS, render
from ai_lib.testing.request import SentRequest
from ai_lib.types import UsageStatus
from tests.support.clients import APIS, client_with_transport, every_api

USAGE = Usage(prompt_tokens=7, completion_tokens=3, total_tokens=10)


def test_every_supported_dialect_is_tested_here():
    assert set(APIS) == DIALECTS


@every_api
def test_a_complete_answer_has_its_text_usage_and_finish_reason(api):
    answer = client_with_transport(api, ScriptedTransport(text("Hello there!", usage=USAGE))).chat("Hi")

    assert (answer.text, answer.usage, answer.choices[0].finish_reason) == ("Hello there!", _of(api), "stop")
    assert answer.usage_status is UsageStatus.FINALIZED


def _of(api):
    # The only API that tells what was cached and reasoned even where it is nothing.
    if api == "openai_responses":
        return Usage(prompt_tokens=7, completion_tokens=3, total_tokens=10, cached_tokens=0, reasoning_tokens=0)
    return USAGE


@every_api
def test_a_streamed_text_arrives_in_its_chunks_with_its_usage(api):
    reply = text("Hello there!", chunks=["Hel", "lo ", "there!"], usage=USAGE)

    with client_with_transport(api, ScriptedTransport(reply)).stream("Hi") as stream:
        pieces = [chunk.text for chunk in stream if chunk.text]

    assert pieces == ["Hel", "lo ", "there!"]
    assert (stream.response.usage, stream.response.choices[0].finish_reason) == (_of(api), "stop")
    assert stream.response.usage_status is UsageStatus.FINALIZED


@every_api
@pytest.mark.parametrize("way", ["chat", "stream"])
def test_several_tool_calls_and_a_text_arrive_in_one_answer(api, way):
    reply = text("Let me see.") + tool_call("weather", {"city": "Paris"}, id="c1") + tool_call("now", {})
    client = client_with_transport(api, ScriptedTransport(reply))

    answer = client.chat("Hi") if way == "chat" else client.stream("Hi").final_response()

    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("weather", {"city": "Paris"}), ("now", {})]
    assert [call.id for call in answer.tool_calls] == ["c1", "call_1_2"]
    assert (answer.text, answer.choices[0].finish_reason) == ("Let me see.", "tool_calls")


@every_api
@pytest.mark.parametrize("way", ["chat", "stream"])
def test_an_answer_that_was_too_long_has_the_finish_reason_length(api, way):
    client = client_with_transport(api, ScriptedTransport(text("Once upon", finish_reason="length")))

    answer = client.chat("Hi") if way == "chat" else client.stream("Hi").final_response()

    assert answer.choices[0].finish_reason == "length"


@every_api
@pytest.mark.parametrize("way", ["chat", "stream"])
def test_an_answer_without_usage_is_decoded_as_one_without_usage(api, way):
    client = client_with_transport(api, ScriptedTransport(text("Hi", usage=None)))

    answer = client.chat("Hi") if way == "chat" else client.stream("Hi").final_response()

    assert answer.usage_status is not UsageStatus.FINALIZED


@pytest.mark.parametrize("api", ["openai_chat", "anthropic", "gemini"])
@pytest.mark.parametrize("way", ["chat", "stream"])
def test_cached_tokens_are_part_of_the_prompt_in_every_format(api, way):
    usage = Usage(prompt_tokens=7, completion_tokens=3, total_tokens=10, cached_tokens=5)
    client = client_with_transport(api, ScriptedTransport(text("Hi", usage=usage)))

    answer = client.chat("Hi") if way == "chat" else client.stream("Hi").final_response()

    assert (answer.usage.prompt_tokens, answer.usage.cached_tokens, answer.usage.total_tokens) == (7, 5, 10)


@pytest.mark.parametrize("api", ["openai_chat", "openai_responses", "gemini"])
@pytest.mark.parametrize("way", ["chat", "stream"])
def test_reasoning_tokens_are_part_of_the_completion_in_every_format(api, way):
    usage = Usage(prompt_tokens=7, completion_tokens=9, total_tokens=16, reasoning_tokens=6)
    client = client_with_transport(api, ScriptedTransport(text("Hi", usage=usage)))

    answer = client.chat("Hi") if way == "chat" else client.stream("Hi").final_response()

    assert (answer.usage.completion_tokens, answer.usage.reasoning_tokens, answer.usage.total_tokens) == (9, 6, 16)


@every_api
@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (429, RateLimitError), (503, OverloadedError)]
)
def test_a_scripted_error_raises_the_same_exception_as_a_real_one(api, status, kind):
    reply = error(status, retry_after=90, message="no such luck")

    with pytest.raises(kind, match="no such luck") as caught:
        client_with_transport(api, ScriptedTransport(reply), options={"max_retries": 0}).chat("Hi")

    assert (caught.value.status, caught.value.retry_after, caught.value.request_id) == (status, 90.0, "req_1")


@pytest.mark.parametrize("api", ["openai_chat", "openai_responses", "anthropic", "gemini"])
def test_an_error_code_is_sent_where_the_api_has_its_codes(api):
    transport = ScriptedTransport(error(400, code="my_code"))

    with pytest.raises(Exception, match="a scripted error") as caught:
        client_with_transport(api, transport).chat("Hi")

    assert caught.value.code == "my_code"


@every_api
def test_the_list_of_models_is_in_the_form_of_the_api(api):
    listed = client_with_transport(api, ScriptedTransport(models("small", "large"))).list_models()

    assert [model.id for model in listed] == ["small", "large"]


def test_arguments_that_are_not_json_are_sent_unchanged():
    answer = client_with_transport("openai_chat", ScriptedTransport(tool_call("f", '{"city": '))).chat("Hi")

    assert answer.tool_calls[0].arguments_json == '{"city": '


def test_an_address_of_vertex_that_asks_for_a_stream_gets_one():
    request = SentRequest(method="POST", url="https://x/v1/models/claude:streamRawPredict", body=b"{}")

    assert render(text("Hi"), request).streamed


def test_an_answer_for_an_unknown_address_is_an_error_that_names_the_known_ones():
    request = SentRequest(method="POST", url="https://x/v1/embeddings", body=b"{}")

    with pytest.raises(UnexpectedRequestError, match=r"POST https://x/v1/embeddings.*/chat/completions.*raw"):
        render(text("Hi"), request)


def test_a_list_of_models_cannot_answer_a_chat():
    with pytest.raises(UnexpectedRequestError, match="a list of models for POST"):
        client_with_transport("openai_chat", ScriptedTransport(models("m"))).chat("Hi")


def test_a_raw_reply_answers_any_address_unchanged():
    transport = ScriptedTransport(raw(200, body={"data": [{"index": 0, "embedding": [1.0]}], "model": "e"}))

    vectors = client_with_transport("openai_chat", transport).embed(["x"], model="e").vectors

    assert [list(vector) for vector in vectors] == [[1.0]]
    assert json.loads(transport.requests[0].body)["input"] == ["x"]


@every_api
def test_a_stream_may_break_off_after_a_call(api):
    stream = client_with_transport(api, ScriptedTransport(tool_call("f", {"x": 1}) + cut())).stream("Hi")

    with pytest.raises(StreamInterruptedError) as caught:
        stream.final_response()

    assert [call.name for call in caught.value.partial.tool_calls] == ["f"]


@every_api
def test_a_tool_call_alone_has_no_text(api):
    transport = ScriptedTransport(tool_call("f"), tool_call("f"))
    client = client_with_transport(api, transport)

    assert (client.chat("Hi").text, client.stream("Hi").final_response().text) == ("", "")
