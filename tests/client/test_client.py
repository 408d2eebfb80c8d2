"""The public client, as a server on the other side sees it."""

import copy
import pickle
import warnings
from functools import partial

import pytest

from ai_lib import (
    AiClient,
    ChatCompletionRequest,
    ConfigurationError,
    ConnectionOptions,
    InvalidRequestError,
    Message,
    Provider,
    ProviderConfig,
    UnsupportedFeatureError,
    quick_chat,
)
from ai_lib.errors import ContextLengthError, InvalidResponseError, MissingKeyError
from ai_lib.types import UsageStatus
from ai_lib.types.tool import Tool
from ai_lib.utils.clock import Clock
from tests.support.clients import client_of
from tests.support.server import completion, json_reply

NO_WAITS = Clock(sleep=lambda _: None)


gateway_client = partial(
    client_of,
    config={"key_env": "GATEWAY_KEY"},
    options={"api_key": "canary-0123456789"},
    clock=NO_WAITS,
    resilience=None,
)


# --- chat


def test_a_string_is_sent_as_one_user_message_to_the_default_model(server):
    answer = gateway_client(server).chat("Say hi")

    assert answer.text == "hi"
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.requests[0].json == {"model": "m", "messages": [{"role": "user", "content": "Say hi"}]}


def test_messages_may_be_messages_dicts_or_a_whole_request(server):
    client = gateway_client(server)
    expected = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]

    client.chat([Message.system("Be brief."), {"role": "user", "content": "hi"}])
    client.chat(ChatCompletionRequest(messages=[Message.system("Be brief."), Message.user("hi")]), temperature=0)

    assert server.requests[0].json["messages"] == expected
    assert server.requests[1].json == {"model": "m", "messages": expected, "temperature": 0}


@pytest.mark.parametrize("model", [None, "", "auto", "DEFAULT", " provider_default "])
def test_the_words_for_the_default_model_select_it(server, model):
    gateway_client(server).chat("hi", model=model)

    assert server.requests[0].json["model"] == "m"


def test_a_word_for_the_default_model_works_on_the_client_too(server):
    gateway_client(server, model="AUTO").chat("hi")

    assert server.requests[0].json["model"] == "m"


def test_the_call_wins_over_the_client_and_the_client_over_the_environment(server, monkeypatch):
    monkeypatch.setenv("GW_MODEL", "from-environment")
    gateway_client(server).chat("hi")
    gateway_client(server, model="from-client").chat("hi")
    gateway_client(server, model="from-client").chat("hi", model="from-call")

    assert [request.json["model"] for request in server.requests] == ["from-environment", "from-client", "from-call"]


def test_without_any_model_the_error_says_how_to_set_one(server):
    client = AiClient(ProviderConfig("gateway", base_url=server.url))

    with pytest.raises(ConfigurationError, match=r"gateway has no default model; pass model=, or set GATEWAY_MODEL"):
        client.chat("hi")
    assert server.requests == []


def test_an_unknown_field_is_rejected_before_anything_is_sent(server):
    with pytest.raises(InvalidRequestError, match=r"a request has no field 'temprature'; did you mean 'temperature'\?"):
        gateway_client(server).chat("hi", temprature=1)
    with pytest.raises(
        InvalidRequestError, match=r"no field 'service_tier'; fields of one provider go into extensions"
    ):
        gateway_client(server).stream("hi", service_tier="flex")
    assert server.requests == []


def test_a_provider_specific_field_is_sent_through_extensions(server):
    gateway_client(server).chat("hi", extensions={"service_tier": "flex"})

    assert server.requests[0].json["service_tier"] == "flex"


def test_an_unsupported_field_raises_warns_or_is_dropped_and_listed(server):
    client = gateway_client(server)

    with pytest.raises(UnsupportedFeatureError, match="gw does not support top_k"):
        client.chat("hi", top_k=3)
    with pytest.warns(UserWarning, match="left out of the request: top_k"):
        warned = client.chat("hi", top_k=3, on_unsupported="warn")
    dropped = client.chat("hi", top_k=3, on_unsupported="drop")

    assert len(server.requests) == 2
    assert warned.adjustments == dropped.adjustments != ()
    assert "top_k" not in server.requests[1].json


def test_an_answer_has_its_provider_model_and_raw_json(server):
    server.script(json_reply(200, completion("hi", model="m-2026"), {"x-request-id": "r1"}))

    answer = gateway_client(server).chat("hi")

    assert (answer.provider, answer.model, answer.request_id) == ("gw", "m-2026", "r1")
    assert answer.raw["object"] == "chat.completion"
    assert answer.usage.total_tokens == 3
    assert answer.usage_status is UsageStatus.FINALIZED


