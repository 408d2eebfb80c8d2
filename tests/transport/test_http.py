"""What the default transport sends, and what it leaves alone."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import requests
import responses

from ai_lib import AiClient, AuthenticationError, ConfigurationError, ProviderConfig, errors
from ai_lib.transport import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Server, completion, json_reply, raw_reply, sse_reply, stream_events

KEY = "sk-secret-0123456789"


def test_a_request_arrives_unchanged(server, transport):
    request = HttpRequest(url=server.url + "/v1/chat?x=1", headers={"Authorization": "Bearer k"}, body=b'{"a": 1}')

    response = transport.send(request)

    assert response.status == 200
    assert response.headers["CONTENT-TYPE"] == "application/json"
    (got,) = server.requests
    assert (got.method, got.path, got.body) == ("POST", "/v1/chat?x=1", b'{"a": 1}')
    assert got.headers["authorization"] == "Bearer k"


def test_only_the_callers_headers_and_those_that_http_needs_are_sent(server, transport):
    transport.send(HttpRequest(url=server.url, headers={"X-Team": "blue"}, body=b"{}"))

    assert server.requests[0].headers == {
        "host": server.url.removeprefix("http://"),
        "x-team": "blue",
        "user-agent": "ai-lib-python",
        "accept-encoding": "gzip, deflate",
        "content-length": "2",
    }


def test_a_callers_header_replaces_the_default_regardless_of_case(server, transport):
    transport.send(HttpRequest(url=server.url, headers={"user-agent": "mine"}, body=b"{}"))

    assert server.requests[0].headers["user-agent"] == "mine"


def test_custom_headers_of_the_client_reach_the_server(server, connect):
    connect(server, headers={"X-Team": "blue"}).chat("hi")

    assert server.requests[0].headers["x-team"] == "blue"


def test_an_invalid_header_is_a_configuration_error_and_nothing_is_sent(server, connect):
    client = connect(server, headers={"X-Title": "日本"})

    with pytest.raises(
        ConfigurationError, match=r"127\.0\.0\.1:\d+ cannot be sent: a character in the address or in a"
    ):
        client.chat("hi")

    assert server.requests == []


@pytest.mark.parametrize("value", [f"{KEY}\n", f"{KEY} 日本"])
def test_an_invalid_header_is_not_in_the_error(value, server, transport):
    with pytest.raises(ConfigurationError) as caught:
        transport.send(HttpRequest(url=server.url, headers={"Authorization": value}, body=b"{}"))

    assert caught.value.code == "unusable_request"
    assert causes(caught.value) == [caught.value]
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://[::1", "http://host:99999", "http:///v1", "http://a..b/v1", f"http://{'x' * 70}.test"]
)
def test_an_invalid_address_is_a_configuration_error(address, connect):
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        connect(address).chat("hi")


def test_successive_calls_share_one_connection(server, client):
    for _ in range(5):
        client.chat("hi")

    assert len(server.requests) == 5
    assert len(server.connections) == 1


def test_closing_frees_the_connections_even_if_a_finished_stream_is_still_referenced(server, client):
    server.script(sse_reply(stream_events("a")))
    held = client.stream("hi")
    held.final_response()

    client.close()

    assert server.connections[0].closed.wait(5)
    assert held.response.text == "a"


def test_a_closed_client_opens_new_connections(server, client):
    client.chat("hi")
    client.close()

    client.chat("hi")

    assert len(server.connections) == 2


def test_an_error_status_is_not_an_error_of_the_transport(server, transport):
    server.script(json_reply(418, {"error": "teapot"}))

    response = transport.send(HttpRequest(url=server.url, body=b"{}"))

    assert (response.status, response.body) == (418, b'{"error": "teapot"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status, server, transport):
    with Server(json_reply(200, {})) as target:
        server.script(json_reply(status, {}, {"location": target.url + "/stolen"}))

        response = transport.send(HttpRequest(url=server.url, headers={"Authorization": KEY}, body=b"{}"))

        assert response.status == status
        assert response.headers["location"] == target.url + "/stolen"
        assert target.connections == []


def test_netrc_is_not_read(server, client, monkeypatch):
    netrc = Path(os.environ["HOME"], ".netrc")
    netrc.parent.mkdir()
    netrc.write_text("machine 127.0.0.1 login thief password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    transport = HttpTransport()

    transport.send(HttpRequest(url=server.url, headers={"Authorization": "Bearer mine"}, body=b"{}"))
    client.chat("hi")
    transport.close()

    assert server.requests[0].headers["authorization"] == "Bearer mine"
    assert "authorization" not in server.requests[1].headers


def test_cookies_are_not_sent_back(server, transport):
    server.script(json_reply(200, {}, {"set-cookie": "session=1; Path=/"}))

    transport.send(HttpRequest(url=server.url, body=b"{}"))
    transport.send(HttpRequest(url=server.url, body=b"{}"))

    assert "cookie" not in server.requests[1].headers


def test_a_body_that_exceeds_the_limit_is_rejected_and_its_connection_closed(server, transport, monkeypatch):
    monkeypatch.setattr("ai_lib.transport.http.MAX_BODY", 1000)
    server.script(json_reply(200, "x" * 1000))

    with pytest.raises(errors.InvalidResponseError, match="exceeds 1000 bytes") as caught:
        transport.send(HttpRequest(url=server.url, body=b"{}"))

    assert caught.value.code == "body_too_large"
    assert server.connections[0].closed.wait(5)


def test_a_connection_is_reused_after_an_empty_body(server, transport):
    server.script(json_reply(204))

    first = transport.send(HttpRequest(url=server.url, body=b"{}"))
    transport.send(HttpRequest(url=server.url, body=b"{}"))

    assert (first.status, first.body) == (204, b"")
    assert len(server.connections) == 1


def test_an_http_1_0_response_ends_with_its_connection(server, transport):
    server.script(raw_reply(b"HTTP/1.0 200 OK\r\n\r\nold", close=True))

    response = transport.send(HttpRequest(url=server.url, body=b"{}"))

    assert response.body == b"old"
    assert server.connections[0].closed.wait(5)


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_an_interim_response_is_skipped(interim, server, transport):
    server.script(
        raw_reply(f"HTTP/1.1 {interim}\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal".encode())
    )

    answers = [transport.send(HttpRequest(url=server.url, body=b"{}")) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"real"), (200, b"real")]


def test_bytes_after_the_body_are_not_read_as_the_next_response(server, transport):
    server.script(
        raw_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nonetwo"),
        raw_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"),
    )

    bodies = [transport.send(HttpRequest(url=server.url, body=b"{}")).body for _ in range(2)]

    assert bodies == [b"one", b"two"]


def test_a_get_has_no_body(server, client):
    server.script(json_reply(200, {"data": [{"id": "m1"}]}))

    models = client.list_models()

    assert [model.id for model in models] == ["m1"]
    assert (server.requests[0].method, server.requests[0].body) == ("GET", b"")


@responses.activate
def test_the_responses_library_mocks_a_chat():
    responses.post("https://gw.test/v1/chat/completions", json=completion("mocked"))
    client = AiClient(ProviderConfig("gw", base_url="https://gw.test/v1", default_model="m"))

    answer = client.chat("hi")

    assert answer.text == "mocked"
    assert responses.calls[0].request.headers["content-type"] == "application/json"


@responses.activate
def test_the_responses_library_mocks_a_stream():
    body = 'data: {"choices": [{"index": 0, "delta": {"content": "mo"}}]}\n\n'
    body += (
        'data: {"choices": [{"index": 0, "delta": {"content": "cked"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    )
    responses.post("https://gw.test/v1/chat/completions", body=body, content_type="text/event-stream")
    client = AiClient(ProviderConfig("gw", base_url="https://gw.test/v1", default_model="m"))

    texts = [chunk.text for chunk in client.stream("hi")]

    assert texts[:2] == ["mo", "cked"]


@responses.activate
def test_an_exception_of_the_responses_library_is_translated():
    responses.post("https://gw.test/", body=requests.ReadTimeout("slow"))

    with pytest.raises(errors.RequestTimeoutError, match=r"gw\.test: no response") as caught:
        HttpTransport().send(HttpRequest(url="https://gw.test/", body=b"{}"))

    assert caught.value.code == "first_byte_timeout"


def test_a_transport_survives_pickling_with_its_settings(server):
    original = HttpTransport(proxy="http://proxy.test:3128", disable_proxy=True, pool_size=7)
    original.send(HttpRequest(url=server.url, body=b"{}"))

    copy = pickle.loads(pickle.dumps(original))
    response = copy.send(HttpRequest(url=server.url, body=b"{}"))
    copy.close()
    original.close()

    assert repr(copy) == repr(original)
    assert response.status == 200


def test_a_repr_shows_no_password_of_the_proxy():
    shown = repr(HttpTransport(proxy="http://user:hunter2@proxy.test:3128"))

    assert shown == "HttpTransport(ProxyRules(explicit='***', disabled=False), verify=True, pool_size=64)"


def test_a_repr_of_a_request_shows_neither_headers_nor_body():
    shown = repr(HttpRequest(url="https://gw.test", headers={"Authorization": KEY}, body=b"prompt"))

    assert KEY not in shown
    assert "prompt" not in shown


@pytest.mark.parametrize(
    "reply",
    [
        lambda connection: connection.reset(),
        raw_reply(b"garbage\r\n\r\n", close=True),
        raw_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", close=True),
        json_reply(401, {"error": {"message": f"bad key {KEY}"}}),
    ],
)
def test_the_key_is_in_no_attribute_of_an_error_or_of_its_causes(reply, server, connect):
    server.script(reply)

    with pytest.raises(errors.AiLibError) as caught:
        connect(server, api_key=KEY).chat("hi")

    assert KEY not in repr([(str(cause), repr(cause), cause.args, vars(cause)) for cause in causes(caught.value)])
    assert KEY.encode() not in pickle.dumps(caught.value)
    assert [cause.request for cause in causes(caught.value) if isinstance(cause, requests.RequestException)] in (
        [],
        [None],
    )


def causes(error):
    """Return an exception and what it was raised from, and so on."""
    following = error.__cause__ or error.__context__
    return [error, *(causes(following) if following else [])]


def test_an_error_of_the_provider_passes_through(server, connect):
    server.script(json_reply(401, {"error": {"message": "wrong key"}}))

    with pytest.raises(AuthenticationError, match="gw 401: wrong key"):
        connect(server, api_key=KEY).chat("hi")


@pytest.mark.parametrize("size", [0, -1, 1.5, True])
def test_an_invalid_pool_size_is_rejected(size):
    with pytest.raises(ConfigurationError, match="pool_size must be a positive integer, got"):
        HttpTransport(pool_size=size)


def test_a_body_larger_than_the_sockets_buffers_arrives_whole(server, transport):
    body = bytes(range(256)) * 20_000

    transport.send(HttpRequest(url=server.url, body=body))

    assert server.requests[0].body == body


def test_closing_an_open_stream_frees_its_connection_and_may_be_repeated(server, transport):
    opened = transport.stream(HttpRequest(url=server.url, body=b"{}"))

    opened.close()
    opened.close()

    assert server.connections[0].closed.wait(5)


def test_an_error_status_counts_even_if_its_body_is_cut_off(server, transport):
    server.script(raw_reply(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 50\r\n\r\n{", close=True))

    assert transport.send(HttpRequest(url=server.url, body=b"{}")).status == 401
