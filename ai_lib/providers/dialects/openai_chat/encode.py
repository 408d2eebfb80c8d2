"""Our request as the body of POST /chat/completions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.openai_chat.quirks import REASONING_TEXT, Quirks
from ai_lib.providers.wire import extended, own
from ai_lib.types.content import Audio, Document, Image, Json, Part, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool, ToolCall, ToolChoice

__all__ = ["REASONING", "encode"]

# Fields whose value goes to the wire as it is, under its own name or the one in `Quirks.rename`.
_PLAIN = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
    "user",
    "metadata",
)

_STREAM = frozenset({"stream"})


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    quirks: Quirks = context.quirks
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message, context, refuse) for message in request.messages],
    }
    _put_plain(body, request, quirks, refuse)
    if request.tools and _allowed("tools", quirks, refuse):
        body["tools"] = [_tool(tool, quirks, refuse) for tool in request.tools]
        if request.tool_choice is not None and _allowed("tool_choice", quirks, refuse):
            _put_tool_choice(body, request.tool_choice, quirks, refuse)
    if request.response_format is not None and _allowed("response_format", quirks, refuse):
        obstacle = _schema_obstacle(request, stream, quirks)
        _put_response_format(body, request.response_format, obstacle, quirks, refuse)
    if request.reasoning is not None and _allowed("reasoning", quirks, refuse):
        REASONING[quirks.reasoning](body, request.reasoning, refuse)
    if stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return extended(body, request.extensions, also=_STREAM)


def _put_plain(body: dict[str, Any], request: ChatCompletionRequest, quirks: Quirks, refuse: Refuse) -> None:
    for field in _PLAIN:
        value = getattr(request, field)
        if value is not None and _allowed(field, quirks, refuse):
            body[quirks.rename.get(field, field)] = value
    if request.stop and _allowed("stop", quirks, refuse):
        body["stop"] = list(request.stop)
    if request.top_k is not None and _allowed("top_k", quirks, refuse):
        if "top_k" in quirks.accepts:
            body["top_k"] = request.top_k
        else:
            refuse("top_k", "chat completions have no such field; where the server has one, pass it in extensions")


def _allowed(field: str, quirks: Quirks, refuse: Refuse) -> bool:
    if field in quirks.rejects:
        refuse(field, "the provider does not take it")
        return False
    return True


# --- messages -------------------------------------------------------------------------------------------------


def _message(message: Message, context: Context, refuse: Refuse) -> dict[str, Any]:
    quirks: Quirks = context.quirks
    role = message.role
    parts = _text_parts(message.content, refuse) if role is Role.TOOL else message.content
    wire: dict[str, Any] = {"role": role.value, "content": _content(parts, quirks, refuse)}
    if message.name is not None and role is not Role.TOOL and _allowed("name", quirks, refuse):
        wire["name"] = message.name
    wire.update(own(message.provider_data, context.owner))
    if role is Role.TOOL:
        wire["tool_call_id"] = message.tool_call_id
    elif message.tool_calls:
        if not wire["content"]:
            wire["content"] = quirks.empty_content
        wire["tool_calls"] = [_tool_call(call, context.owner) for call in message.tool_calls]
        if message.reasoning is not None:
            wire.update({field: message.reasoning for field in quirks.echo if field in REASONING_TEXT})
    if message.refusal is not None:
        wire["refusal"] = message.refusal
    return wire


def _text_parts(parts: tuple[Part, ...], refuse: Refuse) -> tuple[Part, ...]:
    """Return the parts that a tool's result may have here: the API takes text only."""
    texts = tuple(part for part in parts if isinstance(part, Text | Json))
    if len(texts) < len(parts):
        refuse("media in a tool's result", "it must be text; put images and files into a user message after it")
    return texts


def _content(parts: tuple[Part, ...], quirks: Quirks, refuse: Refuse) -> str | list[dict[str, Any]]:
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].cache is None:
        return parts[0].text
    if not parts:
        return ""
    wire = [item for part in parts if (item := _part(part, quirks, refuse)) is not None]
    if not wire:  # every part was refused and is to be left out
        return ""
    if any("cache_control" in item for item in wire):
        return wire
    texts = [item["text"] for item in wire if item["type"] == "text"]
    if len(texts) == len(wire) and (len(texts) == 1 or quirks.text_only_as_string):
        return "".join(texts)
    return wire


