"""Files uploaded to a provider: requests and responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError

__all__ = ["UploadRequest", "UploadedFile"]


@attrs.frozen(kw_only=True)
class UploadRequest:
    """A file to upload; an invalid field raises `InvalidRequestError`.

    Args:
        model: Always None: no provider needs the model that will read the file.
        data: The bytes, at least one.
        name: The name to give the file; a printable string, like the next two.
        media_type: The media type of the bytes.
        purpose: The purpose, in the provider's words; None means to be referred to in chats.
        extensions: Provider-specific fields, added to the form unchanged.
    """

    model: str | None = attrs.field(default=None, init=False)
    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")
    name: str
    media_type: str
    purpose: str | None = None
    extensions: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.data, bytes) or not self.data:
            raise InvalidRequestError("the file is empty; there are no bytes to upload")
        for field in ("name", "media_type", "purpose"):
            value = getattr(self, field)
            if value is not None and (not isinstance(value, str) or not value or not value.isprintable()):
                raise InvalidRequestError(f"{field} of a file must be a printable string, got {value!r}")


@attrs.frozen(kw_only=True)
class UploadedFile:
    """A file stored by a provider.

    Args:
        id: Its id, for `Document.from_file_id` and the other parts' `from_file_id`.
        name: Its name; None if not returned.
        bytes: Its size; None if not returned.
        purpose: Its purpose, in the provider's words; None if not returned.
        url: Its URL at the provider, if it has one.
        media_type: Its media type; None if not returned.
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
