"""Files as forms, read back by the standard library's own parser of MIME."""

import email.policy
import json
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib import ProviderConfig, UnsupportedFeatureError
from ai_lib.errors import InvalidRequestError, InvalidResponseError, RateLimitError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.endpoint import Endpoint
from ai_lib.providers.registry import load_dialect, load_operation
from ai_lib.types.upload import UploadRequest
from ai_lib.types.wire import HttpResponse


def adapter():
    config = ProviderConfig("gw", base_url="http://gw.example/v1", key_env="K")
    return ProviderAdapter(
        config=config, dialect=load_dialect(config.dialect), base_url=config.base_url, api_key="key-1"
    )


def sent(request, options=None, format="form", headers=None, on_unsupported="raise"):  # noqa: A002
    at = Endpoint(format=format, path="/files", options=options or {}, headers=headers or {})
    return adapter().operation_request(at, load_operation("upload", format), request, on_unsupported)


def read(payload, format="form"):  # noqa: A002
    at = Endpoint(format=format, path="/files")
    response = HttpResponse(status=200, body=json.dumps(payload).encode())
    return adapter().decode_operation(at, load_operation("upload", format), response)


def parts_of(prepared):
    """Return (headers, bytes) of each part, as the standard library reads it."""
    head = f"MIME-Version: 1.0\r\nContent-Type: {prepared.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + prepared.body)
    assert message.is_multipart()
    assert message.defects == []
    boundary = message.get_boundary()
    pieces = prepared.body.split(f"--{boundary}".encode())
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    raw = [piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces[1:-1]]
    return list(zip(message.iter_parts(), raw, strict=True))


def test_a_form_has_the_purpose_and_the_file_and_the_headers_have_the_key():
    request = UploadRequest(data=b"%PDF-1", name="a.pdf", media_type="application/pdf", purpose="user_data")

    prepared, left_out = sent(request, headers={"anthropic-beta": "files-api-2025-04-14"})
    (purpose, purpose_bytes), (file, file_bytes) = parts_of(prepared)

    assert (prepared.url, prepared.method, left_out) == ("http://gw.example/v1/files", "POST", ())
    assert prepared.headers["Authorization"] == "Bearer key-1"
    assert prepared.headers["anthropic-beta"] == "files-api-2025-04-14"
    assert purpose.get_param("name", header="content-disposition") == "purpose"
    assert purpose_bytes == b"user_data"
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.get_filename() == "a.pdf"
    assert file.get_content_type() == "application/pdf"
    assert file_bytes == b"%PDF-1"


@given(
    st.binary(min_size=1, max_size=300) | st.sampled_from([b"\r\n", b"--", b"\r\n--x\r\n", b"\0" * 100]),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20),
    st.dictionaries(st.sampled_from(["expires_after[seconds]", "folder"]), st.text(max_size=20)),
)
def test_whatever_the_file_holds_it_arrives_unchanged(data, name, fields):
    request = UploadRequest(data=data, name=name, media_type="application/octet-stream", extensions=fields)

    prepared, _ = sent(request, {"purpose": "user_data"})
    *texts, (file, file_bytes) = parts_of(prepared)

    assert file_bytes == data
    assert file.get_param("filename", header="content-disposition").replace("%22", '"') == name or "\\" in name
    assert [raw.decode() for _, raw in texts] == ["user_data", *fields.values()]


def test_the_same_file_makes_the_same_bytes():
    request = UploadRequest(data=b"x" * 100, name="a", media_type="text/plain")

    assert sent(request)[0].body == sent(request)[0].body
    assert sent(request)[0].body != sent(UploadRequest(data=b"y" * 100, name="a", media_type="text/plain"))[0].body


def test_a_name_with_a_quote_cannot_end_it():
    request = UploadRequest(data=b"x", name='a"; name="purpose', media_type="text/plain")

    assert b'filename="a%22; name=%22purpose"' in sent(request)[0].body


@pytest.mark.parametrize("field", ["name", "media_type", "purpose"])
@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "", "\0"])
def test_a_field_cannot_smuggle_a_header(field, value):
    with pytest.raises(InvalidRequestError, match=f"{field} of a file"):
        UploadRequest(**{"data": b"x", "name": "a", "media_type": "text/plain", field: value})


