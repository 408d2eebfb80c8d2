"""The server, over a real socket."""

import os
import threading
import time
from contextlib import suppress

import pytest
import requests

from ai_lib import (
    AiClient,
    AiLibError,
    AuthenticationError,
    ConnectionOptions,
    InvalidRequestError,
    StreamInterruptedError,
)
from ai_lib.errors import ConnectionLostError
from ai_lib.testing import FakeClock, MockServer, UnexpectedRequestError, cut, error, raw, text, tool_call
from ai_lib.utils.clock import Clock
from tests.support.clients import APIS, client_with_transport, every_api


def over(server, api, **settings):
    options = {"base_url": server.base_url(APIS[api]["provider"]), **settings.pop("options", {})}
    return client_with_transport(api, None, options=options, **settings)


@every_api
def test_without_a_script_the_server_echoes_responses_and_streams(api):
    with MockServer() as server, over(server, api) as client:
        said = client.chat("Say hi").text, client.stream("Count to three").final_response().text

        assert said == ("Say hi", "Count to three")
        assert [model.id for model in client.list_models()] == ["echo"]


@every_api
def test_the_server_takes_the_same_scripts_as_the_transport(api):
    with MockServer(tool_call("f", {"x": 1}), error(401, message="no"), "Hi") as server, over(server, api) as client:
        asked = client.chat("Hi")
        with pytest.raises(AuthenticationError, match="no"):
            client.chat("Hi")

        assert (asked.tool_calls[0].arguments, client.chat("Hi").text) == ({"x": 1}, "Hi")


@every_api
def test_a_cut_stream_closes_the_connection_in_the_middle(api):
    with MockServer(cut(after="Once upon")) as server, over(server, api) as client:
        stream = client.stream("Hi")
        with pytest.raises(StreamInterruptedError) as caught:
            stream.final_response()

    assert caught.value.partial.text == "Once upon"


def test_a_cut_complete_response_closes_the_connection():
    with (
        MockServer(cut()) as server,
        over(server, "openai_chat", options={"max_retries": 0}) as client,
        pytest.raises(ConnectionLostError) as caught,
    ):
        client.chat("Hi")

    assert caught.value.ambiguous


def test_each_event_is_sent_before_the_next_is_due():
    read, came_in_time = threading.Semaphore(0), []
    # A server that holds events back waits here for a reader who has nothing to read.
    paced = Clock(wait=lambda event, seconds: came_in_time.append(read.acquire(timeout=5)))

    with MockServer(text("one two", pace=1), clock=paced) as server, over(server, "gemini") as client:
        for _ in client.stream("Hi"):
            read.release()

    assert came_in_time == [True, True]


def test_requests_are_recorded_without_their_keys():
    with MockServer() as server, over(server, "anthropic", key="sk-canary-0123") as client:
        client.chat("Hi")

    (request,) = server.requests
    assert (request.path, request.prompt, request.headers["x-api-key"]) == ("/v1/messages", "Hi", "***")
    assert "canary" not in repr(request)


def test_a_missing_reply_is_an_error_response_and_raised_at_the_end_of_the_block():
    def program():
        with MockServer("one") as server, over(server, "openai_chat") as client:
            client.chat("a")
            with pytest.raises(InvalidRequestError, match="the script has no reply left"):
                client.chat("b")

    with pytest.raises(UnexpectedRequestError, match="it has 1 reply, and request 2 is"):
        program()


def test_an_error_of_the_block_itself_is_not_replaced():
    def program():
        with MockServer("one") as server, over(server, "openai_chat") as client:
            client.chat("a")
            client.chat("b")

    with pytest.raises(InvalidRequestError, match="the script has no reply left"):
        program()


def test_a_new_script_discards_the_old_requests():
    with MockServer() as server, over(server, "openai_chat") as client:
        client.chat("a")
        server.script("Hello")

        assert (client.chat("b").text, [request.prompt for request in server.requests]) == ("Hello", ["b"])


def test_latency_passes_on_the_servers_clock():
    fake = FakeClock()

    with MockServer(text("Hi", latency=20), clock=fake.clock()) as server, over(server, "openai_chat") as client:
        client.chat("Hi")

    assert fake.waits == [20]


def test_closing_does_not_wait_for_a_latency():
    begun, heard = time.monotonic(), []

    def ask():
        try:
            client.chat("Hi")
        except AiLibError as error:
            heard.append(type(error))

    with MockServer(text("Hi", latency=60)) as server:
        client = over(server, "openai_chat", options={"max_retries": 0})
        asking = threading.Thread(target=ask)
        asking.start()
        while not server.requests:
            time.sleep(0.001)
    asking.join()

    assert heard == [ConnectionLostError]
    assert time.monotonic() - begun < 10


