"""Requests in the form of Ollama's own API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.dialects.ollama_native.quirks import Quirks
from ai_lib.providers.reading import encode_arguments, merge_extensions
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.tool import NamedTool, Tool

__all__ = ["encode"]

_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "num_predict",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_WITHOUT_FORM = ("n", "logit_bias", "parallel_tool_calls", "user", "metadata")
_THINK: dict[str, bool | str] = {
    "none": False,
    "disabled": False,
    "enabled": True,
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "max",
}


def encode(request: ChatCompletionRequest, stream: bool, context: Context, refuse: Refuse) -> dict[str, Any]:
    """Return the body.

    Args:
        request: What is asked.
        stream: Whether the answer is to come as a stream; unlike elsewhere it does when nothing is said.
        context: The provider.
        refuse: Called for each field that cannot be sent.
    """
    body: dict[str, Any] = {"model": request.model, "messages": _messages(request.messages, refuse), "stream": stream}
    options = {
        wire: value for field, wire in _OPTIONS.items() if (value := getattr(request, field)) is not None
    }  # fmt: skip
    if request.stop:
        options["stop"] = list(request.stop)
    if options:
        body["options"] = options
    for field in ("logprobs", "top_logprobs"):
        if (value := getattr(request, field)) is not None:
            body[field] = value
    for field in _WITHOUT_FORM:
        if getattr(request, field) is not None:
            refuse(field, "the API has no such field")
    _put_tools(body, request, refuse)
    if request.response_format is not None:
        body["format"] = _format(request.response_format)
    if request.reasoning is not None:
        _put_think(body, request.reasoning, refuse)
    quirks: Quirks = context.quirks
    always = {field: value for field, value in quirks.send.items() if field not in request.extensions}
    return merge_extensions({**body, **always}, request.extensions)


def _put_tools(body: dict[str, Any], request: ChatCompletionRequest, refuse: Refuse) -> None:
    choice = request.tool_choice
    if choice == "required" or isinstance(choice, NamedTool):
        refuse("tool_choice", "the model itself decides whether it calls a tool")
    if request.tools and choice != "none":  # none is said by leaving the tools out
        body["tools"] = [_tool(tool, refuse) for tool in request.tools]


def _tool(tool: Tool, refuse: Refuse) -> dict[str, Any]:
    if tool.strict is not None:
        refuse("strict", "arguments cannot be held to a schema")
    if tool.cache is not None:
        refuse("cache", "the server caches by itself")
    described = {} if tool.description is None else {"description": tool.description}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": tool.parameters}}


def _format(form: ResponseFormat) -> Any:
    """Return "json" or the schema, which the server always holds the answer to."""
    return "json" if form.kind == "json_object" else form.schema


def _put_think(body: dict[str, Any], reasoning: str | int, refuse: Refuse) -> None:
    if isinstance(reasoning, str) and reasoning in _THINK:
        body["think"] = _THINK[reasoning]
    else:
        refuse("reasoning", f"the server knows only {', '.join(_THINK)}, not {reasoning!r}")


def _messages(messages: Iterable[Message], refuse: Refuse) -> list[dict[str, Any]]:
    names: dict[str, str] = {}  # ids are made up here, and may occur again: the last call before a result counts
    wire = []
    for message in messages:
        wire.append(_message(message, names, refuse))
        names.update((call.id, call.name) for call in message.tool_calls)
    return wire


def _message(message: Message, names: Mapping[str, str], refuse: Refuse) -> dict[str, Any]:
    texts = [part.text for part in message.content if isinstance(part, Text | Json)]
    wire: dict[str, Any] = {"role": message.role.value, "content": "".join(texts)}
    images = [data for part in message.content if (data := _image(part, refuse)) is not None]
    if images:
        wire["images"] = images
    if message.role is Role.TOOL:
        name = message.name or names.get(message.tool_call_id or "")
        if name is not None:
            wire["tool_name"] = name
    elif message.name is not None:
        refuse("name", "speakers have no names")
    if message.reasoning:
        wire["thinking"] = message.reasoning
    if message.tool_calls:
        wire["tool_calls"] = [
            {"function": {"name": call.name, "arguments": encode_arguments(call)}} for call in message.tool_calls
        ]
    if message.refusal is not None:
        refuse("refusal", "the API has no such field")
    return wire


def _image(part: Any, refuse: Refuse) -> str | None:
    if part.cache is not None:
        refuse("cache", "the server caches by itself")
    if isinstance(part, Audio | Document):
        refuse(f"{type(part).__name__.lower()} content", "the server takes text and images")
    if not isinstance(part, Image):
        return None
    if part.data is None:
        refuse("image url" if part.url else "image file_id", "images go as bytes; use Image.from_file()")
        return None
    if part.detail is not None:
        refuse("image detail", "the API has no such field")
    return part.base64
