"""Files that the caller named."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.utils import files


@pytest.mark.parametrize(
    ("kind", "endings"),
    [
        (files.is_image, "png jpg jpeg gif webp bmp tiff svg"),
        (files.is_audio, "mp3 wav ogg flac aac m4a wma"),
        (files.is_video, "mp4 avi mov wmv flv mkv webm m4v"),
        (files.is_text, "txt md json xml html css js rs py java cpp c"),
    ],
)
def test_an_extension_belongs_to_one_kind(kind, endings):
    kinds = (files.is_image, files.is_audio, files.is_video, files.is_text)

    for ending in endings.split():
        assert [one for one in kinds if one(f"/a/b.{ending.upper()}")] == [kind]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.png", "image/png"), ("a.JPG", "image/jpeg"), ("a.jpeg", "image/jpeg"), ("a.gif", "image/gif"),
        ("a.webp", "image/webp"), ("a.bmp", "image/bmp"), ("a.tiff", "image/tiff"), ("a.svg", "image/svg+xml"),
        ("a.mp3", "audio/mpeg"), ("a.wav", "audio/wav"), ("a.ogg", "audio/ogg"), ("a.flac", "audio/flac"),
        ("a.mp4", "video/mp4"), ("a.avi", "video/x-msvideo"), ("a.mov", "video/quicktime"), ("a.webm", "video/webm"),
        ("a.pdf", "application/pdf"), ("a.txt", "text/plain"), ("a.html", "text/html"), ("a.json", "application/json"),
        ("a.xml", "application/xml"), ("a", "application/octet-stream"), ("a.xyz", "application/octet-stream"),
        (".png", "application/octet-stream"),
    ],
)  # fmt: skip
def test_a_name_has_the_media_type_of_its_extension(name, media_type):
    assert files.media_type_of_name(name) == media_type


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n...", "x.jpg", "image/png"),
        (b"RIFF....WAVE", "", "audio/wav"),
        (b"RIFF....AVI ", "", "video/x-msvideo"),
        (b"RIFF....WEBP", "", "image/webp"),
        (b"....ftypisom", "", "video/mp4"),
        (b"....ftypM4A ", "", "audio/mp4"),
        (b"BMW is a maker of cars", "a.txt", "text/plain"),
        (b"hello", "a.md", "text/markdown"),
        (b"hello", "a", None),
    ],
)
def test_the_first_bytes_take_precedence_over_the_name(data, name, media_type):
    assert files.media_type_of(data, name) == media_type


@pytest.mark.parametrize(("name", "ending"), [("a.tar.GZ", "gz"), ("a", ""), ("/x.y/z", ""), (".bashrc", "")])
def test_the_extension_is_in_lower_case_and_without_its_dot(name, ending):
    assert files.extension_of(name) == ending


def test_bytes_without_a_name_get_one_with_an_extension():
    assert files.default_file_name("application/pdf") == "file.pdf"
    assert files.default_file_name("image/jpeg") == "file.jpg"
    assert files.default_file_name("x/unknown") == "file"


# --- reading


def test_a_file_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")

    assert files.read_file(path) == files.read_file(str(path), max_bytes=5) == b"12345"
    with pytest.raises(ValueError, match="more than 4 bytes"):
        files.read_file(path, max_bytes=4)


@pytest.mark.parametrize("name", ["../outside", "link", "/etc/hostname"])
def test_a_file_outside_of_the_root_is_not_opened(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_bytes(b"secret")
    (root / "inside").write_bytes(b"ok")
    (root / "link").symlink_to(tmp_path / "outside")

    assert files.read_file(root / "inside", root=root) == b"ok"
    with pytest.raises(ValueError, match="is not inside"):
        files.read_file(root / name, root=root)


def test_the_size_is_returned_and_compared(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1_048_577)

    assert files.size_of(path) == 1_048_577
    assert not files.size_is_at_most(path, 1)
    assert files.size_is_at_most(path, 1.1)
    with pytest.raises(FileNotFoundError):
        files.size_of(tmp_path / "b")


# --- for a while


def test_a_temporary_file_is_for_its_owner_only_and_its_name_cannot_be_guessed():
    one, other = (files.temporary_file(b"data", suffix=".png") for _ in range(2))

    assert one.read_bytes() == b"data"
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert one.name.startswith("ai_lib-")
    assert one.suffix == ".png"
    assert one.name != other.name
    assert len(one.stem) >= len("ai_lib-") + 8
    one.unlink()
    other.unlink()


def test_a_temporary_folder_is_for_its_owner_only():
    folder = files.temporary_folder(prefix="mine-")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.name.startswith("mine-")
    folder.rmdir()


# --- data: URLs


@given(st.binary(max_size=100))
def test_bytes_survive_a_data_url(data):
    assert files.read_data_url(files.data_url(data, "image/png")) == (data, "image/png")


def test_a_data_url_may_have_no_media_type():
    assert files.read_data_url("data:;base64,QQ==") == (b"A", None)


@pytest.mark.parametrize(
    "url", ["", "data:", "data:,x", "data:image/png,QQ==", "http://x/y;base64,QQ==", "data:;base64,Q"]
)
def test_an_invalid_data_url_is_a_value_error(url):
    with pytest.raises(ValueError, match="data URL"):
        files.read_data_url(url)
