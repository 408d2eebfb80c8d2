"""Messages as a system prompt and a prompt."""

from __future__ import annotations

from ai_lib.providers.dialect import Refuse
from ai_lib.types.content import Json, Text
from ai_lib.types.message import Role
from ai_lib.types.request import ChatCompletionRequest

__all__ = ["encode_messages"]

_SPEAKERS = {Role.USER: "User", Role.ASSISTANT: "Assistant"}


def encode_messages(request: ChatCompletionRequest, refuse: Refuse) -> dict[str, str]:
    """Return the inputs for the text of a conversation; a single user message is the prompt unaltered."""
    system: list[str] = []
    turns: list[tuple[Role, str]] = []
    for message in request.messages:
        if message.role is Role.TOOL or message.tool_calls:
            refuse("tools", "a prompt cannot express calls and their results")
        if message.name is not None and message.role is not Role.TOOL:
            refuse("name", "a prompt cannot express the speaker's name")
        if message.refusal is not None:
            refuse("refusal", "a prompt cannot express it")
        text = "".join([part.text for part in message.content if isinstance(part, Text | Json)])
        if message.role in _SPEAKERS:
            turns.append((message.role, text))
        elif message.role is Role.SYSTEM and text:
            system.append(text)
    if len(turns) == 1 and turns[0][0] is Role.USER:
        prompt = turns[0][1]
    else:
        lines = [f"{_SPEAKERS[role]}: {text}" for role, text in turns]
        if not turns or turns[-1][0] is not Role.ASSISTANT:
            lines.append("Assistant:")  # otherwise the model continues its last message
        prompt = "\n\n".join(lines)
    return {"prompt": prompt, **({"system_prompt": "\n\n".join(system)} if system else {})}
