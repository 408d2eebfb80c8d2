"""A `ChatProvider` of the user's: alone, as a route, and in a chain."""

import pytest

from ai_lib import (
    AiClient,
    ChatCompletionChunk,
    ChatCompletionResponse,
    Choice,
    ConfigurationError,
    FallbackChain,
    Message,
    ModelInfo,
    ModelRouter,
    UnsupportedFeatureError,
)
from ai_lib.errors import OverloadedError, StreamInterruptedError
from tests.support.clients import client_of
from tests.support.server import json_reply


class Echo:
    """Answers with the last message; takes no `call`, and has no list of models."""

    def __init__(self):
        self.closed = False
        self.models = []

    def chat(self, request):
        self.models.append(request.model)
        return ChatCompletionResponse(choices=(Choice(message=Message.assistant(request.messages[-1].text)),))

    def stream(self, request):
        try:
            for word in request.messages[-1].text.split():
                yield ChatCompletionChunk(text=word)
            yield ChatCompletionChunk(finish_reason="stop")
        finally:
            self.closed = True


class Listing(Echo):
    name = "my models"

    def list_models(self, call):
        return [ModelInfo("mine", self.name)]


def test_a_custom_provider_answers_alone():
    client = AiClient(Echo())

    with client.stream("one two") as stream:
        chunks = [chunk.text for chunk in stream]

    assert client.chat("hi").text == "hi"
    assert chunks == ["one", "two", ""]
    assert stream.response.text == "onetwo"
    assert stream.response.finish_reason == "stop"
    assert (client.provider, client.base_url, client.model) == ("Echo", "", None)


def test_batches_tools_and_estimates_work_over_a_custom_provider():
    client = AiClient(Echo())

    assert client.batch(["a", "b"]).texts == ["a", "b"]
    assert client.run_tools("hi", []).text == "hi"
    assert client.count_tokens("hi").tokens > 0


def test_a_custom_provider_gets_the_model_of_the_call_else_of_the_client():
    echo = Echo()
    client = AiClient(echo, model="small")

    client.chat("hi")
    client.chat("hi", model="large")

    assert echo.models == ["small", "large"]


def test_a_custom_provider_names_itself_and_lists_its_models():
    client = AiClient(Listing())

    assert client.provider == "my models"
    assert [info.id for info in client.list_models()] == ["mine"]
    assert client.model_info("mine").id == "mine"


@pytest.mark.parametrize(
    "use",
    [
        lambda client: client.embed("a"),
        lambda client: client.list_models(),
        lambda client: client.explain(),
        lambda client: client.upload_file(b"x"),
        lambda client: client.submit_batch(["a"]),
        lambda client: client.guard,
    ],
)
def test_other_operations_of_a_custom_provider_are_unsupported(use):
    with pytest.raises(UnsupportedFeatureError, match=r"Echo: .*custom provider"):
        use(AiClient(Echo()))


def test_leaving_a_stream_closes_the_custom_iterable():
    echo = Echo()

    with AiClient(echo).stream("one two") as stream:
        next(stream)

    assert echo.closed


def test_a_custom_stream_that_breaks_off_is_interrupted_with_what_had_arrived():
    class Breaking(Echo):
        def stream(self, request):
            yield ChatCompletionChunk(text="half")
            raise StreamInterruptedError("gone")

    with pytest.raises(StreamInterruptedError) as caught:
        AiClient(Breaking()).stream("hi").final_response()

    assert caught.value.partial.text == "half"
    assert caught.value.provider == "Breaking"


def test_a_custom_provider_as_route_answers_in_place_of_the_clients_own(server):
    client = client_of(server, route=Echo())

    assert client.chat("hi").text == "hi"
    assert server.requests == []


def test_a_client_of_a_custom_provider_falls_back_to_a_provider_and_back(server):
    class Overloaded(Echo):
        def chat(self, request):
            raise OverloadedError("busy")

    client = AiClient(Overloaded(), route=FallbackChain([client_of(server)]))
    server.script(json_reply(200, {"id": "1", "choices": [{"message": {"role": "assistant", "content": "here"}}]}))

    assert client.chat("hi").text == "here"
    assert len(server.requests) == 1


def test_a_router_needs_a_provider_with_named_models():
    with pytest.raises(ConfigurationError, match="ModelRouter chooses models of a provider by name"):
        AiClient(Echo(), route=ModelRouter(["a"]))


def test_an_object_without_chat_and_stream_is_rejected():
    with pytest.raises(ConfigurationError, match="an object with chat\\(\\) and stream\\(\\), not int"):
        AiClient(5)
