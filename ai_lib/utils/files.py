"""Files that the caller named, and what kind of media they are."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

__all__ = ["FileName", "media_type_of", "read_named_file"]

FileName: TypeAlias = str | PathLike[str]

# By their first bytes, since users' names are often wrong and providers check the content.
_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"%PDF-", 0, "application/pdf"),
    (b"WAVE", 8, "audio/wav"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"),
    (b"ftypM4A", 4, "audio/mp4"),
)
_BY_SUFFIX: dict[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".bmp": "image/bmp",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
    ".flac": "audio/flac",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
}


def read_named_file(path: FileName) -> tuple[bytes, str]:
    """Return the content and the bare name of a file.

    The one function that opens a file for a request. Nothing calls it but the `from_file` constructors, and
    only with what the caller named.

    Raises:
        OSError: The file cannot be read.
    """
    file = Path(fspath(path))
    return file.read_bytes(), file.name


def media_type_of(data: bytes, name: str = "") -> str | None:
    """Return the media type told by the first bytes, else by the name's ending, else None."""
    for magic, offset, media_type in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return media_type
    return _BY_SUFFIX.get(Path(name).suffix.lower())
