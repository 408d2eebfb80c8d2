"""What a test sees of a request."""

import pytest

from ai_lib import Message
from ai_lib.testing import ScriptedTransport, SentRequest
from tests.support.clients import client_with_transport, every_api

KEY = "sk-canary-0123456789"


@pytest.mark.parametrize("body", [None, b"no json", b"[1]", b'"text"', b'{"messages": [3]}', b"{}"])
def test_a_request_without_a_prompt_has_an_empty_prompt(body):
    assert SentRequest(method="POST", url="https://x/v1", body=body).prompt == ""


@every_api
def test_the_prompt_of_a_request_is_found_in_every_format(api):
    transport = ScriptedTransport("Hi", "Hi")
    client = client_with_transport(api, transport)

    client.chat("What is this?")
    client.chat([Message.user("a"), Message.assistant("b"), Message.user("c")])

    assert [request.prompt for request in transport.requests] == ["What is this?", "c"]


@every_api
def test_recorded_requests_do_not_show_the_key(api):
    transport = ScriptedTransport("Hi")

    client_with_transport(api, transport, key=KEY).chat("Hi")

    (request,) = transport.requests
    assert (request.method, request.number) == ("POST", 1)
    assert KEY not in repr(request) + str(dict(request.headers)) + request.url
    assert "***" in str(dict(request.headers))
