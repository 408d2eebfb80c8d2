"""Files and data: URLs: media types, sizes, reading, and temporary files.

Nothing here opens a file that the caller did not name.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

__all__ = [
    "UNKNOWN_MEDIA_TYPE", "FileName", "data_url", "default_file_name", "extension_of", "is_audio", "is_image",
    "is_text", "is_video", "media_type_of", "media_type_of_name", "read_data_url", "read_file", "read_named_file",
    "size_is_at_most", "size_of", "temporary_file", "temporary_folder",
]  # fmt: skip

FileName: TypeAlias = str | PathLike[str]

UNKNOWN_MEDIA_TYPE = "application/octet-stream"

# By the first bytes: users' file names are often wrong, and providers check the content.
_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"), (b"\xff\xd8\xff", 0, "image/jpeg"), (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"%PDF-", 0, "application/pdf"),
    (b"WAVE", 8, "audio/wav"), (b"ID3", 0, "audio/mpeg"), (b"\xff\xfb", 0, "audio/mpeg"), (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"), (b"ftypM4A", 4, "audio/mp4"),
    (b"II*\0", 0, "image/tiff"), (b"MM\0*", 0, "image/tiff"),
    (b"ftypqt", 4, "video/quicktime"), (b"ftypisom", 4, "video/mp4"), (b"ftypmp4", 4, "video/mp4"),
    (b"AVI ", 8, "video/x-msvideo"), (b"\x1aE\xdf\xa3", 0, "video/webm"),
)  # fmt: skip
_BY_SUFFIX: dict[str, str] = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".svg": "image/svg+xml", ".bmp": "image/bmp", ".tiff": "image/tiff", ".tif": "image/tiff",
    ".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".m4a": "audio/mp4", ".aac": "audio/aac",
    ".flac": "audio/flac", ".wma": "audio/x-ms-wma",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".avi": "video/x-msvideo", ".mov": "video/quicktime",
    ".wmv": "video/x-ms-wmv", ".flv": "video/x-flv", ".mkv": "video/x-matroska", ".webm": "video/webm",
    ".pdf": "application/pdf",
    ".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv", ".html": "text/html", ".css": "text/css",
    ".js": "text/javascript", ".py": "text/x-python", ".rs": "text/x-rust", ".java": "text/x-java",
    ".c": "text/x-c", ".cpp": "text/x-c++",
    ".json": "application/json", ".xml": "application/xml",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".zip": "application/zip",
}  # fmt: skip


def extension_of(name: FileName) -> str:
    """Return the extension of a file name in lower case and without its dot; empty if there is none."""
    return Path(fspath(name)).suffix.lower().removeprefix(".")


def media_type_of(data: bytes, name: str = "") -> str | None:
    """Return the media type by the first bytes, or else by the extension of the name, or else None."""
    for magic, offset, media_type in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return media_type
    return _BY_SUFFIX.get(Path(name).suffix.lower())


def media_type_of_name(name: FileName) -> str:
    """Return the media type by the extension of a name, or else "application/octet-stream"."""
    return _BY_SUFFIX.get(Path(fspath(name)).suffix.lower(), UNKNOWN_MEDIA_TYPE)


def default_file_name(media_type: str) -> str:
    """Return a file name for bytes that have none, with the extension of their media type."""
    return "file" + next((suffix for suffix, known in _BY_SUFFIX.items() if known == media_type), "")


def is_image(name: FileName) -> bool:
    """Return whether the extension of a name is that of an image."""
    return media_type_of_name(name).startswith("image/")


def is_audio(name: FileName) -> bool:
    """Return whether the extension of a name is that of audio."""
    return media_type_of_name(name).startswith("audio/")


def is_video(name: FileName) -> bool:
    """Return whether the extension of a name is that of a video."""
    return media_type_of_name(name).startswith("video/")


def is_text(name: FileName) -> bool:
    """Return whether the extension of a name is that of text, JSON or XML."""
    media_type = media_type_of_name(name)
    return media_type.startswith("text/") or media_type in ("application/json", "application/xml")


def read_named_file(path: FileName) -> tuple[bytes, str]:
    """Return the content and the name of a file, without its folder.

    The only function that opens a file for a request. Only the `from_file` constructors and `upload_file` call it, and
    only with a path that the caller passed.
    """
    file = Path(fspath(path))
    return file.read_bytes(), file.name


def read_file(path: FileName, *, max_bytes: int | None = None, root: FileName | None = None) -> bytes:
    """Return the content of a file.

    Raises:
        ValueError: The file is larger than `max_bytes`, or not inside the folder `root` once links are resolved.
    """
    file = Path(fspath(path))
    if root is not None and not file.resolve().is_relative_to(Path(fspath(root)).resolve()):
        raise ValueError(f"{file} is not inside {fspath(root)}")
    with file.open("rb") as opened:
        data = opened.read(-1 if max_bytes is None else max_bytes + 1)
    if max_bytes is not None and len(data) > max_bytes:
        raise ValueError(f"{file} has more than {max_bytes:,} bytes")
    return data


def size_of(path: FileName) -> int:
    """Return the size of a file in bytes."""
    return Path(fspath(path)).stat().st_size


def size_is_at_most(path: FileName, megabytes: float) -> bool:
    """Return whether a file has at most this many megabytes of 1,048,576 bytes."""
    return size_of(path) <= megabytes * 1024 * 1024


def temporary_file(data: bytes, *, prefix: str = "ai_lib-", suffix: str = "") -> Path:
    """Write bytes to a new file with an unpredictable name that only this user can read; the caller removes it."""
    from tempfile import mkstemp

    handle, path = mkstemp(suffix, prefix)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
    return Path(path)


def temporary_folder(*, prefix: str = "ai_lib-") -> Path:
    """Create a new folder with an unpredictable name that only this user can open; the caller removes it."""
    from tempfile import mkdtemp

    return Path(mkdtemp(prefix=prefix))


def data_url(data: bytes, media_type: str) -> str:
    """Return bytes as a base64 data: URL (RFC 2397)."""
    return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"


def read_data_url(url: str) -> tuple[bytes, str | None]:
    """Return the bytes of a base64 data: URL (RFC 2397), and their media type if it has one; else raise ValueError."""
    head, comma, body = url.partition(",")
    if not head.startswith("data:") or not head.endswith(";base64") or not comma:
        raise ValueError("a data URL must look like data:image/png;base64,...")
    try:
        data = b64decode(body, validate=True)
    except ValueError as exc:
        raise ValueError(f"the data URL is not valid base64: {exc}") from exc
    return data, head[len("data:") : -len(";base64")] or None