def _part(part: Part, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    wire = _PARTS[type(part)](part, quirks, refuse)
    if wire is not None and part.cache is not None:
        if quirks.cache_marks:
            wire["cache_control"] = {"type": "ephemeral", "ttl": part.cache}
        else:
            refuse("cache", "the provider caches by itself, or not at all")
    return wire


def _text(part: Text, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


def _json(part: Json, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


def _image(part: Image, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if not _takes("image", quirks, refuse):
        return None
    if part.file_id is not None:
        refuse("image file_id", "images go by address or as bytes")
        return None
    if part.url is not None and not quirks.image_urls:
        refuse("image url", "the provider does not fetch images; send the bytes with Image.from_file()")
        return None
    image = {"url": part.data_url}
    if part.detail is not None:
        image["detail"] = part.detail
    return {"type": "image_url", "image_url": image}


_AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/vnd.wave": "wav"}


def _audio(part: Audio, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if not _takes("audio", quirks, refuse):
        return None
    if part.data is None or part.media_type is None:
        refuse("audio url", "audio goes as bytes; use Audio.from_file() or Audio.from_bytes()")
        return None
    kind = _AUDIO_FORMATS.get(part.media_type) or part.media_type.partition("/")[2]
    data = part.data_url if quirks.audio_data_url else part.base64
    return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}


def _document(part: Document, quirks: Quirks, refuse: Refuse) -> dict[str, Any] | None:
    if not _takes("document", quirks, refuse):
        return None
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    if part.url is not None:
        refuse("document url", "documents go as bytes; use Document.from_file() or .from_bytes()")
        return None
    return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": part.data_url}}


def _takes(kind: str, quirks: Quirks, refuse: Refuse) -> bool:
    if kind in quirks.media:
        return True
    refuse(f"{kind} content", "the provider does not take such parts")
    return False


_PARTS: dict[type[Any], Callable[[Any, Quirks, Refuse], dict[str, Any] | None]] = {
    Text: _text,
    Json: _json,
    Image: _image,
    Audio: _audio,
    Document: _document,
}


def _tool_call(call: ToolCall, owner: str) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments_json},
        **own(call.provider_data, owner),
    }


# --- tools, answer format, reasoning ---------------------------------------------------------------------------


def _tool(tool: Tool, quirks: Quirks, refuse: Refuse) -> dict[str, Any]:
    if tool.cache is not None:
        refuse("cache", "chat completions have no mark for a tool")
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = _schema(tool.parameters, quirks.schema_drops | quirks.tool_schema_drops)
    if tool.strict is not None and _allowed("strict", quirks, refuse):
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _schema(schema: Any, drops: frozenset[str]) -> Any:
    """Return the schema without the keys that the service refuses, at any depth."""
    if not drops:
        return schema
    if isinstance(schema, Mapping):
        return {key: _schema(value, drops) for key, value in schema.items() if key not in drops}
    if isinstance(schema, list | tuple):
        return [_schema(item, drops) for item in schema]
    return schema


def _put_tool_choice(body: dict[str, Any], choice: ToolChoice, quirks: Quirks, refuse: Refuse) -> None:
    kind = "named" if isinstance(choice, NamedTool) else choice
    if kind not in quirks.tool_choice:
        refuse("tool_choice", f"the provider knows only {', '.join(sorted(quirks.tool_choice))}, not {kind}")
    elif isinstance(choice, NamedTool):
        body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        body["tool_choice"] = choice


def _schema_obstacle(request: ChatCompletionRequest, stream: bool, quirks: Quirks) -> str | None:
    """Return why an answer to this request cannot be held to a JSON Schema, or None."""
    if not quirks.json_schema:
        return "the provider has no json_schema mode; ask for 'json_object' and describe the form in the prompt"
    if request.tools and not quirks.json_schema_with_tools:
        return "the provider does not take a JSON schema together with tools"
    if stream and not quirks.json_schema_with_stream:
        return "the provider does not stream answers with a JSON schema"
    return None


def _put_response_format(
    body: dict[str, Any], form: ResponseFormat, obstacle: str | None, quirks: Quirks, refuse: Refuse
) -> None:
    if form.kind == "json_object":
        if quirks.json_object:
            body["response_format"] = {"type": "json_object"}
        else:
            refuse("response_format", "the provider has no json_object mode")
    elif obstacle is not None:
        refuse("response_format", obstacle)
    else:
        schema = {"name": form.name, "schema": _schema(form.schema, quirks.schema_drops)}
        if form.strict is not None and quirks.json_schema_strict:
            schema["strict"] = form.strict
        body["response_format"] = {"type": "json_schema", "json_schema": schema}


def _effort(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    if isinstance(reasoning, int):
        refuse("reasoning", "the provider takes an effort such as 'low', not a number of tokens")
    else:
        body["reasoning_effort"] = reasoning


def _thinking(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    if isinstance(reasoning, int):
        body["thinking"] = {"type": "enabled", "budget_tokens": reasoning}
    elif reasoning in _SWITCH:
        body["thinking"] = {"type": "enabled" if _SWITCH[reasoning] else "disabled"}
    else:
        refuse("reasoning", f"the provider knows only {', '.join(_SWITCH)} or a number of tokens, not {reasoning!r}")


def _thinking_effort(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    if isinstance(reasoning, int) or reasoning in _SWITCH:
        _thinking(body, reasoning, refuse)
    else:
        body["thinking"] = {"type": "enabled"}
        body["reasoning_effort"] = reasoning


def _enable_thinking(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    if isinstance(reasoning, int):
        body["enable_thinking"] = True
        body["thinking_budget"] = reasoning
    elif reasoning in _SWITCH:
        body["enable_thinking"] = _SWITCH[reasoning]
    else:
        refuse("reasoning", f"the provider knows only {', '.join(_SWITCH)} or a number of tokens, not {reasoning!r}")


def _object(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    body["reasoning"] = {"max_tokens": reasoning} if isinstance(reasoning, int) else {"effort": reasoning}


_SWITCH = {"none": False, "disabled": False, "enabled": True}

REASONING: dict[str, Callable[[dict[str, Any], str | int, Refuse], None]] = {
    "effort": _effort,
    "thinking": _thinking,
    "thinking_effort": _thinking_effort,
    "enable_thinking": _enable_thinking,
    "object": _object,
}
"""How reasoning is asked for: a field reasoning_effort; an object thinking, with or without an effort beside it;
enable_thinking and thinking_budget; an object reasoning."""
