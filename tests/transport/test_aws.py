"""Signatures of AWS requests, worked out again by hand from what a server received."""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from ai_lib import AiClient, ConnectionOptions
from ai_lib.errors import AuthenticationError, ConfigurationError, MissingKeyError
from ai_lib.transport.authorized import AuthorizedTransport
from ai_lib.transport.aws import AwsSigner
from ai_lib.transport.http import HttpTransport
from ai_lib.types.wire import HttpRequest
from tests.support.server import Request, Server, json_reply, raw_reply

needs_botocore = pytest.mark.usefixtures("_botocore")
ID, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+1=="
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0"
URL = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse"


@pytest.fixture
def _botocore() -> None:
    pytest.importorskip("botocore")


@pytest.fixture(autouse=True)
def _nothing_from_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signature(request: Request, *, date: str, region: str, signed: list[str]) -> str:
    """Return the signature as the documentation of AWS describes it, of what arrived at the server."""
    parts = urlsplit(request.path)
    query = sorted((quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in parse_qsl(parts.query))
    canonical = "\n".join(
        [
            request.method,
            quote(parts.path, safe="/-_.~"),  # encoded once more than it is sent, as for every service but S3
            "&".join(f"{key}={value}" for key, value in query),
            *[f"{name}:{' '.join(request.headers[name].split())}" for name in signed],
            "",
            ";".join(signed),
            hashed(request.body),
        ]
    )
    scope = f"{date[:8]}/{region}/bedrock/aws4_request"
    key = b"AWS4" + SECRET.encode()
    for step in (*scope.split("/"),):
        key = hmac.digest(key, step.encode(), "sha256")
    return hmac.new(
        key, f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed(canonical.encode())}".encode(), "sha256"
    ).hexdigest()


def assert_signed(request: Request, region: str) -> list[str]:
    """Check the signature of a request, and return the names of the headers in it."""
    algorithm, _, fields = request.headers["authorization"].partition(" ")
    told = dict(field.split("=", 1) for field in fields.split(", "))
    signed = told["SignedHeaders"].split(";")
    date = request.headers["x-amz-date"]
    assert algorithm == "AWS4-HMAC-SHA256"
    assert told["Credential"] == f"{ID}/{date[:8]}/{region}/bedrock/aws4_request"
    assert told["Signature"] == signature(request, date=date, region=region, signed=signed)
    return signed


def send(path: str, body: bytes | None = b"{}", **fields: Any) -> Request:
    with Server(json_reply(200, {})) as server:
        transport = AuthorizedTransport(HttpTransport(), AwsSigner("bedrock"))
        headers = {"Content-Type": "application/json", "Accept": "application/json", **fields.pop("headers", {})}
        transport.send(HttpRequest(url=server.url + path, body=body, headers=headers, **fields))
        transport.close()
        (request,) = server.requests
    return request


@needs_botocore
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("model", [CLAUDE, ARN, "plain", "with space", "ümlaut", "a~b_c-d.e"])
def test_a_server_that_computes_the_signature_agrees_for_every_model(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    path = f"/model/{quote(model, safe='')}/converse"

    request = send(path, '{"text":"Grüße"}'.encode())

    assert request.path == path
    assert assert_signed(request, "eu-central-1") == ["content-type", "host", "x-amz-date"]


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_a_session_token_is_sent_and_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)

    request = send("/model/m/converse")

    assert request.headers["x-amz-security-token"] == TOKEN
    assert "x-amz-security-token" in assert_signed(request, "us-east-1")


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_a_get_without_a_body_and_with_a_query_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    request = send("/inference-profiles?nextToken=a%2Fb%3D&maxResults=10", None, method="GET")

    assert_signed(request, "us-east-1")


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_signature_headers_of_the_request_are_replaced_and_the_others_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    request = send("/model/m/converse", headers={"authorization": "Bearer old", "x-amz-date": "old", "X-Own": "1"})

    assert_signed(request, "us-east-1")
    assert request.headers["x-own"] == "1"
    assert request.headers["accept"] == "application/json"


@needs_botocore
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.eu-west-1.amazonaws.com", "eu-west-1"),
        ("bedrock-agent-runtime.us-east-1.amazonaws.com", "us-east-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bedrock-mantle.ap-southeast-2.api.aws", "ap-southeast-2"),
        ("vpce-0a1b-c2.bedrock-runtime.eu-isoe-west-1.vpce.amazonaws.com", "eu-isoe-west-1"),
    ],
)
def test_the_region_is_that_of_the_host(host: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")

    signed = AwsSigner("bedrock")(HttpRequest(url=f"https://{host}/model/m/converse", body=b"{}"))

    assert f"/{region}/bedrock/aws4_request" in signed.headers["Authorization"]


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_without_a_region_in_the_host_the_variables_count_and_then_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-north-1\n")
    request = HttpRequest(url="https://gateway.example.com/model/m/converse", body=b"{}")

    def region() -> str:
        return AwsSigner("bedrock")(request).headers["Authorization"].split("/")[2]

    assert region() == "eu-north-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-1")
    assert region() == "eu-south-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert region() == "eu-west-3"


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_an_unknown_region_is_an_error_that_names_the_variables() -> None:
    with pytest.raises(ConfigurationError, match="set AWS_REGION or AWS_DEFAULT_REGION") as caught:
        AwsSigner("bedrock")(HttpRequest(url="http://localhost:1/x", body=b""))

    assert caught.value.code == "missing_region"


