"""Files that the user uploads, and files that are uploaded because they are large."""

import json
import math
import pickle
import threading

import pytest

from ai_lib import (
    AiClient,
    Audio,
    AuthenticationError,
    ConfigurationError,
    ConnectionOptions,
    Document,
    Image,
    InvalidRequestError,
    Message,
    UnsupportedFeatureError,
)
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.registry import configs, get_config, load_dialect, load_operation
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.utils.clock import Clock
from tests.support.clients import client_of
from tests.support.server import completion, json_reply, sse_reply, stream_events

UPLOAD = {"format": "form", "path": "/files", "options": {"purpose": "user_data", "in_chat": ["document"]}}
LARGE = b"%PDF-1" + b"x" * 65536
PDF = Document.from_bytes(LARGE, name="report.pdf")


def upload_client(server, *, options=None, clock=None, **fields):
    """Return a client of a gateway that stores files; `fields` are those of its configuration."""
    config = {"upload": UPLOAD, "key_env": "GW_KEY", **fields}
    return client_of(server, config=config, options={"api_key": "key-1", **(options or {})}, clock=clock)


def file_service(connection):
    """Answer uploads with a numbered file, and chats with "hi"."""
    request = connection.read_request()
    if request.path.endswith("/files"):
        number = sum(one.path.endswith("/files") for one in connection._server.requests)
        json_reply(200, {"id": f"file-{number}", "filename": "f", "bytes": 1}, {"x-request-id": "r-1"})(connection)
    elif request.json.get("stream"):
        sse_reply(stream_events("hi"))(connection)
    else:
        json_reply(200, completion())(connection)


def paths(server):
    return [request.path for request in server.requests]


def part_of(request):
    return request.json["messages"][0]["content"][-1]


# --- uploaded by the user


def test_a_file_is_uploaded_by_its_path(server, tmp_path):
    server.script(file_service)
    path = tmp_path / "notes.pdf"
    path.write_bytes(b"%PDF-1 hello")

    file = upload_client(server).upload_file(path)

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/files")
    assert request.headers["authorization"] == "Bearer key-1"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="purpose"\r\n\r\nuser_data\r\n' in request.body
    assert b'filename="notes.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1 hello\r\n' in request.body
    assert (file.id, file.provider, file.request_id) == ("file-1", "gw", "r-1")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, b'filename="file.png"\r\nContent-Type: image/png'),
        ({"name": "a.bin"}, b'filename="a.bin"\r\nContent-Type: image/png'),
        ({"media_type": "text/plain"}, b'filename="file.txt"\r\nContent-Type: text/plain'),
        ({"purpose": "batch"}, b'name="purpose"\r\n\r\nbatch\r\n'),
        ({"extensions": {"expires_after[seconds]": "3600"}}, b'name="expires_after[seconds]"\r\n\r\n3600\r\n'),
    ],
)
def test_bytes_get_a_name_and_a_type(server, fields, expected):
    server.script(file_service)

    upload_client(server).upload_file(b"\x89PNG\r\n\x1a\n", **fields)

    assert expected in server.requests[0].body


def test_a_file_of_unknown_type_is_sent_as_bytes(server):
    server.script(file_service)

    upload_client(server).upload_file(b"\0\1\2")

    assert b'filename="file"\r\nContent-Type: application/octet-stream' in server.requests[0].body


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("/nowhere/at.all", "cannot read the file to upload"),
        ("a\0b", "cannot read the file to upload"),
        (b"", "the file is empty"),
        (5, "file must be a path or bytes, not int"),
        (b"x" * 101, "the file has 101 bytes and the provider accepts at most 100"),
    ],
)
def test_a_file_that_cannot_be_sent_is_rejected_first(server, file, message):
    with pytest.raises(InvalidRequestError, match=message):
        upload_client(server, max_bytes={"file": 100}).upload_file(file)

    assert server.requests == []


def test_a_large_file_is_rejected_without_reading_it(server, tmp_path):
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(InvalidRequestError, match="at most 100") as caught:
        upload_client(server, max_bytes={"file": 100}).upload_file(path)

    assert caught.value.code == "file_too_large"


def test_an_upload_that_is_rejected_is_a_typed_error(server):
    server.script(json_reply(401, {"error": {"message": "bad key"}}))

    with pytest.raises(AuthenticationError) as caught:
        upload_client(server).upload_file(b"x")

    assert (caught.value.provider, caught.value.status) == ("gw", 401)


