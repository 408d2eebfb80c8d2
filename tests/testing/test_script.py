"""The order of a script, and its end."""

import threading

import pytest

from ai_lib import FallbackChain
from ai_lib.testing import ScriptedTransport, UnexpectedRequestError, error, text
from tests.support.clients import client_with_transport


def test_replies_come_in_the_order_of_the_script():
    transport = ScriptedTransport("one", text("two"))
    client = client_with_transport("openai_chat", transport)

    assert [client.chat("Hi").text, client.chat("Hi").text] == ["one", "two"]
    assert transport.left == 0


def test_a_request_after_the_end_of_the_script_is_an_error_that_shows_the_request():
    transport = ScriptedTransport("one", "two")
    client = client_with_transport("openai_chat", transport)
    client.chat("a")
    client.chat("b")

    with pytest.raises(AssertionError, match=r"it has 2 replies, and request 3 is POST https://api\.openai\.com.*'c'"):
        client.chat("c")


def test_the_end_of_a_script_is_not_hidden_by_a_fallback():
    other = ScriptedTransport("never")
    client = client_with_transport(
        "openai_chat", ScriptedTransport(), route=FallbackChain().always(client_with_transport("anthropic", other))
    )

    with pytest.raises(UnexpectedRequestError):
        client.chat("Hi")

    assert other.requests == []


def test_a_function_chooses_the_reply_when_it_sees_the_request():
    transport = ScriptedTransport(lambda request: f"You said {request.prompt}", lambda _: error(400))
    client = client_with_transport("openai_chat", transport)

    assert client.chat("Hi").text == "You said Hi"
    with pytest.raises(Exception, match="a scripted error"):
        client.chat("Hi")


def test_then_answers_every_request_after_the_script():
    client = client_with_transport("openai_chat", ScriptedTransport("first", then=lambda request: request.prompt))

    assert [client.chat(said).text for said in "abc"] == ["first", "b", "c"]


@pytest.mark.parametrize("line", [5, ["Hello"], None, {"text": "Hello"}])
def test_a_script_rejects_everything_but_replies(line):
    with pytest.raises(TypeError, match="a script takes strings, replies"):
        ScriptedTransport("one", line)

    client = client_with_transport("openai_chat", ScriptedTransport(lambda _: line))
    with pytest.raises(UnexpectedRequestError, match="the function for request 1 may return strings, replies"):
        client.chat("Hi")


def test_threads_get_each_reply_once():
    said = [str(number) for number in range(40)]
    client = client_with_transport("openai_chat", ScriptedTransport(*said))
    barrier, heard = threading.Barrier(8), []

    def ask():
        barrier.wait()
        heard.extend(client.chat("Hi").text for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(heard) == sorted(said)
