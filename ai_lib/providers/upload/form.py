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
from ai_lib.providers.operation import Content, OperationFormat
from ai_lib.providers.reading import first_int, quirks_reader
from ai_lib.types.upload import UploadedFile, UploadRequest

__all__ = ["OPERATION", "Options", "encode_form", "make_boundary", "require_object"]

# RFC 7578 section 4.2 and the HTML standard: the three characters that would end a quoted name.
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@attrs.frozen(kw_only=True)
class Options:
    """What differs between the providers.

    Args:
        purpose: The purpose of a file for which the caller tells none.
        takes_purpose: Whether files have one.
        in_chat: The parts of a message that may name an uploaded file.
        max_inline_bytes: Bytes up to which such a part goes inside the message.
        by_url: Whether messages name a file by its address instead of its id.
        lifetime: Seconds for which the provider keeps a file; None for as long as it is not deleted.
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


def encode_form(fields: Mapping[str, str], name: str, media_type: str, data: bytes) -> tuple[bytes, str]:
    """Return a form with these fields and one file, and its boundary.

    Args:
        fields: The plain fields.
        name: The file's name.
        media_type: What the file is.
        data: The file.
    """
    boundary = make_boundary(data, name.encode(), *(text.encode() for pair in fields.items() for text in pair))
    lines: list[bytes] = []
    for field, value in fields.items():
        lines += [f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(field)}"\r\n'.encode()]
        lines += [value.encode()]
    disposition = f'form-data; name="file"; filename="{_quoted(name)}"'
    head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n".encode()
    return b"\r\n".join([*lines, head, data, f"--{boundary}--\r\n".encode()]), boundary


def require_object(payload: Any, context: Context, *required: str) -> Mapping[str, Any]:
    """Return the answer as an object that has these fields.

    Raises:
        AiLibError: It is an error object.
        InvalidResponseError: It is no object, or a field is missing.
    """
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    missing = [field for field in required if not isinstance(payload.get(field), str) or not payload[field]]
    if missing and (payload.get("error") or payload.get("message")):
        raise context.fail(payload)
    if missing:
        raise InvalidResponseError(f"the uploaded file has no {' and no '.join(missing)}", code="malformed_answer")
    return payload


def _quoted(text: str) -> str:
    return text.translate(_ESCAPES)


def _encode(request: UploadRequest, context: Context, refuse: Refuse) -> Content:
    options: Options = context.quirks
    fields = _texts(request.extensions)
    purpose = request.purpose or options.purpose
    if purpose is not None and options.takes_purpose:
        fields = {"purpose": purpose, **fields}
    elif purpose is not None:
        refuse("purpose", "its files have none")
    body, boundary = encode_form(fields, request.name, request.media_type, request.data)
    return Content(body=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


def _texts(extensions: Mapping[str, Any]) -> dict[str, str]:
    wrong = [name for name, value in extensions.items() if not isinstance(value, str) or name in ("purpose", "file")]
    if wrong:
        raise InvalidRequestError(
            f"extensions of an upload are texts, and never purpose or file: {', '.join(sorted(wrong))}"
        )
    return dict(extensions)


def _decode(payload: Any, context: Context) -> UploadedFile:
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


OPERATION = OperationFormat(quirks=quirks_reader(Options, "upload format form"), encode=_encode, decode=_decode)
