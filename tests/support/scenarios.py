"""Requests of every scenario for which another client's request is recorded in `tests/wire/requests`."""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ResponseFormat
from ai_lib.types.tool import Tool, ToolCall

__all__ = ["ADD", "CITY", "GET_TIME", "PDF", "PNG", "SCENARIOS", "TOOLS", "WAV"]

GET_TIME = Tool(
    "get_time",
    "Current time in a zone",
    {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"], "additionalProperties": False},
)
ADD = Tool(
    "add",
    "Add two numbers",
    {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]},
)
TOOLS = (GET_TIME, ADD)
CITY = ResponseFormat(
    kind="json_schema",
    name="city",
    strict=True,
    schema={
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "population": {"type": "integer", "minimum": 0},
            "mayor": {"type": ["string", "null"]},
            "size": {"enum": ["small", "large"], "type": "string"},
        },
        "required": ["city", "population", "mayor", "size"],
        "additionalProperties": False,
    },
)
PNG = Image.from_data_url("data:image/png;base64,iVBORw0KGgo=")
PDF = Document.from_data_url("data:application/pdf;base64,JVBERi0xLjQK", name="doc.pdf")
WAV = Audio.from_data_url("data:audio/wav;base64,UklGRg==")


def user_message(*parts: Any) -> Message:
    return Message.user("What is this?", *parts)


SCENARIOS: dict[str, dict[str, Any]] = {
    "plain": {"messages": "Say hi"},
    "plain-stream": {"messages": "Say hi"},
    "system": {"messages": [Message.system("Be brief."), Message.user("Say hi")]},
    "multi-turn": {
        "messages": [Message.user("My name is Ada"), Message.assistant("Hello Ada"), Message.user("What is my name?")]
    },
    "assistant-prefill": {"messages": [Message.user("Say hi"), Message.assistant("Hi the")]},
    "settings": {
        "messages": "Say hi",
        "max_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "frequency_penalty": 0.2,
        "presence_penalty": 0.1,
        "stop": ["END", "STOP"],
        "seed": 7,
    },
    "image-url": {"messages": user_message(Image.from_url("https://example.com/cat.png"))},
    "image-base64": {"messages": user_message(PNG)},
    "pdf-url": {"messages": user_message(Document.from_url("https://example.com/doc.pdf"))},
    "pdf-base64": {"messages": user_message(PDF)},
    "text-file": {"messages": user_message(Document.from_url("https://example.com/notes.txt"))},
    "text-file-base64": {"messages": user_message(Text("some notes"))},
    "audio-wav-base64": {"messages": user_message(WAV)},
    "tools": {"messages": "What time is it in Oslo?", "tools": TOOLS},
    "tool-choice-auto": {"messages": "x", "tools": TOOLS, "tool_choice": "auto"},
    "tool-choice-none": {"messages": "x", "tools": TOOLS, "tool_choice": "none"},
    "tool-choice-required": {"messages": "x", "tools": TOOLS, "tool_choice": "required"},
    "tool-choice-specific": {"messages": "x", "tools": TOOLS, "tool_choice": "add"},
    "tool-strict": {"messages": "x", "tools": [attrs.evolve(GET_TIME, strict=True)]},
    "tool-results-parallel": {
        "messages": [
            Message.user("Time in Oslo and 2+3?"),
            Message.assistant(
                "Checking.",
                tool_calls=[
                    ToolCall("call_1", "get_time", '{"zone":"Europe/Oslo"}'),
                    ToolCall("call_2", "add", '{"a":2,"b":3}'),
                ],
            ),
            Message.tool("call_1", "12:00"),
            Message.tool("call_2", Json({"sum": 5})),
        ],
        "tools": TOOLS,
    },
    "tool-result-error": {
        "messages": [
            Message.user("2+x?"),
            Message.assistant(tool_calls=[ToolCall("call_1", "add", '{"a":2,"b":"x"}')]),
            Message.tool("call_1", "b is not a number"),
        ],
        "tools": TOOLS,
    },
    "tool-result-image": {
        "messages": [
            Message.user("Look"),
            Message.assistant(tool_calls=[ToolCall("call_1", "get_time", '{"zone":"UTC"}')]),
            Message.tool("call_1", PNG),
        ],
        "tools": TOOLS,
    },
    "json-object": {"messages": "City facts as JSON", "response_format": ResponseFormat(kind="json_object")},
    "json-schema": {"messages": "City facts", "response_format": CITY},
    "json-schema-with-tools": {"messages": "City facts", "response_format": CITY, "tools": TOOLS},
    "reasoning-none": {"messages": "Think", "max_tokens": 4000, "reasoning": "none"},
    "reasoning-low": {"messages": "Think", "max_tokens": 4000, "reasoning": "low"},
    "reasoning-high": {"messages": "Think", "max_tokens": 4000, "reasoning": "high"},
    "reasoning-replay": {
        "messages": [
            Message.user("Time?"),
            attrs.evolve(
                Message.assistant(tool_calls=[ToolCall("call_1", "get_time", '{"zone":"UTC"}')]),
                reasoning="I should call the tool.",
            ),
            Message.tool("call_1", "12:00"),
        ],
        "tools": TOOLS,
    },
}
