"""Images, documents and sound as blocks.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

from __future__ import annotations

import re
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.types.content import Audio, Document, Image, Media

__all__ = ["S3", "media_block"]

S3 = "s3://"
"""How the file id of an object in S3 begins: `Image.from_file_id("s3://bucket/cat.png")`."""

_KINDS: dict[type[Media], str] = {Image: "image", Document: "document", Audio: "audio"}
_FORMATS: dict[str, dict[str, str]] = {
    "image": {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"},
    "document": {
        "application/pdf": "pdf",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "text/csv": "csv",
        "text/html": "html",
        "text/markdown": "md",
        "text/plain": "txt",
    },
    "audio": {
        "audio/aac": "aac",
        "audio/flac": "flac",
        "audio/m4a": "m4a",
        "audio/mp3": "mp3",
        "audio/mp4": "mp4",
        "audio/mpeg": "mp3",
        "audio/ogg": "ogg",
        "audio/opus": "opus",
        "audio/vnd.wave": "wav",
        "audio/wav": "wav",
        "audio/wave": "wav",
        "audio/webm": "webm",
        "audio/x-flac": "flac",
        "audio/x-m4a": "m4a",
        "audio/x-wav": "wav",
    },
}
_ENDINGS = {"jpg": "jpeg", "htm": "html"}
_NOT_IN_NAMES = r"[^a-zA-Z0-9\s()\[\]-]+"


def media_block(part: Media, taken: set[str], refuse: Refuse) -> dict[str, Any] | None:
    """Return the block of an image, a document or a sound, or None when it was refused and is to be left out.

    Args:
        part: The part.
        taken: The names of the request's documents so far; two must not be called the same.
        refuse: Called for what has no form.
    """
    kind = _KINDS[type(part)]
    if isinstance(part, Image) and part.detail is not None:
        refuse("image detail", "there is no field for it")
    source = _source(part, kind, refuse)
    if source is None:
        return None
    known = _FORMATS[kind]
    media_type = (part.media_type or "").partition(";")[0].strip().lower()
    form = known.get(media_type) or (None if media_type else _by_ending(part.file_id or "", known))
    if form is None:
        refuse(f"{kind} content", f"it must be {', '.join(sorted(set(known.values())))}, not {media_type or 'unknown'}")
        return None
    name = {"name": _name(part.name or "", taken)} if kind == "document" else {}
    return {kind: {"format": form, **name, "source": source}}


def _source(part: Media, kind: str, refuse: Refuse) -> dict[str, Any] | None:
    if part.data is not None:
        return {"bytes": part.base64}
    if part.file_id is not None and part.file_id.startswith(S3):
        return {"s3Location": {"uri": part.file_id}}
    if part.file_id is not None:
        refuse(f"{kind} file_id", f"only objects in S3 have one here, such as {S3}bucket/key")
    else:
        refuse(f"{kind} url", f"only bytes and objects in S3 are taken; use {type(part).__name__}.from_file()")
    return None


def _by_ending(uri: str, known: dict[str, str]) -> str | None:
    ending = uri.rpartition(".")[2].lower()
    ending = _ENDINGS.get(ending, ending)
    return ending if ending in known.values() else None


def _name(name: str, taken: set[str]) -> str:
    """Return a name of the characters that are allowed, without the ending, and unlike the others."""
    stem = name.rpartition(".")[0] or name
    clean = " ".join(re.sub(_NOT_IN_NAMES, " ", stem).split())[:190] or "document"
    unique, number = clean, 1
    while unique in taken:
        number += 1
        unique = f"{clean} {number}"
    taken.add(unique)
    return unique
