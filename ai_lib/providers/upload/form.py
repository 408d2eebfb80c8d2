"""Uploading a file as a form (multipart/form-data): OpenAI, Anthropic, Mistral and most others.

Sources: RFC 7578, https://platform.openai.com/docs/api-reference/files/create,
https://docs.anthropic.com/en/api/files-create
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import InvalidRequestError, InvalidResponseError
from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import Content
from ai_lib.providers.reading import first_int
from ai_lib.types.upload import UploadedFile, UploadRequest

__all__ = ["Options", "decode", "encode", "encode_form", "make_boundary", "require_object"]

# RFC 7578 section 4.2 and the HTML standard: the three characters that would end a quoted name.
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one provider.

    Args:
        purpose: The purpose to send when the caller names none.
        takes_purpose: Whether files have a purpose.
        in_chat: The parts of a message that may refer to an uploaded file.
        max_inline_bytes: Maximum bytes of such a part inside a message; larger ones are uploaded.
        by_url: Whether messages refer to a file by its URL instead of its id.
        lifetime: Seconds for which the provider keeps a file; None until it is deleted.
    """

    purpose: str | None = None
    takes_purpose: bool = True
    in_chat: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    max_inline_bytes: int = 65536
    by_url: bool = False
    lifetime: float | None = None


def make_boundary(*contents: bytes) -> str:
    """Return a boundary that is the same for the same contents and, being a hash of them, does not occur in them."""
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def encode_form(fields: Mapping[str, str], name: str, media_type: str, data: bytes) -> Content:
    """Return a form with plain fields and one file."""
    boundary = make_boundary(data, name.encode(), *(text.encode() for pair in fields.items() for text in pair))
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field.translate(_ESCAPES)}"\r\n\r\n{value}'.encode()
        for field, value in fields.items()
    ]
    disposition = f'form-data; name="file"; filename="{name.translate(_ESCAPES)}"'
    head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n".encode()
    return Content(
        body=b"\r\n".join([*lines, head, data, f"--{boundary}--\r\n".encode()]),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def require_object(payload: Any, context: Context, *required: str) -> Mapping[str, Any]:
    """Return the answer as an object that has these fields, or raise the error that it is."""
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    missing = [field for field in required if not isinstance(payload.get(field), str) or not payload[field]]
    if missing and (payload.get("error") or payload.get("message")):
        raise context.fail(payload)
    if missing:
        raise InvalidResponseError(f"the uploaded file has no {' and no '.join(missing)}", code="malformed_answer")
    return payload


def encode(request: UploadRequest, context: Context, refuse: Refuse) -> Content:
    """Return the form for a request."""
    options: Options = context.quirks
    extensions = request.extensions
    wrong = [name for name, value in extensions.items() if not isinstance(value, str) or name in ("purpose", "file")]
    if wrong:
        raise InvalidRequestError(
            f"extensions of an upload must be strings, and never purpose or file: {', '.join(sorted(wrong))}"
        )
    fields = dict(extensions)
    purpose = request.purpose or options.purpose
    if purpose is not None and options.takes_purpose:
        fields = {"purpose": purpose, **fields}
    elif purpose is not None:
        refuse("purpose", "its files have no purpose")
    return encode_form(fields, request.name, request.media_type, request.data)


def decode(payload: Any, context: Context) -> UploadedFile:
    """Return the uploaded file."""
    file = require_object(payload, context, "id")
    return UploadedFile(
        id=file["id"],
        name=file.get("filename") or file.get("name"),
        bytes=first_int(file.get("bytes"), file.get("size_bytes"), file.get("size")),
        purpose=file.get("purpose") or None,
        media_type=file.get("mime_type") or file.get("mimetype") or None,
        provider=context.provider,
        raw=payload,
    )
