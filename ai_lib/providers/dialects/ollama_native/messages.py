"""Messages as Ollama has them: text as one string, images next to it, arguments as objects.

Source: https://github.com/ollama/ollama/blob/main/api/types.go (Message)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.ollama_native.parts import encode_part
from ai_lib.providers.reading import encode_arguments
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Message, Role

__all__ = ["encode_messages"]


def encode_messages(messages: Iterable[Message], context: Context, refuse: Refuse) -> list[dict[str, Any]]:
    """Return the messages of a request."""
    names: dict[str, str] = {}  # ids are made up by this library and may repeat: the last call before a result counts
    wires = []
    for message in messages:
        texts = [part.text for part in message.content if isinstance(part, Text | Json)]
        wire: dict[str, Any] = {"role": message.role.value, "content": "".join(texts)}
        images = [image for part in message.content if (image := encode_part(part, refuse)) is not None]
        if images:
            wire["images"] = images
        if message.role is Role.TOOL:
            name = message.name or names.get(message.tool_call_id or "")
            wire |= {} if name is None else {"tool_name": name}
        elif message.name is not None:
            refuse("name", "messages have no names")
        if message.reasoning:
            wire["thinking"] = message.reasoning
        if message.tool_calls:
            wire["tool_calls"] = [
                {"function": {"name": call.name, "arguments": encode_arguments(call)}} for call in message.tool_calls
            ]
        if message.refusal is not None:
            refuse("refusal", "the API has no such field")
        wires.append(wire)
        names.update((call.id, call.name) for call in message.tool_calls)
    return wires
