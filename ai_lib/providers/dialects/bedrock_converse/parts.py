"""Content parts as blocks, and what the blocks of an answer hold.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ai_lib.providers.dialect import Refuse
from ai_lib.types.content import Audio, CacheTime, Document, Image, Json, Media, Part, Text

__all__ = [
    "FORMATS", "Block", "encode_cache_point", "encode_part", "is_opaque", "is_server_call", "is_unsigned",
    "text_of_block",
]  # fmt: skip

Block = dict[str, Any]

FORMATS: dict[str, dict[str, str]] = {
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
        **{f"audio/{name}": name for name in ("aac", "flac", "m4a", "mp3", "mp4", "ogg", "opus", "wav", "webm")},
        "audio/mpeg": "mp3",
        "audio/vnd.wave": "wav",
        "audio/wave": "wav",
        "audio/x-flac": "flac",
        "audio/x-m4a": "m4a",
        "audio/x-wav": "wav",
    },
}
"""The format of each media type, by the kind of block."""

_KINDS: dict[type[Media], str] = {Image: "image", Document: "document", Audio: "audio"}
_EXTENSIONS = {"jpg": "jpeg", "htm": "html"}
_NOT_IN_NAMES = r"[^a-zA-Z0-9\s()\[\]-]+"


def encode_part(part: Part, names: set[str], refuse: Refuse) -> list[Block]:
    """Return the block of a part and its cache point; nothing for an empty string, which the API rejects.

    The names of the documents of a request must differ: `names` has those so far, and a new one is added.
    """
    if isinstance(part, Text | Json):
        return [{"text": part.text}, *encode_cache_point(part.cache)] if part.text else []
    kind = _KINDS[type(part)]
    if isinstance(part, Image) and part.detail is not None:
        refuse("image detail", "the API has no such field")
    if part.data is not None:
        source: Block = {"bytes": part.base64}
    elif part.file_id is None:
        refuse(f"{kind} url", f"only bytes and objects in S3 are accepted; use {type(part).__name__}.from_file()")
        return []
    elif part.file_id.startswith("s3://"):
        source = {"s3Location": {"uri": part.file_id}}
    else:
        refuse(f"{kind} file_id", "it must be the address of an object in S3, such as s3://bucket/key")
        return []
    formats = FORMATS[kind]
    media_type = (part.media_type or "").partition(";")[0].strip().lower()
    form = formats.get(media_type)
    if not media_type:
        extension = (part.file_id or "").rpartition(".")[2].lower()
        form = _EXTENSIONS.get(extension, extension)
    if form not in formats.values():
        known = ", ".join(sorted(set(formats.values())))
        refuse(f"{kind} content", f"it must be {known}, not {media_type or 'unknown'}")
        return []
    name = {"name": _unique_name(part.name or "", names)} if kind == "document" else {}
    return [{kind: {"format": form, **name, "source": source}}, *encode_cache_point(part.cache)]


def encode_cache_point(cache: CacheTime | None) -> list[Block]:
    """Return the block that ends what is cached; without a time it means five minutes, which every model accepts."""
    if cache is None:
        return []
    return [{"cachePoint": {"type": "default", **({"ttl": cache} if cache != "5m" else {})}}]


def _unique_name(name: str, names: set[str]) -> str:
    """Return a name of the allowed characters, without the extension, and different from the others."""
    stem = name.rpartition(".")[0] or name
    clean = " ".join(re.sub(_NOT_IN_NAMES, " ", stem).split())[:190] or "document"
    unique, number = clean, 1
    while unique in names:
        number += 1
        unique = f"{clean} {number}"
    names.add(unique)
    return unique


def text_of_block(block: Mapping[str, Any]) -> str:
    """Return the text of the answer in a block."""
    cited = block.get("citationsContent")
    if cited is not None:
        return "".join([item.get("text") or "" for item in cited.get("content") or ()])
    return block.get("text") or ""


def is_server_call(block: Mapping[str, Any]) -> bool:
    """Return whether a block is a call of a tool that the provider runs."""
    return "toolUse" in block and (block["toolUse"] or {}).get("type") == "server_tool_use"


def is_opaque(block: Mapping[str, Any]) -> bool:
    """Return whether a block must come back unchanged: signed or hidden reasoning, and what server tools did."""
    if "reasoningContent" in block:
        return not is_unsigned(block)
    return is_server_call(block) or "toolResult" in block


def is_unsigned(block: Mapping[str, Any]) -> bool:
    """Return whether a block holds reasoning that the API would reject, since it has no signature."""
    if "reasoningContent" not in block:
        return False
    reasoning = block["reasoningContent"] or {"reasoningText": None}
    return "reasoningText" in reasoning and not (reasoning["reasoningText"] or {}).get("signature")