@needs_botocore
def test_credentials_of_a_profile_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text(
        f"[mine]\naws_access_key_id = PROFILEID\naws_secret_access_key = {SECRET}\n", encoding="utf-8"
    )
    monkeypatch.setenv("AWS_PROFILE", "mine")

    signed = AwsSigner("bedrock")(HttpRequest(url=URL, body=b"{}"))

    assert "Credential=PROFILEID/" in signed.headers["Authorization"]


@needs_botocore
def test_missing_credentials_are_an_error_that_says_what_to_set() -> None:
    with pytest.raises(MissingKeyError, match="no AWS credentials found") as caught:
        AwsSigner("bedrock")(HttpRequest(url=URL, body=b"{}"))

    assert isinstance(caught.value, ConfigurationError)
    assert all(name in caught.value.hint for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"))


@needs_botocore
def test_credentials_that_cannot_be_used_are_an_authentication_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(AuthenticationError, match=r"cannot be used: The config profile \(nobody\)") as caught:
        AwsSigner("bedrock")(HttpRequest(url=URL, body=b"{}"))

    assert caught.value.code == "bad_credentials"


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_a_copy_looks_up_its_own_credentials_and_shows_no_secret() -> None:
    first = AwsSigner("bedrock")
    first(HttpRequest(url=URL, body=b"{}"))

    packed = pickle.dumps(first)

    assert SECRET.encode() not in packed
    assert SECRET not in repr(first)
    assert f"Credential={ID}/" in pickle.loads(packed)(HttpRequest(url=URL, body=b"{}")).headers["Authorization"]


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_threads_may_share_a_signer() -> None:
    shared = AwsSigner("bedrock")
    requests = [HttpRequest(url=URL, body=str(number).encode()) for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        together = [signed.headers["Authorization"] for signed in pool.map(shared, requests)]

    assert len(set(together)) == 40


# --- through a client ----------------------------------------------------------------------------------------------

ANSWER = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn"}
STREAM = (
    Path(__file__).parents[1] / "wire" / "bedrock_converse" / "amazon-bedrock-text-stream" / "response.eventstream"
).read_bytes()


def streamed() -> bytes:
    kind = "content-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: r-1"
    return f"HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {len(STREAM)}\r\n\r\n".encode() + STREAM


@needs_botocore
@pytest.mark.usefixtures("keys")
def test_a_client_without_a_key_signs_chats_and_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    with Server(json_reply(200, ANSWER, {"x-amzn-requestid": "r-0"}), raw_reply(streamed())) as server:
        with AiClient("bedrock", model=CLAUDE, options=ConnectionOptions(base_url=server.url)) as client:
            answer = client.chat("hi")
            stream = client.stream("hi")
            pieces = [chunk.text for chunk in stream if chunk.text]
        chatted, asked = server.requests

    assert (answer.text, answer.request_id, answer.provider) == ("Hi", "r-0", "bedrock")
    assert len(pieces) > 3
    assert stream.response.text == "".join(pieces)
    assert stream.response.usage.total_tokens == 77
    assert chatted.path == f"/model/{quote(CLAUDE, safe='')}/converse"
    assert asked.path == f"/model/{quote(CLAUDE, safe='')}/converse-stream"
    assert asked.headers["accept"] == "application/vnd.amazon.eventstream"
    for request in (chatted, asked):
        assert_signed(request, "eu-west-1")


def test_a_client_with_a_key_needs_neither_the_package_nor_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-1")

    with Server(json_reply(200, ANSWER)) as server:
        with AiClient("bedrock", options=ConnectionOptions(base_url=server.url)) as client:
            client.chat("hi")
        (request,) = server.requests

    assert request.headers["authorization"] == "Bearer bedrock-api-key-1"
    assert "x-amz-date" not in request.headers


def test_a_missing_package_is_an_error_that_names_the_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "botocore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore", None)

    with pytest.raises(
        ConfigurationError, match=r'pip install "ai-lib\[aws\]"; or set AWS_BEARER_TOKEN_BEDROCK'
    ) as caught:
        AwsSigner("bedrock")

    assert caught.value.code == "missing_package"
