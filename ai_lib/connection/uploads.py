"""Files on their way to a provider: read, uploaded once, and referred to by id in chats where they are large.

A media part that is given as bytes is sent inside the message up to the inline limit. Above it, where the provider
accepts the id of an uploaded file instead, the client uploads it first and sends the id; the same content is uploaded
once per client, as long as the provider keeps it. A failed upload fails the call: large media are never put inside the
message in silence. Nothing is uploaded for a request that could not be sent.

`ConnectionOptions(max_inline_bytes=math.inf)` disables uploads; 0 uploads everything that can be.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol, Self

import attrs

from ai_lib.api.call import Call
from ai_lib.errors import InvalidRequestError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.registry import load_operation
from ai_lib.types.content import Audio, Document, Image, Media
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.upload import UploadedFile, UploadRequest
from ai_lib.utils.files import UNKNOWN_MEDIA_TYPE, FileName, default_file_name, media_type_of, read_named_file, size_of

__all__ = ["UploadRules", "file_from", "with_uploads"]

_KINDS: dict[type, str] = {Image: "image", Audio: "audio", Document: "document"}
_STAND_IN = "https://example.com/file"


class Uploader(Protocol):
    """What uploads: a connection."""

    adapter: ProviderAdapter

    def upload(self, request: UploadRequest, call: Call) -> tuple[UploadedFile, tuple[str, ...]]:
        """Upload a file; return what the provider says of it, and what was left out of the request."""


@attrs.define
class _Upload:
    """Content that was uploaded, or is about to be."""

    lock: Any = attrs.field(factory=threading.Lock)
    file: UploadedFile | None = None
    expires: float | None = None


@attrs.frozen
class UploadRules:
    """What of a message is uploaded, and how the message refers to it.

    Args:
        kinds: The kinds of parts that may refer to an uploaded file.
        max_inline_bytes: Bytes up to which such a part is sent inside the message.
        by_url: Whether a message refers to a file by its URL instead of its id.
        lifetime: Seconds for which the provider keeps a file; None means until it is deleted.
    """

    kinds: frozenset[str] = frozenset()
    max_inline_bytes: float = math.inf
    by_url: bool = False
    lifetime: float | None = None

    @classmethod
    def from_config(cls, config: ProviderConfig, max_inline_bytes: float | None) -> Self:
        """Return a provider's rules; `max_inline_bytes` of None means the provider's own limit."""
        if config.upload is None:
            return cls()
        options = load_operation("upload", config.upload.format).quirks(config.upload.options)
        limit = options.max_inline_bytes if max_inline_bytes is None else max_inline_bytes
        return cls(frozenset(options.in_chat), limit, options.by_url, options.lifetime)

    def applies_to(self, part: Media) -> bool:
        """Return whether a part is uploaded."""
        return _KINDS[type(part)] in self.kinds and len(part.data or b"") > self.max_inline_bytes

    def reference(self, part: Media, file_id: str, url: str | None) -> Media:
        """Return the part that refers to an uploaded file in place of its bytes."""
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
    """Return the request to upload a file.

    Args:
        file: A path, or the bytes.
        name: File name; None means that of the path.
        media_type: Media type; None means to detect it.
        limit: Maximum bytes; None means no limit.
        fields: The other fields of the request.

    Raises:
        InvalidRequestError: The file cannot be read, is empty, or is too large.
    """
    own_name: str | None = None
    if isinstance(file, bytes):
        data = file
    else:
        try:
            _check_size(size_of(file), limit, "the file")
            data, own_name = read_named_file(file)
        except (OSError, ValueError) as exc:
            raise InvalidRequestError(f"cannot read the file to upload: {exc}") from exc
        except TypeError as exc:
            raise InvalidRequestError(f"file must be a path or bytes, not {type(file).__name__}") from exc
    _check_size(len(data), limit, "the file")
    media_type = media_type or media_type_of(data, name or own_name or "") or UNKNOWN_MEDIA_TYPE
    return UploadRequest(
        data=data, name=name or own_name or default_file_name(media_type), media_type=media_type, **fields
    )


def with_uploads(
    request: ChatCompletionRequest,
    rules: UploadRules,
    uploader: Uploader,
    call: Call,
    uploads: MutableMapping[Any, _Upload],
) -> ChatCompletionRequest:
    """Return the request with large media uploaded, where the provider accepts an id instead.

    Args:
        request: The request.
        rules: What is uploaded.
        uploader: What uploads, and checks first that the rest of the request can be sent.
        call: The call that it belongs to.
        uploads: What the client uploaded before; new uploads are added.

    Raises:
        InvalidRequestError: A part is larger than the provider accepts; nothing was sent.
        AiLibError: An upload failed.
    """
    max_bytes = uploader.adapter.config.max_bytes
    large: dict[int, Media] = {}
    for message in request.messages:
        for part in message.content:
            if not isinstance(part, Media) or part.data is None:
                continue
            kind = "file" if rules.applies_to(part) else _KINDS[type(part)]
            _check_size(len(part.data), max_bytes.get(kind), part.name or f"the {kind}")
            if rules.applies_to(part):
                large[id(part)] = part
    if not large:
        return request
    draft = {number: rules.reference(part, "file", _STAND_IN) for number, part in large.items()}
    uploader.adapter.chat_request(_replace(request, draft), stream=False, on_unsupported=call.on_unsupported)
    references: dict[int, Media] = {}
    for number, media in large.items():
        file = _upload_once(media, uploader, call, uploads, rules.lifetime)
        references[number] = rules.reference(media, file.id, file.url)
    return _replace(request, references)


def _upload_once(
    part: Media, uploader: Uploader, call: Call, uploads: MutableMapping[Any, _Upload], lifetime: float | None
) -> UploadedFile:
    data, media_type = part.data or b"", part.media_type or UNKNOWN_MEDIA_TYPE
    name = part.name or default_file_name(media_type)
    # The process is part of the key: a lock that another thread held while this process was forked is never released.
    key = (os.getpid(), hashlib.sha256(data).digest(), media_type, name)
    upload = uploads.setdefault(key, _Upload())
    with upload.lock:  # a second thread with the same content waits for the first one's upload
        if upload.file is None or (upload.expires is not None and call.clock.now() >= upload.expires):
            upload.file, _ = uploader.upload(UploadRequest(data=data, name=name, media_type=media_type), call)
            upload.expires = None if lifetime is None else call.clock.now() + lifetime
        return upload.file


def _replace(request: ChatCompletionRequest, parts: Mapping[int, Any]) -> ChatCompletionRequest:
    """Return the request with other parts in place of those with these `id()`s."""
    messages = [
        attrs.evolve(message, content=[parts.get(id(part), part) for part in message.content])
        for message in request.messages
    ]
    return attrs.evolve(request, messages=messages)


def _check_size(size: int, limit: float | None, what: str) -> None:
    if limit is not None and size > limit:
        raise InvalidRequestError(
            f"{what} has {size:,} bytes and the provider accepts at most {limit:,}", code="file_too_large"
        )