def test_no_bytes_are_refused():
    with pytest.raises(InvalidRequestError, match="the file is empty"):
        UploadRequest(data=b"", name="a", media_type="text/plain")


def test_a_purpose_is_refused_where_files_have_none():
    request = UploadRequest(data=b"x", name="a", media_type="text/plain", purpose="batch")

    with pytest.raises(UnsupportedFeatureError, match="purpose"):
        sent(request, {"takes_purpose": False})
    prepared, left_out = sent(request, {"takes_purpose": False}, on_unsupported="drop")
    assert len(parts_of(prepared)) == 1
    assert left_out[0].startswith("purpose: ")


@pytest.mark.parametrize("extensions", [{"purpose": "x"}, {"file": "x"}, {"n": 1}])
def test_extensions_are_texts_and_do_not_repeat_the_form(extensions):
    with pytest.raises(InvalidRequestError, match="extensions of an upload"):
        sent(UploadRequest(data=b"x", name="a", media_type="text/plain", extensions=extensions))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            # https://platform.openai.com/docs/api-reference/files/object
            {"id": "file-1", "object": "file", "bytes": 120, "filename": "a.pdf", "purpose": "user_data"},
            ("file-1", "a.pdf", 120, "user_data", None),
        ),
        (
            # https://docs.anthropic.com/en/api/files-create
            {"id": "file_1", "type": "file", "filename": "a.pdf", "mime_type": "application/pdf", "size_bytes": 9},
            ("file_1", "a.pdf", 9, None, "application/pdf"),
        ),
        (
            # https://docs.mistral.ai/api/endpoint/files
            {
                "id": "f-1",
                "object": "file",
                "bytes": 13,
                "filename": "x.jsonl",
                "purpose": "batch",
                "mimetype": "text/x",
            },
            ("f-1", "x.jsonl", 13, "batch", "text/x"),
        ),
        ({"id": "f"}, ("f", None, None, None, None)),
    ],
)
def test_a_documented_answer_is_read(payload, expected):
    file = read(payload)

    assert (file.id, file.name, file.bytes, file.purpose, file.media_type) == expected
    assert (file.provider, file.raw) == ("gw", payload)


@pytest.mark.parametrize("payload", [[], {}, {"id": None}, {"id": 5}, {"id": ""}])
def test_an_answer_without_an_id_is_a_typed_error(payload):
    with pytest.raises(InvalidResponseError):
        read(payload)


def test_an_error_in_an_answer_with_status_200_is_that_error():
    with pytest.raises(RateLimitError, match="slow down"):
        read({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})


# --- Gemini


def test_gemini_gets_what_it_is_called_and_then_the_bytes():
    request = UploadRequest(data=b"\x89PNG\r\n", name="a.png", media_type="image/png")

    prepared, _ = sent(request, format="gemini")
    (about, described), (file, data) = parts_of(prepared)

    assert prepared.headers["Content-Type"].startswith("multipart/related; boundary=")
    assert prepared.headers["X-Goog-Upload-Protocol"] == "multipart"
    assert about.get_content_type() == "application/json"
    assert json.loads(described) == {"file": {"displayName": "a.png", "mimeType": "image/png"}}
    assert (file.get_content_type(), data) == ("image/png", b"\x89PNG\r\n")


def test_geminis_file_has_an_address():
    # https://ai.google.dev/api/files#File
    uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    file = {"name": "files/abc", "displayName": "a", "mimeType": "image/png", "sizeBytes": "31", "uri": uri}

    read_file = read({"file": file}, "gemini")

    assert (read_file.id, read_file.url, read_file.bytes, read_file.name) == ("files/abc", uri, 31, "a")
    assert read_file.media_type == "image/png"


def test_a_gemini_file_without_an_address_is_a_typed_error():
    with pytest.raises(InvalidResponseError, match="no uri"):
        read({"file": {"name": "files/abc"}}, "gemini")


def test_gemini_refuses_a_purpose():
    with pytest.raises(UnsupportedFeatureError, match="purpose"):
        sent(UploadRequest(data=b"x", name="a", media_type="text/plain", purpose="p"), format="gemini")
