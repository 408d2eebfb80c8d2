"""A file for a provider to keep: what is sent and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError

__all__ = ["UploadRequest", "UploadedFile"]


@attrs.frozen(kw_only=True)
class UploadRequest:
    """A file to upload.

    Args:
        model: Always None: no provider asks which model will read the file.
        data: The bytes.
        name: The name to give the file.
        media_type: What the bytes are.
        purpose: What the file is for, in the provider's words; None means to be named in chats.
        extensions: Further fields of the provider's own, put into the form as they are.
    """

    model: str | None = attrs.field(default=None, init=False)
    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")
    name: str
    media_type: str
    purpose: str | None = None
    extensions: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.data, bytes) or not self.data:
            raise InvalidRequestError("the file is empty: there are no bytes to upload")
        for field in ("name", "media_type", "purpose"):
            value = getattr(self, field)
            if value is not None and (not isinstance(value, str) or not value or not value.isprintable()):
                raise InvalidRequestError(f"{field} of a file must be a text without control characters, got {value!r}")


@attrs.frozen(kw_only=True)
class UploadedFile:
    """A file that a provider keeps.

    Args:
        id: Its id, for `Document.from_file_id` and its like.
        name: Its name, where told.
        bytes: Its size, where told.
        purpose: What it is for, in the provider's word, where told.
        url: Its address at the provider, where it has one.
        media_type: What it is, where told.
        provider: The provider's id.
        request_id: The id to quote to the provider's support.
        raw: The decoded JSON as the provider sent it.
    """

    id: str
    name: str | None = None
    bytes: int | None = None
    purpose: str | None = None
    url: str | None = None
    media_type: str | None = None
    provider: str | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)