# --- because it is large


def test_a_large_document_is_uploaded_and_named_in_the_chat(server):
    server.script(file_service)

    answer = upload_client(server).chat(Message.user("Sum up", PDF))

    assert answer.text == "hi"
    assert paths(server) == ["/v1/files", "/v1/chat/completions"]
    assert all(request.headers["authorization"] == "Bearer key-1" for request in server.requests)
    assert LARGE in server.requests[0].body
    assert b'filename="report.pdf"' in server.requests[0].body
    assert part_of(server.requests[1]) == {"type": "file", "file": {"file_id": "file-1"}}


def test_a_stream_does_the_same(server):
    server.script(file_service)

    assert upload_client(server).stream(Message.user("Sum up", PDF)).final_response().text == "hi"

    assert paths(server) == ["/v1/files", "/v1/chat/completions"]


def test_the_same_content_is_uploaded_once_for_a_client(server):
    server.script(file_service)
    client = upload_client(server)

    client.chat(Message.user("Sum up", PDF, PDF))
    client.chat(Message.user("And again", Document.from_bytes(LARGE, name="report.pdf")))
    client.chat(Message.user("Another", Document.from_bytes(LARGE + b"y", name="report.pdf")))

    assert paths(server).count("/v1/files") == 2
    assert [part_of(request)["file"]["file_id"] for request in server.requests if "chat" in request.path] == [
        "file-1", "file-1", "file-2"
    ]  # fmt: skip


def test_threads_with_the_same_content_upload_it_once(server):
    server.script(file_service)
    client = upload_client(server)
    barrier = threading.Barrier(6)
    answers = []

    def work():
        barrier.wait()
        answers.append(client.chat(Message.user("Sum up", PDF)).text)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["hi"] * 6
    assert paths(server).count("/v1/files") == 1


def test_a_file_that_the_provider_keeps_only_for_a_while_is_uploaded_anew(server):
    now = [0.0]
    server.script(file_service)
    table = {**UPLOAD, "options": {**UPLOAD["options"], "lifetime": 3600}}
    client = upload_client(server, upload=table, clock=Clock(now=lambda: now[0]), options={"timeout": 1e9})

    for now[0] in (0.0, 3599.0, 3601.0):
        client.chat(Message.user("Sum up", PDF))

    assert paths(server).count("/v1/files") == 2


@pytest.mark.parametrize(
    ("part", "options"),
    [
        (Document.from_bytes(b"%PDF-1" + b"x" * 65530), {}),
        (PDF, {"max_inline_bytes": len(LARGE)}),
        (PDF, {"max_inline_bytes": math.inf}),
        (Image.from_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 70000), {}),
        (Audio.from_bytes(b"ID3" + b"x" * 70000), {}),
    ],
)
def test_small_files_and_unsupported_types_are_sent_inline(server, part, options):
    server.script(file_service)

    upload_client(server, options=options).chat(Message.user("Look", part))

    assert paths(server) == ["/v1/chat/completions"]
    assert part.base64.encode() in server.requests[0].body


def test_a_provider_that_keeps_no_files_gets_everything_inside_the_message(server):
    server.script(file_service)

    upload_client(server, upload=None, options={"max_inline_bytes": 0}).chat(Message.user("Sum up", PDF))

    assert paths(server) == ["/v1/chat/completions"]
    assert PDF.base64.encode() in server.requests[0].body


def test_an_inline_limit_of_zero_uploads_everything_possible(server):
    server.script(file_service)

    upload_client(server, options={"max_inline_bytes": 0}).chat(Message.user("Sum up", Document.from_bytes(b"%PDF-1")))

    assert paths(server) == ["/v1/files", "/v1/chat/completions"]


@pytest.mark.parametrize("limit", [-1, math.nan, "64k", True])
def test_an_invalid_limit_is_an_error(limit):
    with pytest.raises(ConfigurationError, match="max_inline_bytes must be a number >= 0"):
        ConnectionOptions(max_inline_bytes=limit)


def test_an_upload_that_fails_fails_the_chat(server):
    server.script(json_reply(401, {"error": {"message": "bad key"}}))
    client = upload_client(server)

    with pytest.raises(AuthenticationError):
        client.chat(Message.user("Sum up", PDF))
    assert paths(server) == ["/v1/files"]
    server.script(file_service)
    assert client.chat(Message.user("Sum up", PDF)).text == "hi"


