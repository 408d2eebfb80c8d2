"""Which proxy is used, and what it is told."""

from __future__ import annotations

import base64

import pytest

from ai_lib import ConfigurationError, ConnectionOptions
from ai_lib.transport import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Server, json_reply

TARGET = "http://gw.test/v1"


@pytest.fixture
def proxy():
    """A proxy that answers in the name of every server."""
    with Server(json_reply(200, {"from": "proxy"})) as running:
        yield running


def send(transport, url=TARGET):
    response = transport.send(HttpRequest(url=url, headers={"Authorization": "Bearer k"}, body=b"{}"))
    transport.close()
    return response


def test_an_explicit_proxy_gets_the_request(proxy):
    response = send(HttpTransport(proxy=proxy.url))

    assert response.body == b'{"from": "proxy"}'
    assert proxy.requests[0].path == "http://gw.test/v1"
    assert proxy.requests[0].headers["host"] == "gw.test"


def test_a_proxy_without_a_scheme_is_an_http_proxy(proxy):
    send(HttpTransport(proxy=f"127.0.0.1:{proxy.port}"))

    assert len(proxy.requests) == 1


@pytest.mark.parametrize("name", ["AI_PROXY_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_from_the_environment_gets_the_request(name, proxy, monkeypatch):
    monkeypatch.setenv(name, proxy.url)

    send(HttpTransport())

    assert proxy.requests[0].path == "http://gw.test/v1"


def test_a_proxy_for_another_scheme_is_not_used(server, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    send(HttpTransport(), server.url)

    assert (len(server.requests), len(proxy.requests)) == (1, 0)


def test_the_librarys_variable_takes_precedence_over_the_standard_ones(proxy, monkeypatch):
    monkeypatch.setenv("AI_PROXY_URL", proxy.url)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    send(HttpTransport())

    assert len(proxy.requests) == 1


def test_the_argument_takes_precedence_over_the_environment(proxy, monkeypatch):
    monkeypatch.setenv("AI_PROXY_URL", "http://127.0.0.1:1")

    send(HttpTransport(proxy=proxy.url))

    assert len(proxy.requests) == 1


@pytest.mark.parametrize("name", ["AI_PROXY_URL", "HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_exempts_a_host(name, server, monkeypatch):
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")

    send(HttpTransport(), server.url)

    assert len(server.requests) == 1


def test_no_proxy_does_not_apply_to_an_explicit_proxy(proxy, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")

    send(HttpTransport(proxy=proxy.url))

    assert len(proxy.requests) == 1


def test_disable_proxy_overrides_the_environment(server, monkeypatch):
    monkeypatch.setenv("AI_PROXY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    send(HttpTransport(disable_proxy=True), server.url)

    assert len(server.requests) == 1


def test_the_options_of_a_client_reach_the_transport(proxy, connect):
    proxy.script(json_reply(200, {"data": []}))

    connect("http://gw.test/v1", proxy=proxy.url).list_models()

    assert proxy.requests[0].path == "http://gw.test/v1/models"


def test_credentials_are_sent_to_the_proxy_only(proxy):
    send(HttpTransport(proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}"))

    (got,) = proxy.requests
    assert got.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:p@ss").decode()
    assert got.headers["authorization"] == "Bearer k"


@pytest.fixture
def tunnels(certificates):
    """A proxy that answers CONNECT and then is the server itself."""

    def tunnel(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.speak_tls(certificates.server)
        json_reply(200, {})(connection)

    with Server(tunnel, json_reply(200, {})) as running:
        yield running


def test_https_goes_through_a_tunnel_and_the_proxy_never_sees_the_key(tunnels, certificates):
    proxy = f"http://user:word@127.0.0.1:{tunnels.port}"

    send(HttpTransport(proxy=proxy, verify=certificates.ca_file), "https://localhost/v1")

    connect, call = tunnels.requests
    assert (connect.method, connect.path) == ("CONNECT", "localhost:443")
    assert connect.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:word").decode()
    assert "authorization" not in connect.headers
    assert (call.method, call.path) == ("POST", "/v1")
    assert "proxy-authorization" not in call.headers


def test_a_tunnel_is_reused(tunnels, certificates):
    transport = HttpTransport(proxy=tunnels.url, verify=certificates.ca_file)

    for _ in range(3):
        transport.send(HttpRequest(url="https://localhost/v1", body=b"{}"))
    transport.close()

    assert [request.method for request in tunnels.requests] == ["CONNECT", "POST", "POST", "POST"]
    assert len(tunnels.connections) == 1
    assert tunnels.connections[0].closed.wait(5)


def test_https_proxy_from_the_environment_tunnels(tunnels, certificates, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", tunnels.url)

    response = send(HttpTransport(verify=certificates.ca_file), "https://localhost/v1")

    assert response.status == 200


MALFORMED = [
    "http://",
    "ftp://user:hunter2@host",
    "http://user:hunter2@:80",
    "http://a b",
    "http://h:99999",
    "http://[::1",
]


@pytest.mark.parametrize("address", MALFORMED)
def test_a_malformed_proxy_is_rejected_without_showing_its_password(address):
    with pytest.raises(
        ConfigurationError, match="the proxy address from proxy= is malformed; expected scheme"
    ) as caught:
        HttpTransport(proxy=address)

    assert caught.value.code == "malformed_proxy"
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["AI_PROXY_URL", "HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize("address", MALFORMED)
def test_a_malformed_proxy_in_the_environment_is_rejected_at_the_first_call(address, name, monkeypatch):
    monkeypatch.setenv(name, address)

    with pytest.raises(ConfigurationError) as caught:
        send(HttpTransport())

    assert str(caught.value).startswith(f"the proxy address from {name} is malformed")
    assert "hunter2" not in str(caught.value)


def test_a_proxy_and_disable_proxy_are_rejected_together():
    with pytest.raises(ConfigurationError, match="pass proxy or disable_proxy=True, not both"):
        ConnectionOptions(proxy="http://proxy.test", disable_proxy=True)


def test_a_socks_proxy_is_used(server):
    pytest.importorskip("socks", reason="SOCKS needs the package PySocks")
    asked = []

    def socks5(connection):
        asked.append(connection.take(3))  # version, one method, no authentication
        connection.send(b"\x05\x00")
        asked.append(connection.take(14))  # version, connect, reserved, a name of 7 bytes, the port
        connection.send(b"\x05\x00\x00\x01" + bytes(6))
        json_reply(200, {})(connection)

    server.script(socks5, json_reply(200, {}))

    response = send(HttpTransport(proxy=f"socks5h://127.0.0.1:{server.port}"))

    assert response.status == 200
    assert asked == [b"\x05\x01\x00", b"\x05\x01\x00\x03\x07gw.test\x00\x50"]
    assert server.requests[0].path == "/v1"
