"""Files on their way to a provider: read, uploaded once, and named in chats where they are large.

A part of a message that is given as bytes goes inside the message up to the inline limit. Above it, where the provider
can be told an uploaded file's id instead, the client uploads it first and sends the id; the same content is uploaded
once for a client, as long as the provider keeps it. An upload that fails fails the call: what is large never goes
inside the message in silence. Nothing is uploaded for a request that could not be sent.

Whoever wants no upload sets `ConnectionOptions(max_inline_bytes=math.inf)`; 0 uploads all that can be.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

import attrs

from ai_lib.api.call import Call
from ai_lib.connection.connection import Connection
from ai_lib.connection.operations import ask
from ai_lib.errors import InvalidRequestError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.endpoint import Endpoint
from ai_lib.providers.registry import load_operation
from ai_lib.types.content import Audio, Document, Image, Media
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.upload import UploadedFile, UploadRequest
from ai_lib.utils.files import UNKNOWN_MEDIA_TYPE, FileName, default_file_name, media_type_of, read_named_file, size_of

__all__ = ["file_from", "placed", "upload"]

_KINDS: dict[type, str] = {Image: "image", Audio: "audio", Document: "document"}
_STAND_IN = "https://example.com/file"


@attrs.define
class _Kept:
    """A content that was uploaded, or is about to be."""

    lock: Any = attrs.field(factory=threading.Lock)
    file: UploadedFile | None = None
    until: float | None = None


@attrs.frozen
class _Rules:
    """What of a message is uploaded, and how it is named then.

    Args:
        in_chat: The kinds of parts that may name an uploaded file.
        max_inline_bytes: Bytes up to which such a part goes inside the message.
        by_url: Whether it is named by its address instead of its id.
        lifetime: Seconds for which the provider keeps it; None for as long as it is not deleted.
    """

    in_chat: frozenset[str] = frozenset()
    max_inline_bytes: float = math.inf
    by_url: bool = False
    lifetime: float | None = None

    def uploads(self, part: Media) -> bool:
        return _KINDS[type(part)] in self.in_chat and len(part.data or b"") > self.max_inline_bytes

    def named(self, part: Media, file_id: str, url: str | None) -> Media:
        where = {"url": url} if self.by_url else {"file_id": file_id}
        return attrs.evolve(part, data=None, **where)


def file_from(
    file: FileName | bytes,
    name: str | None,
    media_type: str | None,
    *,
    limit: int | None,
    **fields: Any,
) -> UploadRequest:
    """Return what to upload.

    Args:
        file: A path, or the bytes.
        name: The name to give it; None means its own.
        media_type: What it is; None means find out.
        limit: Most bytes that are taken.
        fields: The other fields of the request.

    Raises:
        InvalidRequestError: The file cannot be read, is empty, or too large.
    """
    if isinstance(file, bytes):
        data, own = file, None
    else:
        try:
            _check_size(size_of(file), limit, "the file")
            data, own = read_named_file(file)
        except (OSError, ValueError) as exc:
            raise InvalidRequestError(f"cannot read the file to upload: {exc}") from exc
        except TypeError as exc:
            raise InvalidRequestError(f"a file is a path or bytes, not {type(file).__name__}") from exc
    _check_size(len(data), limit, "the file")
    media_type = media_type or media_type_of(data, name or own or "") or UNKNOWN_MEDIA_TYPE
    return UploadRequest(data=data, name=name or own or default_file_name(media_type), media_type=media_type, **fields)


def upload(
    provider: Connection, endpoint: Endpoint, request: UploadRequest, call: Call
) -> tuple[UploadedFile, tuple[str, ...]]:
    """Upload a file and return what the provider says of it, and what was left out of the request."""
    uploaded: UploadedFile
    uploaded, request_id, left_out = ask(provider, endpoint, "upload", request, call)
    return attrs.evolve(uploaded, request_id=request_id), left_out


def placed(
    request: ChatCompletionRequest, provider: Connection, call: Call, known: MutableMapping[Any, _Kept]
) -> ChatCompletionRequest:
    """Return the request with what is large uploaded, where the provider can be told an id instead.

    Args:
        request: What is asked.
        provider: Whom.
        call: The time of the whole call.
        known: What the client uploaded before; what is uploaded now is added.

    Raises:
        InvalidRequestError: A part is larger than the provider takes; nothing was sent.
        AiLibError: An upload failed.
    """
    config = provider.adapter.config
    rules = _rules(config, provider.options.max_inline_bytes)
    parts = _with_bytes(request)
    for part in parts:
        kind = "file" if rules.uploads(part) else _KINDS[type(part)]
        _check_size(len(part.data or b""), config.max_bytes.get(kind), part.name or f"the {kind}")
    large = {id(part): part for part in parts if rules.uploads(part)}
    if not large or config.upload is None:
        return request
    draft = _replaced(request, {number: rules.named(part, "file", _STAND_IN) for number, part in large.items()})
    provider.adapter.chat_request(draft, stream=False, on_unsupported=call.on_unsupported)
    done: dict[int, Media] = {}
    for number, part in large.items():
        file = _uploaded(part, provider, config.upload, call, known, rules.lifetime)
        done[number] = rules.named(part, file.id, file.url)
    return _replaced(request, done)


def _rules(config: ProviderConfig, max_inline_bytes: float | None) -> _Rules:
    if config.upload is None:
        return _Rules()
    options = load_operation("upload", config.upload.format).quirks(config.upload.options)
    limit = options.max_inline_bytes if max_inline_bytes is None else max_inline_bytes
    return _Rules(frozenset(options.in_chat), limit, options.by_url, options.lifetime)


def _uploaded(
    part: Media,
    provider: Connection,
    endpoint: Endpoint,
    call: Call,
    known: MutableMapping[Any, _Kept],
    lifetime: float | None,
) -> UploadedFile:
    data, media_type = part.data or b"", part.media_type or UNKNOWN_MEDIA_TYPE
    name = part.name or default_file_name(media_type)
    # The process is part of the key: a lock that another thread held while this process was forked is never freed.
    key = (os.getpid(), hashlib.sha256(data).digest(), media_type, name)
    kept = known.setdefault(key, _Kept())
    with kept.lock:  # a second thread with the same content waits for the first one's upload
        if kept.file is None or (kept.until is not None and call.clock.now() >= kept.until):
            request = UploadRequest(data=data, name=name, media_type=media_type)
            kept.file, _ = upload(provider, endpoint, request, call)
            kept.until = None if lifetime is None else call.clock.now() + lifetime
        return kept.file


def _with_bytes(request: ChatCompletionRequest) -> list[Media]:
    return [
        part
        for message in request.messages
        for part in message.content
        if isinstance(part, Media) and part.data is not None
    ]


def _replaced(request: ChatCompletionRequest, others: Mapping[int, Any]) -> ChatCompletionRequest:
    """Return the request with other parts in place of those with these `id()`s."""

    def message(one: Message) -> Message:
        content = [others.get(id(part), part) for part in one.content]
        return attrs.evolve(one, content=content)

    return attrs.evolve(request, messages=[message(one) for one in request.messages])


def _check_size(size: int, limit: float | None, what: str) -> None:
    if limit is not None and size > limit:
        raise InvalidRequestError(
            f"{what} has {size:,} bytes and the provider takes at most {limit:,}", code="file_too_large"
        )