def test_nothing_is_uploaded_for_a_request_that_could_not_be_sent(server):
    with pytest.raises(UnsupportedFeatureError, match="top_k"):
        upload_client(server, quirks={"rejects": ["seed"]}).chat(Message.user("Sum up", PDF), top_k=4)

    assert server.requests == []


def test_a_file_is_named_by_its_url_where_the_wire_expects_one(server):
    uri = "https://files.example/v1/files/abc"
    server.script(json_reply(200, {"file": {"name": "files/abc", "uri": uri}}), json_reply(200, completion()))
    table = {"format": "gemini", "path": "/upload", "options": {"in_chat": ["image"], "by_url": True}}
    image = Image.from_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 70000)

    upload_client(server, upload=table).chat(Message.user("Look", image))

    assert part_of(server.requests[1]) == {"type": "image_url", "image_url": {"url": uri}}


def test_a_copy_of_a_client_uploads_for_itself(server):
    server.script(file_service)
    client = upload_client(server)
    client.chat(Message.user("Sum up", PDF))

    pickle.loads(pickle.dumps(client)).chat(Message.user("Sum up", PDF))

    assert paths(server).count("/v1/files") == 2


# --- limits


@pytest.mark.parametrize(
    ("part", "limits"),
    [
        (Image.from_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 93), {"image": 100}),
        (Document.from_bytes(b"%PDF-1" + b"x" * 95), {"document": 100}),
        (Audio.from_bytes(b"ID3" + b"x" * 98), {"audio": 100}),
        (PDF, {"file": 65536}),
    ],
)
def test_a_part_above_the_providers_limit_is_rejected_before_anything_is_sent(server, part, limits):
    with pytest.raises(InvalidRequestError, match="bytes and the provider accepts at most") as caught:
        upload_client(server, max_bytes=limits).chat(Message.user("Look", part))

    assert caught.value.code == "file_too_large"
    assert server.requests == []


def test_an_uploaded_document_may_be_larger_than_one_inside_a_message(server):
    server.script(file_service)

    assert (
        upload_client(server, max_bytes={"document": 100, "file": 10**6}).chat(Message.user("Sum up", PDF)).text == "hi"
    )


def test_a_request_above_the_providers_limit_is_rejected_before_anything_is_sent(server):
    with pytest.raises(InvalidRequestError, match=r"the request has 10,0.. bytes; gw accepts at most 10,000") as caught:
        upload_client(server, max_bytes={"request": 10_000}).chat("x" * 10_000)

    assert caught.value.code == "request_too_large"
    assert server.requests == []


# --- the configurations


KINDS = {
    "image": Image.from_file_id("f", media_type="image/png"),
    "audio": Audio.from_file_id("f", media_type="audio/mpeg"),
    "document": Document.from_file_id("f", media_type="application/pdf", name="a.pdf"),
}
UPLOADERS = [config for config in configs() if config.upload is not None and config.retired is None]


@pytest.mark.parametrize("config", UPLOADERS, ids=lambda config: config.id)
def test_the_upload_configuration_is_valid(config):
    options = load_operation("upload", config.upload.format).quirks(config.upload.options)
    adapter = ProviderAdapter(config=config, dialect=load_dialect(config.dialect), base_url="http://x.invalid")

    for kind in options.in_chat:
        part = KINDS[kind]
        if options.by_url:
            part = type(part).from_url("https://x.example/f", media_type=part.media_type)
        request = ChatCompletionRequest(messages=Message.user("?", part), model=config.default_model or "m")
        assert adapter.chat_request(request, stream=False)[1] == ()


@pytest.mark.parametrize("config", [c for c in configs() if c.max_bytes], ids=lambda config: config.id)
def test_limits_name_known_kinds(config):
    assert set(config.max_bytes) <= {"image", "audio", "document", "file", "request"}
    assert all(limit >= 1024 * 1024 for limit in config.max_bytes.values())


def test_openai_takes_large_documents_by_id(server):
    server.script(file_service)
    options = ConnectionOptions(base_url=server.url + "/v1", api_key="k")

    AiClient("openai", options=options).chat(Message.user("Sum up", PDF))

    assert paths(server) == ["/v1/files", "/v1/chat/completions"]
    assert b'name="purpose"\r\n\r\nuser_data' in server.requests[0].body
    assert json.dumps(get_config("openai").upload.options["in_chat"]) == '["document"]'
