"""The smallest transport: bytes in, bytes out."""

from __future__ import annotations

import json

import pytest

from ai_lib import AiClient, ConfigurationError, ProviderConfig, UnsupportedFeatureError
from ai_lib.transport.simple import SimpleTransport, as_transport
from ai_lib.types.wire import HttpRequest
from tests.support.server import completion

CONFIG = ProviderConfig("gw", base_url="https://gw.test/v1", default_model="m")


class Post:
    """Remembers what it was given and answers "hi"."""

    def __init__(self):
        self.posted = []
        self.closed = False

    def post(self, url, body):
        self.posted.append((url, json.loads(body)["messages"]))
        return json.dumps(completion("hi")).encode()

    def close(self):
        self.closed = True


def test_an_object_with_post_can_chat():
    inner = Post()

    answer = AiClient(CONFIG, transport=inner).chat("hello")

    assert answer.text == "hi"
    assert inner.posted == [("https://gw.test/v1/chat/completions", [{"role": "user", "content": "hello"}])]


def test_an_object_with_post_cannot_stream_and_the_error_says_what_to_do():
    inner = Post()

    with pytest.raises(UnsupportedFeatureError) as caught:
        AiClient(CONFIG, transport=inner).stream("hello")

    assert caught.value.code == "no_stream"
    assert str(caught.value) == (
        "gw: Post only has post(url, body) and cannot stream. "
        "Use chat(), or pass an object with the methods of ai_lib.transport.Transport"
    )
    assert inner.posted == []


def test_an_object_with_post_cannot_send_a_get():
    with pytest.raises(
        UnsupportedFeatureError,
        match=r"Post only has post\(url, body\) and cannot send a GET; pass a Transport instead",
    ):
        AiClient(CONFIG, transport=Post()).list_models()


def test_closing_the_client_closes_the_object():
    inner = Post()

    AiClient(CONFIG, transport=inner).close()

    assert inner.closed


def test_closing_ignores_an_object_without_close():
    class Bare:
        def post(self, url, body):
            return body

    transport = SimpleTransport(Bare())

    transport.close()

    assert transport.send(HttpRequest(url="x", body=b"same")).body == b"same"


def test_an_exception_of_post_is_not_translated():
    class Failing:
        def post(self, url, body):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        AiClient(CONFIG, transport=Failing()).chat("hello")


def test_a_transport_is_used_unchanged(transport):
    assert as_transport(transport) is transport


def test_an_object_that_is_not_a_transport_is_rejected():
    with pytest.raises(ConfigurationError) as caught:
        as_transport(object())

    assert str(caught.value) == (
        "object is not a transport; it needs send(), stream() and close(), or post(url, body) -> bytes"
    )