def test_no_thread_outlives_the_block():
    before = threading.active_count()

    with MockServer() as server, over(server, "openai_chat") as client:
        client.chat("Hi")

    assert threading.active_count() == before


def test_the_address_is_known_only_while_it_listens():
    with pytest.raises(RuntimeError, match="inside `with"):
        _ = MockServer().url


@pytest.mark.parametrize(
    "provider", ["openai", "groq", "anthropic", "gemini", "mistral", "deepseek", "perplexity", "cerebras"]
)
def test_the_environment_points_a_client_to_the_server(provider, monkeypatch):
    with MockServer() as server:
        for name, value in server.environment(provider).items():
            monkeypatch.setenv(name, value)

        with AiClient(provider) as client:
            assert client.chat("Hi").text == "Hi"


def test_the_environment_without_a_provider_covers_all_supported_ones():
    with MockServer() as server:
        variables = server.environment()

        assert variables["OPENAI_BASE_URL"] == server.url + "/v1"
        assert variables["OLLAMA_HOST"] == variables["ANTHROPIC_BASE_URL"] == server.url
        assert variables["OPENAI_API_KEY"] == "test-key"
        assert "COHERE_BASE_URL" not in variables
        assert "OPENAI_BASE_URL" not in os.environ


def test_placeholders_in_a_base_url_are_filled():
    with MockServer() as server:
        assert server.base_url("cloudflare") == server.url + "/client/v4/accounts/test/ai/v1"


@pytest.mark.parametrize("way", ["chat", "responses"])
def test_the_vendors_official_client_understands_the_server(way):
    openai = pytest.importorskip("openai")
    with MockServer() as server:
        client = openai.OpenAI(base_url=server.base_url("openai"), api_key="k")
        if way == "chat":
            asked = {"model": "m", "messages": [{"role": "user", "content": "Say hi"}]}
            whole = client.chat.completions.create(**asked).choices[0].message.content
            pieces = [
                chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked, stream=True)
            ]
        else:
            whole = client.responses.create(model="m", input="Say hi").output_text
            events = client.responses.create(model="m", input="Say hi", stream=True)
            pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
        client.close()

    assert (whole, [piece for piece in pieces if piece]) == ("Say hi", ["Say", " hi"])


def test_many_threads_are_answered_concurrently():
    with MockServer() as server, over(server, "openai_chat") as client:
        heard = []
        threads = [threading.Thread(target=lambda n=n: heard.append(client.chat(str(n)).text)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(heard, key=int) == list(map(str, range(16)))


def test_the_base_url_may_be_passed_as_an_option():
    with MockServer("Hello") as server:
        options = ConnectionOptions(api_key="k", base_url=server.base_url("groq"))

        assert AiClient("groq", options=options).chat("Hi").text == "Hello"


def test_a_failed_assertion_in_a_script_function_is_raised_at_the_end_of_the_block():
    def check(request):
        assert request.json["temperature"] == 0, "temperature is not 0"
        return "Hi"

    def program():
        with MockServer(check) as server, over(server, "openai_chat") as client, suppress(InvalidRequestError):
            client.chat("a", temperature=1)

    with pytest.raises(AssertionError, match="temperature is not 0"):
        program()


def test_an_error_in_a_script_function_is_an_error_response_and_raised_at_the_end_of_the_block():
    def answer(request):
        return request.json["tools"][0]["name"]

    server = MockServer(answer)
    with (
        pytest.raises(KeyError, match="tools"),
        server,
        over(server, "openai_chat") as client,
        suppress(InvalidRequestError),
    ):
        client.chat("Hi")

    assert len(server.requests) == 1


def test_a_request_that_is_not_json_gets_an_error_response():
    statuses = []

    def ask(server):
        address = server.base_url("openai") + "/chat/completions"
        statuses.append(requests.post(address, data=b"{not json", timeout=5).status_code)

    with pytest.raises(UnexpectedRequestError, match="request 1 is not JSON"), MockServer("Hi") as server:
        ask(server)

    assert statuses == [400]


def test_a_raw_response_may_have_a_wrong_content_length():
    with (
        MockServer(raw(200, {"content-length": "50"}, b"{}"), "Hi") as server,
        over(server, "openai_chat", options={"max_retries": 0}) as client,
    ):
        with pytest.raises(ConnectionLostError):
            client.chat("Hi")

        assert client.chat("Hi").text == "Hi"


def test_a_server_that_was_never_entered_can_be_closed():
    server = MockServer()

    server.close()

    assert server.requests == []
