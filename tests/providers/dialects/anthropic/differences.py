"""Where our requests differ from the recorded ones of another client, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.scenarios import SCENARIOS

__all__ = ["DIFFERENCES", "RECORDED", "REFUSED"]

# The recorded files, and whose configuration the requests are encoded under.
RECORDED = {
    "anthropic": "anthropic",
    "anthropic-adaptive": "anthropic",
    "anthropic-legacy": "anthropic",
    "google-vertex-anthropic": "vertex/anthropic",
    "minimax": "minimax/anthropic",
}
ALL = frozenset(RECORDED)
MINIMAX = frozenset({"minimax"})
CLAUDE = ALL - MINIMAX
VERTEX = frozenset({"google-vertex-anthropic"})
BUDGET = VERTEX | {"anthropic"}
EVERY = frozenset(SCENARIOS)
NO_MEDIA = {"pdf-url", "pdf-base64", "text-file"}
NO_SCHEMA = frozenset({"json-schema", "json-schema-with-tools"})


def _part(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["messages"][0]["content"][1]
    return found


def _only_text(body: dict[str, Any]) -> None:
    del body["messages"][0]["content"][1:]


def _result(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["messages"][-1]["content"][0]
    return found


def _image_alone(body: dict[str, Any]) -> None:
    body["messages"][0]["content"][0]["text"] = "Look"
    _result(body)["content"].pop(0)


def _no_full_stop(body: dict[str, Any]) -> None:
    schema = body["output_config"]["format"]["schema"]
    schema["properties"]["population"]["description"] = "minimum: 0"


def _no_tool_for_json(body: dict[str, Any]) -> None:
    body["tools"].pop()
    body.pop("tool_choice")
    if not body["tools"]:
        body.pop("tools")


def _native_schema(body: dict[str, Any]) -> None:
    schema = body["tools"][-1]["input_schema"]
    schema["properties"]["population"] = {"type": "integer", "description": "minimum: 0"}
    body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    _no_tool_for_json(body)


def _with_tools(body: dict[str, Any]) -> None:
    body["tool_choice"] = {"type": "none"}
    body["tools"] = [
        {
            "name": "get_time",
            "description": "Current time in a zone",
            "input_schema": {
                "type": "object",
                "properties": {"zone": {"type": "string"}},
                "required": ["zone"],
                "additionalProperties": False,
            },
        },
        {
            "name": "add",
            "description": "Add two numbers",
            "input_schema": {
                "type": "object",
                "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
                "required": ["a", "b"],
            },
        },
    ]


# What we send instead of what is recorded, and why: (reason, files, situations, what to change in the recorded body).
DIFFERENCES: list[tuple[str, frozenset[str], frozenset[str], Callable[[dict[str, Any]], Any]]] = [
    ("the vendor has a word for 'none', and the tools stay in the prompt's cache",
     ALL, frozenset({"tool-choice-none"}), _with_tools),
    ("the situation does not say that the tool failed: Message.is_error does",
     ALL, frozenset({"tool-result-error"}), lambda body: _result(body).pop("is_error")),
    ("the situation has other texts around the image", ALL, frozenset({"tool-result-image"}), _image_alone),
    ("top_k is not part of the situation", ALL, frozenset({"settings"}), lambda body: body.pop("top_k", None)),
    ("both go together on the oldest models", frozenset({"anthropic-legacy"}), frozenset({"settings"}),
     lambda body: body.update(top_p=0.9)),
    ("thinking without a signature does not go back: the situation has none",
     ALL, frozenset({"reasoning-replay"}), lambda body: body["messages"][1]["content"].pop(0)),
    ("a title is sent where the user names one", ALL, frozenset({"pdf-url"}), lambda body: _part(body).pop("title")),
    ("addresses are fetched by the provider, never here", CLAUDE, frozenset({"text-file"}),
     lambda body: body["messages"][0]["content"].__setitem__(
         1, {"type": "document", "source": {"type": "url", "url": "https://example.com/notes.txt"}})),
    ("the situation is a text part, not a document", ALL, frozenset({"text-file-base64"}),
     lambda body: body["messages"][0]["content"].__setitem__(1, {"type": "text", "text": "some notes"})),
    ("what the model is told instead of a keyword ends without a full stop",
     frozenset({"anthropic", "anthropic-adaptive"}), NO_SCHEMA, _no_full_stop),
    ("max_tokens is the user's limit of all tokens, reasoning included; the budget is a part of it",
     BUDGET, frozenset({"reasoning-low"}),
     lambda body: body.update(max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 1024})),
    ("max_tokens is the user's limit of all tokens, reasoning included; a high effort is 0.6 of it",
     BUDGET, frozenset({"reasoning-high"}),
     lambda body: body.update(max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 2400})),
    ("the model does not go on with an answer that the caller began",
     frozenset({"anthropic-adaptive"}), frozenset({"assistant-prefill"}), lambda body: body["messages"].pop()),
    ("a schema is not turned into a tool behind the user's back",
     frozenset({"anthropic-legacy", "minimax"}), NO_SCHEMA, _no_tool_for_json),
    ("Google's documents name structured outputs among what it offers of Claude",
     VERTEX, NO_SCHEMA, _native_schema),
    ("strict tools are part of structured outputs", VERTEX, frozenset({"tool-strict"}),
     lambda body: body["tools"][0].update(strict=True)),
    ("the model's limit in the catalogue, where the other client knows none",
     MINIMAX, EVERY, lambda body: body.update(max_tokens=8192) if body["max_tokens"] == 4096 else None),
    ("the vendor's table has no documents", MINIMAX, frozenset(NO_MEDIA), _only_text),
    ("the vendor ignores stop_sequences", MINIMAX, frozenset({"settings"}), lambda body: body.pop("stop_sequences")),
    ("thinking is on or off there, and always on before M3",
     MINIMAX, frozenset({"reasoning-none", "reasoning-low", "reasoning-high"}),
     lambda body: [body.pop("thinking"), body.update(max_tokens=4000)]),
]  # fmt: skip

# What is refused, or left out and reported. Where nothing is recorded, the other client has no form for it either.
NO_FORM = ["seed", "presence_penalty", "frequency_penalty"]
REFUSED: dict[tuple[str, str], list[str]] = {
    **{(file, "audio-wav-base64"): ["audio content"] for file in ALL},
    **{(file, "json-object"): ["response_format"] for file in ALL},
    **{(file, situation): ["response_format"] for file in ("anthropic-legacy", "minimax") for situation in NO_SCHEMA},
    **{(file, "tool-strict"): ["strict"] for file in ("anthropic-legacy", "minimax")},
    **{(file, effort): ["reasoning"] for file in ("anthropic-legacy", "minimax")
       for effort in ("reasoning-low", "reasoning-high")},
    **{("minimax", situation): ["document content"] for situation in NO_MEDIA},
    **{(file, "settings"): [*NO_FORM, "top_p"] for file in BUDGET},
    ("anthropic-adaptive", "settings"): [*NO_FORM, "temperature", "top_p"],
    ("anthropic-adaptive", "assistant-prefill"): ["assistant message at the end"],
    ("anthropic-legacy", "settings"): NO_FORM,
    ("minimax", "settings"): [*NO_FORM, "stop"],
    ("minimax", "reasoning-none"): ["reasoning"],
}  # fmt: skip
