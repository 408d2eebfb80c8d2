"""Uploading a file to Gemini in one request: what it is called as JSON, then the bytes (multipart/related).

Source: https://ai.google.dev/api/files#method:-media.upload, and Google's own client,
https://github.com/google-gemini/deprecated-generative-ai-js/blob/main/packages/main/src/server/file-manager.ts
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import Content, OperationFormat
from ai_lib.providers.reading import merge_extensions, quirks_reader, read_int
from ai_lib.providers.upload.form import Options, make_boundary, require_object
from ai_lib.types.upload import UploadedFile, UploadRequest
from ai_lib.utils import json

__all__ = ["OPERATION"]


def _encode(request: UploadRequest, context: Context, refuse: Refuse) -> Content:  # noqa: ARG001 - one signature for all
    if request.purpose is not None:
        refuse("purpose", "its files have none")
    about = {
        "file": merge_extensions({"displayName": request.name, "mimeType": request.media_type}, request.extensions)
    }
    described = json.dumps(about)
    boundary = make_boundary(request.data, described)
    head = f"--{boundary}\r\nContent-Type: application/json; charset=utf-8\r\n\r\n".encode()
    between = f"\r\n--{boundary}\r\nContent-Type: {request.media_type}\r\n\r\n".encode()
    return Content(
        body=b"".join([head, described, between, request.data, f"\r\n--{boundary}--\r\n".encode()]),
        headers={
            "Content-Type": f"multipart/related; boundary={boundary}",
            "X-Goog-Upload-Protocol": "multipart",
        },
    )


def _decode(payload: Any, context: Context) -> UploadedFile:
    inner = payload.get("file", payload) if isinstance(payload, dict) else payload
    file = require_object(inner, context, "name", "uri")
    size = file.get("sizeBytes")  # int64 as text
    return UploadedFile(
        id=file["name"],
        name=file.get("displayName") or None,
        bytes=int(size) if isinstance(size, str) and size.isdigit() else read_int(size),
        url=file["uri"],
        media_type=file.get("mimeType") or None,
        provider=context.provider,
        raw=payload,
    )


OPERATION = OperationFormat(quirks=quirks_reader(Options, "upload format gemini"), encode=_encode, decode=_decode)
