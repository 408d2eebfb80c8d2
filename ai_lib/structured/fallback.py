"""The form of an answer asked for by other means, for providers that take no JSON Schema: by a tool, or in words.

Pure functions from request to request and from answer to answer; who needs them is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import attrs

from ai_lib.structured.text import extract_json
from ai_lib.structured.validate import parser_for
from ai_lib.types.content import Text
from ai_lib.types.message import Message, Role
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse, Choice
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
    """Return the request with a tool that the model must call in place of the schema.

    A request without a schema, or with tools of its own, which a forced call would shut out, comes back as it is.

    Raises:
        InvalidRequestError: The schema is not that of an object.
    """
    wanted = request.response_format
    if wanted is None or wanted.schema is None or request.tools:
        return request
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", wanted.name)[:64] or "response"
    description = wanted.schema.get("description") or _TOOL_DESCRIPTION
    answer = Tool(name, description, wanted.schema, strict=wanted.strict)
    return attrs.evolve(request, response_format=None, tools=(answer,), tool_choice=NamedTool(name))


def answer_from_tool(response: ChatCompletionResponse) -> ChatCompletionResponse:
    """Return the answer to a request made by `format_as_tool` as if it were the answer to the request before it.

    Each choice's call becomes its text; one without a call stays as it is.
    """
    return attrs.evolve(response, choices=tuple(map(_choice_from_tool, response.choices)))


def _choice_from_tool(choice: Choice) -> Choice:
    if not choice.message.tool_calls:
        return choice
    answer = choice.message.tool_calls[0].arguments_json
    # Without the provider's own data: it speaks of a call that the conversation no longer has.
    message = attrs.evolve(choice.message, content=(Text(answer),), tool_calls=(), provider_data=None)
    reason = "stop" if choice.finish_reason == "tool_calls" else choice.finish_reason
    return attrs.evolve(choice, message=message, finish_reason=reason)


def format_as_prompt(request: ChatCompletionRequest, *, json_object: bool = False) -> ChatCompletionRequest:
    """Return the request with its form asked for in the system message; without a form it comes back as it is.

    Args:
        request: The request.
        json_object: Also ask the provider for a JSON object, where it can hold the model to that much.
    """
    wanted = request.response_format
    if wanted is None:
        return request
    kept = ResponseFormat(kind="json_object", parser=lenient_parser(wanted)) if json_object else None
    messages = _instructed(request.messages, _instruction(wanted))
    return attrs.evolve(request, messages=messages, response_format=kept)


def _instruction(wanted: ResponseFormat) -> str:
    if wanted.schema is None:
        return _WITHOUT_SCHEMA
    return _WITH_SCHEMA + json.dumps(wanted.schema).decode()


def _instructed(messages: tuple[Message, ...], instruction: str) -> tuple[Message, ...]:
    for number, message in enumerate(messages):
        if message.role is Role.SYSTEM:
            # A part of its own: a cache of the prompt up to the part before it stays good.
            longer = attrs.evolve(message, content=(*message.content, Text("\n\n" + instruction)))
            return (*messages[:number], longer, *messages[number + 1 :])
    return (Message.system(instruction), *messages)


def lenient_parser(wanted: ResponseFormat) -> Callable[[str], Any]:
    """Return what reads an answer that was asked for in words: fences and prose round the JSON are passed over."""
    return partial(_parsed, wanted.parser or parser_for(wanted.schema or {"type": "object"}))


def _parsed(parser: Callable[[str], Any], text: str) -> Any:
    found = (json.dumps(read.value).decode() for read in iter_json(text) if read.complete)
    for candidate in (text, *found):
        with suppress(ValueError):
            return parser(candidate)
    # None fits: the first is what the error speaks of.
    return parser(json.dumps(extract_json(text)).decode())
