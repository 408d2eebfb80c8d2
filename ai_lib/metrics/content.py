"""What was said in a call, in the form that OpenTelemetry has for it. Only for those who ask for content.

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

__all__ = ["clean", "input_messages", "output_messages"]

# No key is shorter, and most of what is told of a call is.
_SHORTEST = 8


def input_messages(start: CallStart) -> list[dict[str, Any]]:
    """Return what was sent; empty for what is not a chat."""
    messages = () if start.request is None else start.request.messages
    return [_message(message) for message in messages]


def output_messages(record: CallRecord) -> list[dict[str, Any]]:
    """Return what came back, one message for each choice; empty where nothing came."""
    choices = () if record.response is None else record.response.choices
    return [
        {**_message(choice.message), "finish_reason": choice.finish_reason or choice.raw_finish_reason}
        for choice in choices
    ]


def clean(value: Any) -> Any:
    """Return a value made of dicts, lists and texts without keys, and without halves of surrogate pairs."""
    if isinstance(value, str):
        masked = redact(value) if len(value) >= _SHORTEST else value
        return masked.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {clean(name): clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
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
    parts.extend(
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": _arguments(call.arguments_json)}
        for call in message.tool_calls
    )
    return {"role": message.role.value, "parts": parts}


def _part(part: Part) -> dict[str, Any]:
    if not isinstance(part, Media):
        return {"type": "text", "content": part.text}
    told = {"modality": type(part).__name__.lower(), "mime_type": part.media_type}
    if part.url is not None:
        return {"type": "uri", "uri": _place(part.url), **told}
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id, **told}
    return {"type": "left_out", "bytes": len(part.data or b""), **told}


def _arguments(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _place(url: str) -> str:
    """Return an address without what may be signed or secret in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
