"""Prompts and answers of a call, in the form of OpenTelemetry's conventions. Used only if content was requested.

Bytes of images and files are left out; their kind and size stay.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-input-messages.json and gen-ai-output-messages.json
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ai_lib.api.metrics import CallRecord, CallStart
from ai_lib.metrics.redaction import redact
from ai_lib.types.content import Media, Part
from ai_lib.types.message import Message, Role
from ai_lib.utils import json

__all__ = ["input_messages", "output_messages", "sanitize"]

# No key is shorter, and most strings of a record are.
_MIN_KEY_LENGTH = 8


def input_messages(start: CallStart) -> list[dict[str, Any]]:
    """Return the messages that were sent; empty for operations other than a chat."""
    messages = () if start.request is None else start.request.messages
    return [_message(message) for message in messages]


def output_messages(record: CallRecord) -> list[dict[str, Any]]:
    """Return the messages of the response, one for each choice; empty if there is no response."""
    choices = () if record.response is None else record.response.choices
    return [
        {**_message(choice.message), "finish_reason": choice.finish_reason or choice.raw_finish_reason}
        for choice in choices
    ]


def sanitize(value: Any) -> Any:
    """Return a value made of dicts, lists and strings without keys, and without halves of surrogate pairs."""
    if isinstance(value, str):
        masked = redact(value) if len(value) >= _MIN_KEY_LENGTH else value
        return masked.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {sanitize(name): sanitize(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [sanitize(item) for item in value]
    return value


def _message(message: Message) -> dict[str, Any]:
    parts = [_part(part) for part in message.content]
    if message.role is Role.TOOL:
        response: Any = parts[0]["content"] if len(parts) == 1 and "content" in parts[0] else parts
        parts = [{"type": "tool_call_response", "id": message.tool_call_id, "response": response}]
    if message.reasoning:
        parts.insert(0, {"type": "reasoning", "content": message.reasoning})
    if message.refusal:
        parts.append({"type": "refusal", "content": message.refusal})
    for call in message.tool_calls:
        try:
            arguments = json.loads(call.arguments_json)
        except ValueError:  # models do not always write valid JSON
            arguments = call.arguments_json
        parts.append({"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments})
    return {"role": message.role.value, "parts": parts}


def _part(part: Part) -> dict[str, Any]:
    if not isinstance(part, Media):
        return {"type": "text", "content": part.text}
    media = {"modality": type(part).__name__.lower(), "mime_type": part.media_type}
    if part.url is not None:
        # User name, password and query may hold secrets, such as the signature of a presigned URL.
        url = urlsplit(part.url)
        public = url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="")
        return {"type": "uri", "uri": public.geturl(), **media}
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id, **media}
    return {"type": "left_out", "bytes": len(part.data or b""), **media}
