"""llama.cpp's server speaks three dialects: the same questions in each, with tools and streams."""

from typing import Any

import pytest

from ai_lib import AiClient, AuthenticationError, ConnectionOptions, Message, tool
from ai_lib.transport import embedded
from ai_lib.types import UsageStatus

pytestmark = pytest.mark.live

# Whose configuration is used, in which API, and what follows the server's address.
SPEAKERS = {
    "chat completions": ("llamacpp", None, "/v1"),
    "messages": ("anthropic", None, ""),
    "responses": ("openai", "responses", "/v1"),
}


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It rains in {city}."


@pytest.fixture(scope="module")
def server(local: AiClient) -> Any:
    """The session's server."""
    local.chat("Say hi", max_tokens=1)
    return local._core.connection.transport._server


def client_for(speaker: str, server: embedded._Server, **options: Any) -> AiClient:
    provider, api, path = SPEAKERS[speaker]
    given = {"base_url": server.url + path, "api_key": server.api_key, **options}
    return AiClient(provider, api=api, model="any", options=ConnectionOptions(**given))


@pytest.fixture(params=SPEAKERS)
def client(request: pytest.FixtureRequest, server: Any) -> AiClient:
    return client_for(request.param, server)


def test_it_chats_and_counts(client: AiClient) -> None:
    answer = client.chat([Message.system("Be brief."), Message.user("Say hi")], max_tokens=8, temperature=0)

    assert answer.text
    assert 0 < answer.usage.completion_tokens <= 8
    assert answer.usage.prompt_tokens > 5
    assert answer.usage_status is UsageStatus.FINALIZED
    assert answer.id


def test_it_streams_and_accumulates_a_response_with_usage(client: AiClient) -> None:
    with client.stream("Count to three", max_tokens=16) as stream:
        texts = [chunk.text for chunk in stream if chunk.text]

    assert len(texts) > 1
    assert stream.response.text == "".join(texts)
    assert stream.response.finish_reason in ("stop", "length")
    assert stream.response.usage.completion_tokens > 1


@pytest.mark.parametrize("speaker", ["chat completions", "messages"])  # in Responses this server says "completed"
def test_the_finish_reason_length_is_reported(speaker: str, server: Any) -> None:
    client = client_for(speaker, server)

    assert client.chat("Tell a long story", max_tokens=4).finish_reason == "length"
    assert client.stream("Tell a long story", max_tokens=4).final_response().finish_reason == "length"


def test_a_conversation_continues(client: AiClient) -> None:
    messages = [Message.system("Be brief."), Message.user("Hello")]
    first = client.chat(messages, max_tokens=12)

    second = client.chat([*messages, first.message, Message.user("And now?")], max_tokens=12)

    assert second.usage.prompt_tokens > first.usage.prompt_tokens


@pytest.mark.parametrize("streamed", [False, True])
def test_it_calls_a_tool_and_uses_its_result(client: AiClient, streamed: bool) -> None:
    question = Message.user("What is the weather in Paris?")
    fields: dict[str, Any] = {"tools": [weather], "tool_choice": "required", "max_tokens": 120, "temperature": 0}

    asked = client.stream([question], **fields).final_response() if streamed else client.chat([question], **fields)
    call = asked.tool_calls[0]
    result = Message.tool(call.id, weather(**call.arguments))
    answer = client.chat([question, asked.message, result], tools=[weather], max_tokens=40)

    assert (call.name, asked.finish_reason) == ("weather", "tool_calls")
    assert isinstance(call.arguments["city"], str)
    assert answer.text or answer.tool_calls


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_wrong_key_is_an_authentication_error(speaker: str, server: Any) -> None:
    client = client_for(speaker, server, api_key="canary-wrong")

    with pytest.raises(AuthenticationError) as caught:
        client.chat("Say hi")

    assert "canary-wrong" not in str(caught.value)


def test_the_server_counts_tokens_for_messages(server: Any) -> None:
    client = client_for("messages", server)

    short, long = (client.count_tokens(text, exact=True) for text in ("hi", "hi there, how are you today?"))

    assert short.exact
    assert long.tokens > short.tokens
