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
def test_without_a_script_it_echoes_whole_and_streamed(api):
    with MockServer() as server, over(server, api) as client:
        said = client.chat("Say hi").text, client.stream("Count to three").final_response().text

        assert said == ("Say hi", "Count to three")
        assert [model.id for model in client.list_models()] == ["echo"]


@every_api
def test_scripts_are_those_of_the_transport(api):
    with MockServer(tool_call("f", {"x": 1}), error(401, message="no"), "Hi") as server, over(server, api) as client:
        asked = client.chat("Hi")
        with pytest.raises(AuthenticationError, match="no"):
            client.chat("Hi")

        assert (asked.tool_calls[0].arguments, client.chat("Hi").text) == ({"x": 1}, "Hi")


@every_api
def test_a_cut_stream_is_cut_on_the_socket(api):
    with MockServer(cut(after="Once upon")) as server, over(server, api) as client:
        stream = client.stream("Hi")
        with pytest.raises(StreamInterruptedError) as caught:
            stream.final_response()

    assert caught.value.partial.text == "Once upon"


def test_a_cut_whole_answer_hangs_up():
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


def test_requests_are_kept_without_their_keys():
    with MockServer() as server, over(server, "anthropic", key="sk-canary-0123") as client:
        client.chat("Hi")

    (request,) = server.requests
    assert (request.path, request.prompt, request.headers["x-api-key"]) == ("/v1/messages", "Hi", "***")
    assert "canary" not in repr(request)


def test_running_out_is_told_to_the_program_and_raised_at_the_end():
    def program():
        with MockServer("one") as server, over(server, "openai_chat") as client:
            client.chat("a")
            with pytest.raises(InvalidRequestError, match="the script is over"):
                client.chat("b")

    with pytest.raises(UnexpectedRequestError, match="it has 1 reply, and request 2 came"):
        program()


def test_what_the_block_raises_itself_is_not_replaced():
    def program():
        with MockServer("one") as server, over(server, "openai_chat") as client:
            client.chat("a")
            client.chat("b")

    with pytest.raises(InvalidRequestError, match="the script is over"):
        program()


def test_a_new_script_forgets_the_old_requests():
    with MockServer() as server, over(server, "openai_chat") as client:
        client.chat("a")
        server.script("Hello")

        assert (client.chat("b").text, [request.prompt for request in server.requests]) == ("Hello", ["b"])


def test_a_latency_passes_on_the_clock_that_is_given():
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
    with pytest.raises(RuntimeError, match="inside of `with"):
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


def test_the_environment_without_a_provider_is_that_of_all_that_are_spoken():
    with MockServer() as server:
        variables = server.environment()

        assert variables["OPENAI_BASE_URL"] == server.url + "/v1"
        assert variables["OLLAMA_HOST"] == variables["ANTHROPIC_BASE_URL"] == server.url
        assert variables["OPENAI_API_KEY"] == "test-key"
        assert "COHERE_BASE_URL" not in variables
        assert "OPENAI_BASE_URL" not in os.environ


def test_gaps_in_a_base_url_are_filled():
    with MockServer() as server:
        assert server.base_url("cloudflare") == server.url + "/client/v4/accounts/test/ai/v1"


@pytest.mark.parametrize("way", ["chat", "responses"])
def test_the_vendors_own_client_understands_it(way):
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


def test_many_threads_are_answered_at_once():
    with MockServer() as server, over(server, "openai_chat") as client:
        heard = []
        threads = [threading.Thread(target=lambda n=n: heard.append(client.chat(str(n)).text)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(heard, key=int) == list(map(str, range(16)))


def test_a_base_url_of_another_client_may_be_given_as_an_option():
    with MockServer("Hello") as server:
        options = ConnectionOptions(api_key="k", base_url=server.base_url("groq"))

        assert AiClient("groq", options=options).chat("Hi").text == "Hello"


def test_what_a_function_in_the_script_asserts_is_raised_at_the_end():
    def check(request):
        assert request.json["temperature"] == 0, "temperature is not 0"
        return "Hi"

    def program():
        with MockServer(check) as server, over(server, "openai_chat") as client, suppress(InvalidRequestError):
            client.chat("a", temperature=1)

    with pytest.raises(AssertionError, match="temperature is not 0"):
        program()


def test_what_a_function_in_the_script_raises_is_told_to_the_program_and_raised_at_the_end():
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


def test_a_request_that_is_no_json_is_answered_with_an_error():
    statuses = []

    def ask(server):
        address = server.base_url("openai") + "/chat/completions"
        statuses.append(requests.post(address, data=b"{not json", timeout=5).status_code)

    with pytest.raises(UnexpectedRequestError, match="request 1 is no JSON"), MockServer("Hi") as server:
        ask(server)

    assert statuses == [400]


def test_a_raw_response_may_lie_about_its_length():
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
