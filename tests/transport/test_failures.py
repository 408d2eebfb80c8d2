"""Failures of the network: which class, which words, and that none of the libraries' own comes through."""

from __future__ import annotations

import http.client
import inspect
import socket

import pytest
import requests
import urllib3

from ai_lib import errors
from ai_lib.transport import HttpTransport
from ai_lib.transport.failures import map_failures
from ai_lib.transport.limits import LimitedExchange, Limits
from ai_lib.types.wire import HttpRequest, Timeout
from ai_lib.utils.clock import Clock
from tests.support.server import Server, json_reply, raw_reply

URL = "https://user:secret@gw.test:8443/v1"
HEAD = b"HTTP/1.1 200 OK\r\n"


def send(transport, url):
    return transport.send(HttpRequest(url=url, body=b"{}"))


def read(transport, url):
    return b"".join(transport.stream(HttpRequest(url=url, body=b"{}")))


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_name_that_does_not_resolve(transport):
    with pytest.raises(errors.DNSError) as caught:
        send(transport, "http://no-such-host.invalid/v1")

    assert caught.value.code == "dns_failure"
    assert str(caught.value).startswith("cannot resolve no-such-host.invalid: ")
    assert str(caught.value).endswith("Check the spelling of the base URL and the machine's DNS and network")


def test_a_refused_connection(transport, closed_port):
    with pytest.raises(errors.ConnectError) as caught:
        send(transport, f"http://127.0.0.1:{closed_port}")

    assert caught.value.code == "connection_refused"
    assert caught.value.retryable
    assert str(caught.value) == (
        f"127.0.0.1:{closed_port} refuses the connection: Connection refused. "
        "Check that the server is running and that base URL and port are right"
    )


def test_a_certificate_of_an_unknown_authority(transport, certificates):
    with Server(json_reply(200), tls=certificates.server, host="localhost") as secure:
        with pytest.raises(errors.TLSError) as caught:
            send(transport, secure.url)

        assert secure.requests == []
    assert caught.value.code == "tls_failure"
    assert not caught.value.retryable
    assert f"no secure connection to localhost:{secure.port}: " in str(caught.value)
    assert "certificate verify failed" in str(caught.value)
    assert "name a private CA's file with verify=, REQUESTS_CA_BUNDLE or SSL_CERT_FILE" in str(caught.value)


def test_a_certificate_for_another_host(certificates):
    transport = HttpTransport(verify=certificates.ca_file)

    with Server(json_reply(200), tls=certificates.server, host="127.0.0.1") as secure:
        with pytest.raises(errors.TLSError, match=r"no secure connection to 127\.0\.0\.1:\d+: .*127\.0\.0\.1"):
            send(transport, secure.url)

        assert secure.requests == []


def test_a_server_without_tls(server, transport):
    server.script(lambda connection: (connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), connection.close()))

    with pytest.raises(errors.TLSError, match=r"no secure connection to 127\.0\.0\.1:\d+"):
        send(transport, server.url.replace("http:", "https:"))


@pytest.mark.parametrize("target", ["http://gw.test/v1", "https://gw.test/v1"])
def test_a_proxy_that_refuses_the_connection(target, closed_port):
    transport = HttpTransport(proxy=f"http://user:secret@127.0.0.1:{closed_port}")

    with pytest.raises(errors.ProxyError, match=r"cannot connect through the proxy to gw\.test: .*refused") as caught:
        send(transport, target)

    assert caught.value.code == "proxy_failure"
    assert "secret" not in str(caught.value)
    assert str(caught.value).endswith("Check the proxy's address and credentials, or pass disable_proxy=True")


def test_a_proxy_that_rejects_the_credentials(server):
    transport = HttpTransport(proxy=server.url)
    server.script(raw_reply(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", close=True))

    with pytest.raises(errors.ProxyError, match=r"through the proxy to gw\.test: .*407 Proxy Authentication Required"):
        send(transport, "https://gw.test/v1")


@pytest.mark.parametrize("how", [send, read])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="before the status line"),
        pytest.param(HEAD + b"Content-", id="in the headers"),
        pytest.param(HEAD + b"Content-Length: 9\r\n\r\ncut", id="in a body with a length"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n", id="in a chunked body"),
    ],
)
def test_a_reset(sent, how, server, transport):
    def reset(connection):
        connection.read_request()
        connection.send(sent)
        connection.wait(0.05)  # a reset that overtakes what was sent discards it
        connection.reset()

    server.script(reset)

    with pytest.raises(errors.ConnectionLostError, match=r"127\.0\.0\.1:\d+ reset the connection") as caught:
        how(transport, server.url)

    assert caught.value.code == "connection_lost"
    assert caught.value.retryable
    assert "A proxy or a restart of the server may have cut the connection; try again" in str(caught.value)


def test_a_connection_closed_before_the_response(server, transport):
    server.script(raw_reply(b"", close=True))

    with pytest.raises(errors.ConnectionLostError, match="Remote end closed connection without response"):
        send(transport, server.url)


