"""Whose certificates are trusted, and showing one's own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from ai_lib import ConfigurationError, errors
from ai_lib.transport import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Server, json_reply


@pytest.fixture
def secure(certificates) -> Iterator[Server]:
    with Server(json_reply(200, {}), tls=certificates.server, host="localhost") as running:
        yield running


@pytest.fixture
def strict(certificates) -> Iterator[Server]:
    """A server that wants a certificate of its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.authority.issue_cert("localhost").configure_cert(context)
    certificates.authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with Server(json_reply(200, {}), tls=context, host="localhost") as running:
        yield running


def status(transport, server):
    response = transport.send(HttpRequest(url=server.url, body=b"{}"))
    transport.close()
    return response.status


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_ca_file_from_the_environment_is_trusted(name, secure, certificates, monkeypatch):
    monkeypatch.setenv(name, certificates.ca_file)

    assert status(HttpTransport(), secure) == 200


def test_a_ca_file_from_the_argument_is_trusted(secure, certificates):
    assert status(HttpTransport(verify=certificates.ca_file), secure) == 200


def test_a_folder_of_ca_files_is_trusted(secure, certificates, tmp_path):
    hashed = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", certificates.ca_file], capture_output=True, text=True, check=True
    ).stdout.strip()
    shutil.copy(certificates.ca_file, Path(tmp_path, f"{hashed}.0"))

    assert status(HttpTransport(verify=str(tmp_path)), secure) == 200


def test_the_argument_takes_precedence_over_the_environment(secure, certificates, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))

    assert status(HttpTransport(verify=certificates.ca_file), secure) == 200


def test_without_its_ca_a_server_is_not_trusted(secure):
    with pytest.raises(errors.TLSError, match="certificate verify failed"):
        status(HttpTransport(), secure)

    assert secure.requests == []


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verify_false_accepts_any_certificate_regardless_of_the_environment(secure, monkeypatch, certificates):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates.client_file)

    assert status(HttpTransport(verify=False), secure) == 200


def test_verify_false_warns(secure):
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning, match="Unverified HTTPS request"):
        status(HttpTransport(verify=False), secure)


def test_a_client_certificate_is_sent(strict, certificates):
    transport = HttpTransport(verify=certificates.ca_file, cert=certificates.client_file)

    assert status(transport, strict) == 200


def test_a_client_certificate_and_its_key_may_be_two_files(strict, certificates, tmp_path):
    issued = certificates.authority.issue_cert("client@example.org")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    transport = HttpTransport(verify=certificates.ca_file, cert=(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")))

    assert status(transport, strict) == 200


def test_a_server_that_requires_a_client_certificate_rejects_requests_without_one(strict, certificates):
    with pytest.raises(errors.NetworkError, match=r"localhost:\d+"):
        status(HttpTransport(verify=certificates.ca_file), strict)

    assert strict.requests == []


def test_the_options_of_a_client_reach_the_transport(strict, certificates, connect):
    strict.script(json_reply(200, {"data": []}))
    client = connect(strict, verify=certificates.ca_file, cert=certificates.client_file)

    assert client.list_models() == []


def test_a_missing_ca_file_is_rejected_at_once():
    with pytest.raises(ConfigurationError, match=r"the CA file from verify= does not exist: /no/ca\.pem") as caught:
        HttpTransport(verify="/no/ca.pem")

    assert caught.value.code == "missing_ca_file"


def test_a_missing_ca_file_of_the_environment_is_rejected_at_once(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/no/ca.pem")

    with pytest.raises(ConfigurationError, match=r"the CA file from SSL_CERT_FILE does not exist: /no/ca\.pem"):
        HttpTransport()


@pytest.mark.parametrize("cert", ["/no/client.pem", ("/no/client.pem", "/no/key.pem")])
def test_a_missing_client_certificate_is_rejected_at_once(cert):
    with pytest.raises(ConfigurationError, match=r"certificate file does not exist: /no/client\.pem") as caught:
        HttpTransport(cert=cert)

    assert caught.value.code == "missing_cert_file"


def test_a_ca_file_without_a_certificate_is_a_tls_error(secure, tmp_path):
    Path(tmp_path, "empty.pem").write_text("nothing")

    with pytest.raises(errors.TransportError, match=r"localhost:\d+"):
        status(HttpTransport(verify=str(Path(tmp_path, "empty.pem"))), secure)
