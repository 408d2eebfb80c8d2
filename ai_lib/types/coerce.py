"""Messages, tools and tool choices from what users pass: strings, functions, and dicts in the OpenAI chat format.

Every function here raises `InvalidRequestError` for a value that it does not understand.
Source of the format: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from ai_lib.errors import InvalidRequestError
from ai_lib.types.content import Audio, Document, Image, Part, Text
from ai_lib.types.message import Message
from ai_lib.types.tool import NamedTool, Tool, ToolCall, ToolChoice
from ai_lib.utils import json

__all__ = ["message_from", "messages_from", "tool_choice_from", "tools_from"]

_MESSAGE_KEYS = frozenset({"role", "content", "name", "tool_calls", "tool_call_id", "refusal", "reasoning_content"})


def messages_from(value: Any) -> tuple[Message, ...]:
    """Return messages from a str, a `Message`, or a sequence of messages and dicts."""
    if isinstance(value, str):
        if not value.strip():
            raise InvalidRequestError("the prompt is empty")
        return (Message.user(value),)
    if isinstance(value, Message | Mapping):
        return (message_from(value),)
    if not isinstance(value, Iterable):
        raise InvalidRequestError(
            f"messages must be a str, a Message or a sequence of them, not {type(value).__name__}"
        )
    return tuple(message_from(item) for item in value)


def message_from(value: object) -> Message:
    """Return a message from a `Message` or a dict in the OpenAI chat format."""
    if isinstance(value, Message):
        return value
    if not isinstance(value, Mapping):
        raise InvalidRequestError(f"a message must be a Message or a dict, not {type(value).__name__}")
    unknown = sorted(str(key) for key, field in value.items() if key not in _MESSAGE_KEYS and field is not None)
    if unknown:
        raise InvalidRequestError(f"unknown key in a message: {', '.join(unknown)}")
    role: Any = value.get("role")
    content: Any = value.get("content")
    try:
        return Message(
            role="system" if role == "developer" else role,
            content=[_part_from(item) for item in content] if isinstance(content, list | tuple) else content,
            name=value.get("name"),
            tool_calls=[_tool_call_from(call) for call in value.get("tool_calls") or ()],
            tool_call_id=value.get("tool_call_id"),
            refusal=value.get("refusal"),
            reasoning=value.get("reasoning_content"),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidRequestError(f"a message dict is malformed: {exc!r}") from exc


def _part_from(item: Any) -> str | Part:
    if not isinstance(item, Mapping):
        return cast("str | Part", item)
    match item.get("type"):
        case "text":
            return Text(item["text"])
        case "image_url":
            image = item["image_url"]
            image = {"url": image} if isinstance(image, str) else image
            return Image.from_url(image["url"], detail=image.get("detail"))
        case "input_audio":
            audio = item["input_audio"]
            media_type = {"wav": "audio/wav", "mp3": "audio/mpeg"}.get(audio["format"], f"audio/{audio['format']}")
            return Audio.from_data_url(f"data:{media_type};base64,{audio['data']}")
        case "file":
            file = item["file"]
            if file.get("file_id"):
                return Document.from_file_id(file["file_id"], name=file.get("filename"))
            return Document.from_data_url(file["file_data"], name=file.get("filename"))
        case unknown:
            known = "text, image_url, input_audio, file"
            raise InvalidRequestError(f"unknown type of content part: {unknown!r}; known: {known}")


def _tool_call_from(call: Any) -> ToolCall:
    if isinstance(call, ToolCall):
        return call
    function = call["function"]
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments or {}).decode()
    return ToolCall(call["id"], function["name"], arguments or "{}", provider_data=call.get("extra_content"))


def tools_from(tools: Iterable[Tool | Callable[..., Any] | Mapping[str, Any]] | None) -> tuple[Tool, ...] | None:
    """Return tools from `Tool`s, functions and dicts in the OpenAI format; None for None and for an empty sequence."""
    if tools is None:
        return None
    if not isinstance(tools, Iterable):
        raise InvalidRequestError(f"tools must be a sequence of tools, not {type(tools).__name__}; pass [tool]")
    return tuple(_tool_from(tool) for tool in tools) or None


def _tool_from(tool: object) -> Tool:
    if isinstance(tool, Tool):
        return tool
    if callable(tool):
        return Tool.from_function(tool)
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping) or "name" not in function:
        raise InvalidRequestError(
            "a tool must be a Tool, a function, or a dict {'type': 'function', 'function': {'name': ...}}, "
            f"not {type(tool).__name__}"
        )
    extra = sorted(set(function) - {"name", "description", "parameters", "strict"})
    if extra:
        raise InvalidRequestError(f"unknown key in tool {function['name']!r}: {', '.join(extra)}")
    parameters = {"parameters": function["parameters"]} if function.get("parameters") is not None else {}
    return Tool(function["name"], function.get("description"), strict=function.get("strict"), **parameters)


def tool_choice_from(choice: object) -> ToolChoice | None:
    """Return a tool choice from "auto", "none", "required", a tool, its name, or a dict in the OpenAI format."""
    if choice is None or isinstance(choice, NamedTool):
        return choice
    if isinstance(choice, Tool):
        return NamedTool(choice.name)
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice)
        name = choice.get("name") if isinstance(choice, Mapping) else None
        if isinstance(name, str):
            return NamedTool(name)
    if isinstance(choice, str) and choice:
        return cast("ToolChoice", choice) if choice in ("auto", "none", "required") else NamedTool(choice)
    raise InvalidRequestError(f"tool_choice must be 'auto', 'none', 'required' or a tool's name, got {choice!r}")
