"""Where our requests differ from the recorded ones of another client, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ai_lib.providers.reading import short_id
from tests.support.scenarios import SCENARIOS, TOOLS

__all__ = ["DIFFERENCES", "RECORDED", "REFUSED"]

# The recorded files, and whose configuration the requests are encoded under.
RECORDED = {
    "alibaba": "qwen",
    "azure-chat": "azure_openai",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "groq": "groq",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "openai-chat": "openai",
    "openai-chat-reasoning": "openai",
    "togetherai": "together",
    "xai-chat": "xai",
}
ALL = frozenset(RECORDED)
PLAIN = frozenset({"baseten", "cerebras", "deepinfra", "fireworks", "togetherai"})
MISTRAL = frozenset({"mistral"})
REPLAY = frozenset({"reasoning-replay"})
CALLS = frozenset({"reasoning-replay", "tool-result-error"})
RESULTS = CALLS | {"tool-results-parallel"}
JSON = frozenset({"json-object", "json-schema", "json-schema-with-tools"})
EVERY = frozenset(SCENARIOS)


def _assistant(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(message for message in body["messages"] if message["role"] == "assistant")
    return found


def _max_completion_tokens(body: dict[str, Any]) -> None:
    if "max_tokens" in body:
        body["max_completion_tokens"] = body.pop("max_tokens")


def _no_description(body: dict[str, Any]) -> None:
    body.get("response_format", {}).get("json_schema", {}).pop("description", None)


def _no_thinking(body: dict[str, Any]) -> None:
    _assistant(body).pop("reasoning", None)
    _assistant(body).pop("reasoning_content", None)
    _assistant(body)["tool_calls"][0].pop("extra_content", None)


def _text_as_string(body: dict[str, Any]) -> None:
    for message in body["messages"]:
        content = message["content"]
        if isinstance(content, list) and all(part["type"] == "text" for part in content):
            message["content"] = "".join(part["text"] for part in content)


def _first_role_system(body: dict[str, Any]) -> None:
    body["messages"][0]["role"] = "system"


def _short_ids(body: dict[str, Any]) -> None:
    for message in body["messages"]:
        for call in message.get("tool_calls", ()):
            call["id"] = short_id(call["id"])
        if message["role"] == "tool":
            message["tool_call_id"] = short_id(message["tool_call_id"])


def _strict(body: dict[str, Any]) -> None:
    if "response_format" in body:
        body["response_format"].get("json_schema", {})["strict"] = True


def _named_choice(body: dict[str, Any]) -> None:
    body["tools"] = [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in TOOLS
    ]
    body["tool_choice"] = {"type": "function", "function": {"name": "add"}}


def _no_instruction(body: dict[str, Any]) -> None:
    body["messages"] = [message for message in body["messages"] if message["role"] != "system"]


# What we send instead of what is recorded, and why: (reason, files, scenarios, what to change in the recorded body).
DIFFERENCES: list[tuple[str, frozenset[str], frozenset[str], Callable[[dict[str, Any]], Any]]] = [
    ("max_tokens is deprecated at these and refused by their reasoning models",
     frozenset({"azure-chat", "groq", "openai-chat"}), EVERY, _max_completion_tokens),
    ("a usage that comes unasked is no promise; asking does no harm there",
     frozenset({"cerebras", "deepinfra"}), frozenset({"plain-stream"}),
     lambda body: body.update(stream_options={"include_usage": True})),
    ("ResponseFormat has no description: the schema has one", ALL, frozenset({"json-schema"}), _no_description),
    ("null stands for no content in OpenAI's schema and is taken by these too",
     frozenset({"deepseek", "groq", "xai-chat"}), CALLS, lambda body: _assistant(body).update(content=None)),
    ("thinking goes back only where the provider demands it; the scenario has no signature",
     PLAIN | {"groq"}, REPLAY, _no_thinking),
    ("an effort is sent as the user wrote it; the other client leaves 'none' out",
     PLAIN | {"groq"}, frozenset({"reasoning-none"}), lambda body: body.update(reasoning_effort="none")),
    ("kimi-k2 models are switched, and pass an effort over in silence",
     frozenset({"moonshotai"}), frozenset({"reasoning-none"}), lambda body: body.update(thinking={"type": "disabled"})),
    ("kimi-k2 models are switched, and pass an effort over in silence",
     frozenset({"moonshotai"}), frozenset({"reasoning-low", "reasoning-high"}),
     lambda body: body.pop("reasoning_effort")),
    ("the answer is to go on from there",
     frozenset({"alibaba", "moonshotai"}), frozenset({"assistant-prefill"}),
     lambda body: body["messages"][1].update(partial=True)),
    ("developer is a word of OpenAI alone, which takes system as well",
     frozenset({"openai-chat-reasoning"}), frozenset({"system"}), _first_role_system),
    ("which fields a model refuses is known by model, not by provider: the provider's own error tells",
     frozenset({"openai-chat-reasoning"}), frozenset({"settings"}),
     lambda body: body.update(temperature=0.5, top_p=0.9, frequency_penalty=0.2, presence_penalty=0.1)),
    ("only grok-4 and the code models refuse these",
     frozenset({"xai-chat"}), frozenset({"settings"}),
     lambda body: body.update(frequency_penalty=0.2, presence_penalty=0.1, stop=["END", "STOP"])),
    ("strict is refused there inside tools, as litellm found",
     frozenset({"xai-chat"}), frozenset({"tool-strict"}), lambda body: body["tools"][0]["function"].pop("strict")),
    ("prompts are sent as they are; the user asks for JSON",
     frozenset({"deepseek", "mistral"}), JSON, _no_instruction),
    ("no silent fallback from a schema to any JSON",
     frozenset({"deepseek"}), frozenset({"json-schema", "json-schema-with-tools"}),
     lambda body: body.pop("response_format")),
    ("a schema cannot be combined with tools there",
     frozenset({"cerebras", "fireworks", "groq"}), frozenset({"json-schema-with-tools"}),
     lambda body: body.pop("response_format")),
    ("one text part is sent as a string, which all take",
     frozenset({"alibaba", "deepinfra", "mistral"}), EVERY, _text_as_string),
    ("top_k is not part of the scenario", frozenset({"alibaba"}), frozenset({"settings"}), lambda body: body.pop("top_k")),
    ("the provider knows budgets, not efforts; guessing a number is left to the user",
     frozenset({"alibaba"}), frozenset({"reasoning-low", "reasoning-high"}),
     lambda body: [body.pop("enable_thinking"), body.pop("thinking_budget")]),
    ("the other client leaves seed out; the provider takes it",
     frozenset({"moonshotai"}), frozenset({"settings"}), lambda body: body.update(seed=7)),
    ("the provider does not fetch images", frozenset({"moonshotai"}), frozenset({"image-url"}),
     lambda body: body["messages"][0].update(content="What is this?")),
    ("the provider refuses file parts in chat completions", frozenset({"azure-chat"}), frozenset({"pdf-base64"}),
     lambda body: body["messages"][0].update(content="What is this?")),
    ("required and named choices are refused there",
     frozenset({"deepinfra", "moonshotai"}), frozenset({"tool-choice-required", "tool-choice-specific"}),
     lambda body: body.pop("tool_choice")),
    ("required is refused there", frozenset({"alibaba"}), frozenset({"tool-choice-required"}),
     lambda body: body.pop("tool_choice")),
    ("ids must be nine letters and digits there", MISTRAL, RESULTS, _short_ids),
    ("strict is sent as the user set it", MISTRAL, frozenset({"json-schema", "json-schema-with-tools"}), _strict),
    ("the service takes a named choice, which keeps the other tools in sight",
     MISTRAL, frozenset({"tool-choice-specific"}), _named_choice),
    ("the model knows none and high; low is not made high in silence",
     MISTRAL, frozenset({"reasoning-low"}), lambda body: body.pop("reasoning_effort")),
    ("the name of a document goes along", MISTRAL, frozenset({"pdf-base64"}),
     lambda body: body["messages"][0]["content"][1].update(document_name="doc.pdf")),
    ("penalties are refused there", frozenset({"cerebras"}), frozenset({"settings"}),
     lambda body: [body.pop("frequency_penalty"), body.pop("presence_penalty")]),
]  # fmt: skip

# What is refused, or left out and reported. Where nothing is recorded, the other client has no form for it either.
NO_DOCUMENT = ["document content"]
REFUSED: dict[tuple[str, str], list[str]] = {
    **{(file, "tool-result-image"): ["media in a tool's result"] for file in ALL},
    **{(file, scenario): ["document url"] for file in ALL - MISTRAL for scenario in ("pdf-url", "text-file")},
    **{
        (file, scenario): NO_DOCUMENT
        for file in ("alibaba", "azure-chat", "deepseek", "groq", "moonshotai", "xai-chat")
        for scenario in ("pdf-url", "pdf-base64", "text-file")
    },
    **{(file, "audio-wav-base64"): ["audio content"] for file in ("deepseek", "groq", "moonshotai", "xai-chat")},
    **{(file, "json-schema-with-tools"): ["response_format"] for file in ("cerebras", "deepseek", "fireworks", "groq")},
    ("alibaba", "reasoning-high"): ["reasoning"],
    ("alibaba", "reasoning-low"): ["reasoning"],
    ("alibaba", "settings"): ["frequency_penalty"],
    ("alibaba", "tool-choice-required"): ["tool_choice"],
    ("cerebras", "settings"): ["presence_penalty", "frequency_penalty"],
    ("deepinfra", "tool-choice-required"): ["tool_choice"],
    ("deepinfra", "tool-choice-specific"): ["tool_choice"],
    ("deepseek", "json-schema"): ["response_format"],
    ("deepseek", "settings"): ["seed"],
    ("mistral", "reasoning-low"): ["reasoning"],
    ("moonshotai", "image-url"): ["image url"],
    ("moonshotai", "reasoning-high"): ["reasoning"],
    ("moonshotai", "reasoning-low"): ["reasoning"],
    ("moonshotai", "tool-choice-required"): ["tool_choice"],
    ("moonshotai", "tool-choice-specific"): ["tool_choice"],
    ("xai-chat", "tool-strict"): ["strict"],
}