def test_an_error_knows_its_provider_model_status_and_request(server):
    body = {"error": {"message": "maximum context length is 8", "type": "invalid_request_error", "code": None}}
    server.script(json_reply(400, body, {"x-request-id": "r1"}))

    with pytest.raises(ContextLengthError) as caught:
        gateway_client(server).chat("hi", model="small")

    error = caught.value
    assert (error.provider, error.model, error.status, error.request_id) == ("gw", "small", 400, "r1")
    assert "maximum context length" in error.body


def test_html_instead_of_an_answer_is_an_invalid_response_that_shows_the_pages_title(server):
    page = b"<html><head><title>Log in to the hotel's network</title></head></html>"

    def portal(connection):
        connection.read_request()
        connection.head(200, {"content-type": "text/html", "content-length": str(len(page))})
        connection.send(page)

    server.script(portal)

    with pytest.raises(InvalidResponseError, match="expected JSON, got text/html: Log in to the hotel's network"):
        gateway_client(server).chat("hi")


def test_an_answer_without_choices_is_an_error_that_shows_its_fields(server):
    server.script(json_reply(200, {"object": "list", "choices": []}))

    with pytest.raises(InvalidResponseError, match="the answer has no choices; its keys are: object, choices"):
        gateway_client(server).chat("hi")


# --- what a client is


def test_a_client_of_a_known_provider_needs_its_key_and_names_the_variable():
    with pytest.raises(MissingKeyError, match=r"no API key for Groq: set GROQ_API_KEY, or pass"):
        AiClient(Provider.GROQ)


def test_the_key_does_not_show_in_the_client_nor_in_its_pickle(monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "canary-0123456789")
    client = AiClient("groq")

    assert "canary" not in repr(client)
    assert b"canary" not in pickle.dumps(client)


def test_a_pickled_client_looks_its_key_up_again(server, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "first")
    monkeypatch.setenv("GROQ_BASE_URL", server.url + "/v1")
    packed = pickle.dumps(AiClient("groq"))
    monkeypatch.setenv("GROQ_API_KEY", "second")

    pickle.loads(packed).chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer second"


def test_a_copy_works_alongside_the_first_client(server):
    client = gateway_client(server)

    assert copy.copy(client).chat("hi").text == client.chat("hi").text == "hi"


def test_a_key_that_the_server_repeats_is_not_shown(server):
    key = "canary-0123456789"
    server.script(json_reply(401, {"error": {"message": f"Incorrect API key provided: {key}"}}))

    with pytest.raises(Exception, match="Incorrect API key") as caught:
        gateway_client(server).chat("hi")

    assert key not in f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__cause__!r}"


def test_settings_can_be_changed_on_a_copy(server):
    client = gateway_client(server)

    other = client.with_options(headers={"x-team": "a"}, model="other")
    other.chat("hi")

    assert server.requests[0].headers["x-team"] == "a"
    assert server.requests[0].json["model"] == "other"
    assert client.model == "m"


def test_all_options_can_be_replaced_on_a_copy(server):
    other = gateway_client(server).with_options(ConnectionOptions(api_key="other-key"), max_retries=0)

    other.chat("hi")

    assert server.requests[0].headers["authorization"] == "Bearer other-key"


def test_an_option_that_does_not_exist_is_named(server):
    with pytest.raises(ConfigurationError, match="unknown option: tiemout"):
        gateway_client(server).with_options(tiemout=3)


def test_a_client_can_be_used_again_after_close(server):
    with gateway_client(server) as client:
        client.chat("hi")

    assert client.chat("hi").text == "hi"


def test_quick_chat_needs_one_line(server, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("GROQ_BASE_URL", server.url + "/v1")

    assert quick_chat("Say hi", provider="groq", temperature=0) == "hi"
    assert server.requests[0].json["temperature"] == 0


def test_a_named_tool_choice_and_a_tool_reach_the_wire(server):
    gateway_client(server).chat(
        "hi", tools=[Tool("add", "Add", {"type": "object", "properties": {}})], tool_choice="add"
    )

    assert server.requests[0].json["tool_choice"] == {"type": "function", "function": {"name": "add"}}


def test_there_is_no_warning_when_nothing_was_left_out(server):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = gateway_client(server, on_unsupported="warn").chat("hi")

    assert answer.adjustments == ()


def test_the_reference_pages_constructors_work_or_say_how_they_are_spelled():
    options = ConnectionOptions(api_key="k")

    assert AiClient("openai", options).base_url == "https://api.openai.com/v1"
    with pytest.raises(AttributeError, match=r"no attribute 'new'; write AiClient\(provider\)"):
        AiClient.new("openai")
    with pytest.raises(ConfigurationError, match=r"write AiClient\(provider, options\)"):
        AiClient.with_options("openai", options)
