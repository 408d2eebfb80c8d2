"""Uploading a file to Gemini in one request (multipart/related): its description as JSON, then its bytes.

Source: https://ai.google.dev/api/files#method:-media.upload, and Google's own client,
https://github.com/google-gemini/deprecated-generative-ai-js/blob/main/packages/main/src/server/file-manager.ts
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import Content
from ai_lib.providers.reading import merge_extensions, read_int
from ai_lib.providers.upload.form import Options, make_boundary, require_object
from ai_lib.types.upload import UploadedFile, UploadRequest
from ai_lib.utils import json

__all__ = ["Options", "decode", "encode"]


def encode(request: UploadRequest, context: Context, refuse: Refuse) -> Content:  # noqa: ARG001 - no options here
    """Return the body for a request."""
    if request.purpose is not None:
        refuse("purpose", "its files have no purpose")
    file = merge_extensions({"displayName": request.name, "mimeType": request.media_type}, request.extensions)
    description = json.dumps({"file": file})
    boundary = make_boundary(request.data, description)
    head = f"--{boundary}\r\nContent-Type: application/json; charset=utf-8\r\n\r\n".encode()
    between = f"\r\n--{boundary}\r\nContent-Type: {request.media_type}\r\n\r\n".encode()
    return Content(
        body=b"".join([head, description, between, request.data, f"\r\n--{boundary}--\r\n".encode()]),
        headers={"Content-Type": f"multipart/related; boundary={boundary}", "X-Goog-Upload-Protocol": "multipart"},
    )


def decode(payload: Any, context: Context) -> UploadedFile:
    """Return the uploaded file."""
    inner = payload.get("file", payload) if isinstance(payload, dict) else payload
    file = require_object(inner, context, "name", "uri")
    size = file.get("sizeBytes")  # an int64, which Google's JSON holds as a string
    return UploadedFile(
        id=file["name"],
        name=file.get("displayName") or None,
        bytes=int(size) if isinstance(size, str) and size.isdigit() else read_int(size),
        url=file["uri"],
        media_type=file.get("mimeType") or None,
        provider=context.provider,
        raw=payload,
    )
