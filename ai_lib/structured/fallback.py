"""Response formats for providers without JSON Schema: by a tool that the model must call, or in the prompt.

Pure functions from request to request and from answer to answer; `connection.emulation` decides which are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import attrs

from ai_lib.schemas.validate import decode_valid
from ai_lib.structured.text import extract_json
from ai_lib.types.content import Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.tool import NamedTool, Tool
from ai_lib.utils import json
from ai_lib.utils.partial_json import iter_json

__all__ = ["answer_from_tool", "format_as_prompt", "format_as_tool", "lenient_parser"]

_TOOL_DESCRIPTION = "Give the final answer. Call this once; its arguments are the answer."
_WITH_SCHEMA = (
    "Answer with one JSON value that fits this JSON Schema, and with nothing else: no prose, no code fence.\n"
)
_WITHOUT_SCHEMA = "Answer with one JSON object and with nothing else: no prose, no code fence."


def format_as_tool(request: ChatCompletionRequest) -> ChatCompletionRequest:
    """Return the request with a tool that the model must call instead of the JSON Schema.

    A request without a schema is returned unchanged, and so is one with tools, which a forced call would exclude.

    Raises:
        InvalidRequestError: The schema is not of type object.
    """
    response_format = request.response_format
    if response_format is None or response_format.schema is None or request.tools:
        return request
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", response_format.name)[:64] or "response"
    description = response_format.schema.get("description") or _TOOL_DESCRIPTION
    tool = Tool(name, description, response_format.schema, strict=response_format.strict)
    return attrs.evolve(request, response_format=None, tools=(tool,), tool_choice=NamedTool(name))


def answer_from_tool(response: ChatCompletionResponse) -> ChatCompletionResponse:
    """Return the answer to a request made by `format_as_tool` as the answer to the original request.

    The arguments of each choice's call become its text; a choice without a call stays unchanged.
    """
    choices = []
    for choice in response.choices:
        if choice.message.tool_calls:
            text = Text(choice.message.tool_calls[0].arguments_json)
            # Without the provider's data, which refers to a call that the conversation no longer has.
            message = attrs.evolve(choice.message, content=(text,), tool_calls=(), provider_data=None)
            reason = "stop" if choice.finish_reason == "tool_calls" else choice.finish_reason
            choice = attrs.evolve(choice, message=message, finish_reason=reason)  # noqa: PLW2901
        choices.append(choice)
    return attrs.evolve(response, choices=tuple(choices))


def format_as_prompt(request: ChatCompletionRequest, *, json_object: bool = False) -> ChatCompletionRequest:
    """Return the request with its format described in the system message; without a format, unchanged.

    `json_object` also requests a JSON object, for a provider that can enforce that much.
    """
    response_format = request.response_format
    if response_format is None:
        return request
    schema = response_format.schema
    instruction = _WITHOUT_SCHEMA if schema is None else _WITH_SCHEMA + json.dumps(schema).decode()
    messages = list(request.messages)
    for index, message in enumerate(messages):
        if message.role is Role.SYSTEM:
            # A part of its own: the provider's cache of the prompt up to the part before it stays valid.
            messages[index] = attrs.evolve(message, content=(*message.content, Text("\n\n" + instruction)))
            break
    else:
        messages.insert(0, Message.system(instruction))
    enforced = ResponseFormat(kind="json_object", parser=lenient_parser(response_format)) if json_object else None
    return attrs.evolve(request, messages=tuple(messages), response_format=enforced)


def lenient_parser(response_format: ResponseFormat) -> Callable[[str], Any]:
    """Return a parser that skips code fences and prose around the JSON, which models write despite the prompt."""
    schema = response_format.schema or {"type": "object"}
    return partial(_parse_leniently, parser=response_format.parser or partial(decode_valid, schema=schema))


def _parse_leniently(text: str, parser: Callable[[str], Any]) -> Any:
    documents = (json.dumps(reading.value).decode() for reading in iter_json(text) if reading.complete)
    for candidate in (text, *documents):
        with suppress(ValueError):
            return parser(candidate)
    # None fits: the error is about the first.
    return parser(json.dumps(extract_json(text)).decode())
