"""Requests and answers of generateContent, as several of its tests need them."""

from __future__ import annotations

import json
from typing import Any

from ai_lib.errors import AiLibError
from ai_lib.types.content import Audio, Document, Image, Json
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.tool import ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import PDF, PNG, WAV
from tests.support.wire_cases import adapter_for, fold, replay_events

__all__ = [
    "CALL",
    "CALLED",
    "FILES",
    "FLASH_25",
    "FLASH_38",
    "INLINE_PNG",
    "PRO_3",
    "PRO_25",
    "SECOND",
    "body_and_omissions",
    "body_of",
    "candidate",
    "fold_events",
    "parts_of",
    "response_of",
]


PRO_3, FLASH_38, FLASH_25, PRO_25 = "gemini-3.1-pro-preview", "gemini-3.8-flash", "gemini-2.5-flash", "gemini-2.5-pro"
INLINE_PNG = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
CALL = ToolCall("c1", "get_time", '{"zone":"UTC"}')
CALLED = Message.assistant(tool_calls=[CALL])


def body_and_omissions(
    messages: Any, *, model: str = FLASH_25, provider: str = "gemini", **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return the body, and the names of what was left out."""
    request = ChatCompletionRequest(model=model, messages=messages, **fields)
    sent, left_out = adapter_for(provider).chat_request(request, stream=False, on_unsupported="drop")
    assert sent.body is not None
    return json.loads(sent.body), [note.partition(":")[0] for note in left_out]


def body_of(messages: Any, **fields: Any) -> dict[str, Any]:
    body, left_out = body_and_omissions(messages, **fields)
    assert left_out == []
    return body


def parts_of(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    """Return the parts of the last turn."""
    parts: list[dict[str, Any]] = body_of(messages, **fields)["contents"][-1]["parts"]
    return parts


def candidate(*parts: Any, finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, **more}


def response_of(*parts: Any, provider: str = "gemini") -> ChatCompletionResponse:
    """Return the answer with these parts."""
    payload = {"candidates": [candidate(*parts)], "responseId": "r1"}
    return adapter_for(provider).decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


def fold_events(*events: Any, provider: str = "gemini") -> tuple[ChatCompletionResponse, AiLibError | None]:
    chunks, error = replay_events(adapter_for(provider), [json.dumps(event) for event in events])
    return fold(chunks), error


FILES = [
    (PNG, INLINE_PNG),
    (WAV, {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}),
    (PDF, {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0xLjQK"}}),
    (
        Document.from_bytes(b"notes", "text/plain"),
        {"inlineData": {"mimeType": "text/plain", "data": "bm90ZXM="}},
    ),
    (
        Image.from_url("https://e.com/a.JPG?w=1"),
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://e.com/a.JPG?w=1"}},
    ),
    (Audio.from_url("https://e.com/a.mp3"), {"fileData": {"mimeType": "audio/mpeg", "fileUri": "https://e.com/a.mp3"}}),
    (Document.from_url("https://e.com/a.b/paper"), {"fileData": {"fileUri": "https://e.com/a.b/paper"}}),
    (
        Document.from_url("https://e.com/paper", media_type="application/pdf"),
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://e.com/paper"}},
    ),
    (
        Image.from_file_id("files/abc", media_type="image/png"),
        {
            "fileData": {
                "mimeType": "image/png",
                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
            }
        },
    ),
    (Document.from_file_id("gs://b/a.pdf"), {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/a.pdf"}}),
    (Json({"a": 1}), {"text": '{"a":1}'}),
]
SECOND = {"functionCall": {"id": "c2", "name": "add", "args": {"a": 1}}}
