"""The embedded model, end to end: `AiClient("local")` with a real engine behind it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
import pytest

from ai_lib import AiClient, CancelledError, Message, StreamInterruptedError, tool
from ai_lib.errors import ContextLengthError
from ai_lib.types import UsageStatus

pytestmark = pytest.mark.live

# The engine must not stop by itself: a model's story may happen to be short.
ENDLESS = {"messages": "Tell a story about the sea", "max_tokens": 1800, "extensions": {"ignore_eos": True}}


@attrs.define
class City:
    # Bounded, because a model this small may never end a text or a number by itself.
    name: Annotated[str, msgspec.Meta(max_length=20)]
    inhabitants: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It rains in {city}."


def server_of(client: AiClient) -> subprocess.Popen:
    return client._core.connection.transport._server.process


def test_it_chats_and_counts(local):
    answer = local.chat("Say hi", max_tokens=8, temperature=0, seed=1)

    assert answer.text
    assert answer.usage.completion_tokens <= 8
    assert answer.usage_status is UsageStatus.FINALIZED


def test_it_streams_and_accumulates_a_response_with_usage(local):
    with local.stream("Count to three", max_tokens=16) as stream:
        texts = [chunk.text for chunk in stream if chunk.text]

    assert len(texts) > 1
    assert stream.response.text == "".join(texts)
    assert stream.response.finish_reason in ("stop", "length")
    assert stream.response.usage.completion_tokens > 1


def test_the_finish_reason_length_is_reported(local):
    assert local.chat("Tell a long story", max_tokens=4).finish_reason == "length"


def test_a_stop_string_ends_the_answer(local):
    answer = local.chat("Count: one two three four five", max_tokens=40, stop=["e"])

    assert "e" not in answer.text


def test_several_answers_and_log_probabilities_come_back(local):
    answer = local.chat("Say hi", n=2, max_tokens=4, logprobs=True, top_logprobs=2)

    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.choices[0].logprobs["content"]


def test_a_conversation_continues(local):
    messages = [Message.system("Be brief."), Message.user("Hello")]
    first = local.chat(messages, max_tokens=12)

    second = local.chat([*messages, first.message, Message.user("And now?")], max_tokens=12)

    assert second.usage.prompt_tokens > first.usage.prompt_tokens


@pytest.mark.parametrize("choice", [None, "auto", "required"])
def test_it_calls_a_tool_and_uses_its_result(local, choice):
    question = Message.user("What is the weather in Paris?")

    asked = local.chat([question], tools=[weather], tool_choice=choice, max_tokens=120, temperature=0)
    call = asked.tool_calls[0]
    answer = local.chat([question, asked.message, Message.tool(call.id, weather(**call.arguments))], max_tokens=40)

    assert (call.name, asked.finish_reason) == ("weather", "tool_calls")
    assert isinstance(call.arguments["city"], str)
    assert answer.text


def test_a_streamed_tool_call_equals_a_complete_one(local):
    stream = local.stream("What is the weather in Paris?", tools=[weather], max_tokens=120, temperature=0)

    call = stream.final_response().tool_calls[0]

    assert call.name == "weather"
    assert isinstance(call.arguments["city"], str)


def test_an_answer_can_be_parsed_as_a_class(local):
    city = local.chat(
        "Which is the largest city of Norway?", response_format=City, max_tokens=200, temperature=0
    ).parsed

    assert isinstance(city, City)
    assert isinstance(city.inhabitants, int)


def test_a_streamed_answer_can_be_parsed_as_a_class(local):
    stream = local.stream("Which is the largest city of Norway?", response_format=City, max_tokens=200, temperature=0)

    assert isinstance(stream.final_response().parsed, City)


def test_a_prompt_that_is_too_long_is_an_error(local):
    with pytest.raises(ContextLengthError, match="context"):
        local.chat("word " * 6000, max_tokens=4)
    with pytest.raises(ContextLengthError, match="context"):
        local.stream("word " * 6000, max_tokens=4)


def test_it_lists_its_model(local):
    assert [model.id for model in local.list_models()] == ["smollm2-135m-instruct"]


def test_threads_share_one_server(local):
    with local.with_options() as client:
        texts = []
        barrier = threading.Barrier(4)

        def work():
            barrier.wait()
            texts.append(client.chat("Say hi", max_tokens=4).text)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        children = subprocess.run(  # -ww: whole command lines, however narrow the terminal
            ["ps", "-ww", "--ppid", str(os.getpid()), "-o", "args"], capture_output=True, text=True, check=True
        )

        assert len(texts) == 4
        assert children.stdout.count("embedded_server.py") == 2  # this client's and the session's


def test_close_stops_the_server_and_the_next_call_starts_it_again(local):
    client = local.with_options()
    client.chat("Say hi", max_tokens=2)
    first = server_of(client)

    client.close()
    text = client.chat("Say hi", max_tokens=4).text
    second = server_of(client)
    client.close()

    assert first.poll() is not None
    assert text
    assert second.pid != first.pid


def test_a_server_that_is_killed_interrupts_the_stream_and_is_started_again(local):
    with local.with_options() as client:
        stream = client.stream(**ENDLESS)
        next(stream)

        server_of(client).send_signal(signal.SIGKILL)
        with pytest.raises(StreamInterruptedError) as caught:
            list(stream)

        assert caught.value.partial is not None
        assert client.chat("Say hi", max_tokens=4).text


def test_a_cancelled_stream_frees_the_engine(local):
    stream = local.stream(**ENDLESS)
    next(stream)

    threading.Timer(0.1, stream.cancel).start()
    with pytest.raises(CancelledError):
        list(stream)

    assert local.chat("Say hi", max_tokens=2).text is not None


PARENT = """
import sys, time
from ai_lib import AiClient
client = AiClient("local")
client.chat("Say hi", max_tokens=1)
print(client._core.connection.transport._server.process.pid, flush=True)
{then}
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("then", ["", "time.sleep(60)"], ids=["ends", "is-killed"])
def test_the_server_ends_with_its_parent_however_that_ends(local, then):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as parent:
        pid = int(parent.stdout.readline())
        if then:
            parent.kill()
        parent.wait(30)

        until = time.monotonic() + 10
        while alive(pid) and time.monotonic() < until:
            time.sleep(0.05)

        assert not alive(pid)
        assert parent.stderr.read() == ""