@pytest.mark.parametrize("how", [send, read])
@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"Content-Length: 9\r\n\r\ncut", r"the response of 127\.0\.0\.1:\d+ was cut off"),
        (b"Transfer-Encoding: chunked\r\n\r\n9\r\ncut", r"the response of 127\.0\.0\.1:\d+ was cut off"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n", r"127\.0\.0\.1:\d+"),
        (b"Transfer-Encoding: chunked\r\n\r\n", r"127\.0\.0\.1:\d+"),
    ],
)
def test_a_body_that_is_cut_off(sent, words, how, server, transport):
    server.script(raw_reply(HEAD + sent, close=True))

    with pytest.raises(errors.ConnectionLostError, match=words) as caught:
        how(transport, server.url)

    assert caught.value.retryable
    assert server.connections[0].closed.wait(5)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x15\x03\x01\x00\x02\x02\x46",  # what a TLS server answers to plain HTTP
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/2.7 200 OK\r\n\r\n",
        HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        HEAD + b"X: 1\r\n" * 200 + b"\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ],
)
def test_a_response_that_is_not_http_is_an_invalid_response(garbage, server, transport):
    server.script(raw_reply(garbage, close=True))

    with pytest.raises(errors.InvalidResponseError, match=r"127\.0\.0\.1:\d+ does not answer in HTTP") as caught:
        send(transport, server.url)

    assert caught.value.code == "not_http"
    assert not caught.value.retryable
    assert str(caught.value).endswith("Check the base URL's port, and whether it is http:// or https://")


@pytest.mark.parametrize("size", [b"zz", b"-1", b"", b"1_0g"])
def test_a_chunk_without_its_length_is_an_invalid_response(size, server, transport):
    server.script(raw_reply(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\nx\r\n", close=True))

    with pytest.raises(errors.InvalidResponseError, match=r"127\.0\.0\.1:\d+ does not answer in HTTP: a chunk"):
        read(transport, server.url)

    assert server.connections[0].closed.wait(5)


@pytest.mark.parametrize("how", [send, read])
@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_a_body_that_cannot_be_decompressed(coding, how, server, transport):
    server.script(raw_reply(HEAD + b"Content-Encoding: " + coding + b"\r\nContent-Length: 7\r\n\r\nno gzip"))

    with pytest.raises(errors.InvalidResponseError, match="sent a body that cannot be decompressed") as caught:
        how(transport, server.url)

    assert caught.value.code == "bad_encoding"


def made(kind):
    """Return an instance of an exception class, or None where it takes more than text and numbers."""
    for count in range(4):
        try:
            return kind(*["x"] * count)
        except (TypeError, AttributeError):
            continue
    return None


def foreign():
    """Return the exceptions of both libraries that can be made."""
    modules = (requests.exceptions, urllib3.exceptions, http.client)
    kinds = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    errors_only = [kind for kind in kinds if issubclass(kind, Exception) and not issubclass(kind, Warning)]
    of_theirs = [kind for kind in errors_only if kind.__module__.partition(".")[0] in ("requests", "urllib3", "http")]
    return sorted((made(kind) for kind in of_theirs if made(kind) is not None), key=lambda exc: type(exc).__qualname__)


@pytest.mark.parametrize("exc", foreign(), ids=lambda exc: f"{type(exc).__module__}.{type(exc).__qualname__}")
def test_every_exception_of_the_libraries_below_is_translated(exc):
    with (
        pytest.raises(errors.AiLibError) as caught,
        map_failures(URL, LimitedExchange(Limits(Timeout(), None, Clock()))),
    ):
        raise exc

    assert "gw.test:8443" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_test_covers_many_exceptions():
    assert len(foreign()) > 50


@pytest.mark.parametrize(
    ("exc", "kind", "code"),
    [
        (requests.ReadTimeout("slow"), errors.RequestTimeoutError, "first_byte_timeout"),
        (requests.Timeout("slow"), errors.RequestTimeoutError, "first_byte_timeout"),
        (TimeoutError("slow"), errors.RequestTimeoutError, "first_byte_timeout"),
        (requests.ConnectTimeout("slow"), errors.RequestTimeoutError, "connect_timeout"),
        (urllib3.exceptions.ConnectTimeoutError("slow"), errors.RequestTimeoutError, "connect_timeout"),
        (requests.exceptions.ProxyError("no"), errors.ProxyError, "proxy_failure"),
        (requests.exceptions.SSLError("no"), errors.TLSError, "tls_failure"),
        (requests.exceptions.ChunkedEncodingError("cut"), errors.ConnectionLostError, "connection_lost"),
        (requests.exceptions.ContentDecodingError("bad"), errors.InvalidResponseError, "bad_encoding"),
        (requests.exceptions.InvalidURL("bad"), errors.ConfigurationError, "unusable_address"),
        (requests.ConnectionError("no"), errors.NetworkError, "network_error"),
        (socket.gaierror(-2, "Name or service not known"), errors.DNSError, "dns_failure"),
        (BrokenPipeError(32, "Broken pipe"), errors.ConnectionLostError, "connection_lost"),
        (OSError(113, "No route to host"), errors.NetworkError, "network_error"),
    ],
)
def test_each_failure_has_its_class_and_code(exc, kind, code):
    with (
        pytest.raises(errors.AiLibError) as caught,
        map_failures(URL, LimitedExchange(Limits(Timeout(), None, Clock()))),
    ):
        raise exc

    assert type(caught.value) is kind
    assert caught.value.code == code
    assert caught.value.__cause__ is exc


def test_an_error_of_this_library_is_not_translated():
    error = errors.CancelledError("stop")

    with (
        pytest.raises(errors.CancelledError) as caught,
        map_failures(URL, LimitedExchange(Limits(Timeout(), None, Clock()))),
    ):
        raise error

    assert caught.value is error
