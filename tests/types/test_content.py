"""Media: from files, addresses, bytes and data URLs; only what the caller named is ever read."""

import pytest

from ai_lib import Audio, Document, Image, InvalidRequestError

PNG = b"\x89PNG\r\n\x1a\n rest"


def test_a_file_is_read_with_its_media_type_and_name(tmp_path):
    file = tmp_path / "x.png"
    file.write_bytes(PNG)

    image = Image.from_file(file)

    assert (image.data, image.media_type, image.name) == (PNG, "image/png", "x.png")


def test_the_first_bytes_take_precedence_over_the_name(tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(PNG)

    assert Image.from_file(file).media_type == "image/png"


def test_a_media_type_that_cannot_be_detected_must_be_passed(tmp_path):
    file = tmp_path / "x.bin"
    file.write_bytes(b"whatever")

    with pytest.raises(InvalidRequestError, match="requires media_type="):
        Image.from_file(file)
    assert Image.from_file(file, "image/x-own").media_type == "image/x-own"


def test_a_missing_file_is_an_invalid_request(tmp_path):
    with pytest.raises(InvalidRequestError, match=r"cannot read Audio file: .*nowhere\.wav"):
        Audio.from_file(tmp_path / "nowhere.wav")


def test_a_name_is_never_opened(tmp_path):
    file = tmp_path / "secret.png"
    file.write_bytes(PNG)

    image = Image.from_url("https://example.com/a.png", name=str(file))

    assert image.data is None


@pytest.mark.parametrize("url", ["x.png", "/etc/passwd", "file:///etc/passwd", "ftp://x/y.png"])
def test_only_http_urls_are_accepted(url):
    with pytest.raises(InvalidRequestError, match=r"must start with http.*use Image.from_file\(\)"):
        Image.from_url(url)


def test_a_data_url_is_read_and_written_back():
    url = "data:application/pdf;base64,JVBERi0x"

    assert Document.from_data_url(url).data == b"%PDF-1"
    assert Document.from_data_url(url).data_url == Document.from_url(url).data_url == url


@pytest.mark.parametrize("url", ["data:image/png,abc", "data:image/png;base64", "hello", "data:image/png;base64,@@"])
def test_an_invalid_data_url_is_refused(url):
    with pytest.raises(InvalidRequestError, match="data URL"):
        Image.from_data_url(url)


def test_no_source_and_two_sources_are_refused():
    with pytest.raises(InvalidRequestError, match="exactly one of url, data and file_id; got none"):
        Image()
    with pytest.raises(InvalidRequestError, match="exactly one of url, data and file_id"):
        Image(url="https://x/y.png", file_id="f")


def test_empty_bytes_are_refused():
    with pytest.raises(InvalidRequestError, match="Image is empty"):
        Image.from_bytes(b"", "image/png")


def test_the_repr_has_the_size_and_not_the_bytes():
    assert "<13 bytes>" in repr(Image.from_bytes(PNG))
