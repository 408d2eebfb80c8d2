"""Where our requests differ from the recorded ones of another client, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.scenarios import ADD, CITY, GET_TIME, SCENARIOS

__all__ = ["DIFFERENCES", "RECORDED", "REFUSED"]

# The recorded files, and whose configuration the requests are encoded under.
RECORDED = {"amazon-bedrock-anthropic": "bedrock", "amazon-bedrock-nova": "bedrock"}
ALL = frozenset(RECORDED)
CLAUDE = frozenset({"amazon-bedrock-anthropic"})
NOVA = frozenset({"amazon-bedrock-nova"})
EVERY = frozenset(SCENARIOS)
JSON = frozenset({"json-schema", "json-schema-with-tools"})


def _no_empty_system(body: dict[str, Any]) -> None:
    if not body["system"]:
        body.pop("system")


def _specs(body: dict[str, Any]) -> None:
    body["toolConfig"]["tools"] = [
        {
            "toolSpec": {
                "name": tool.name,
                "description": tool.description,
                "inputSchema": {"json": tool.parameters},
            }
        }
        for tool in (GET_TIME, ADD)
    ]


def _text_format(body: dict[str, Any]) -> None:
    body.pop("additionalModelRequestFields")
    assert CITY.schema is not None
    properties = {**CITY.schema["properties"], "population": {"type": "integer", "description": "minimum: 0"}}
    schema = json.dumps({**CITY.schema, "properties": properties}, separators=(",", ":"))
    body["outputConfig"] = {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema, "name": "city"}}}
    }


def _no_json_tool(body: dict[str, Any]) -> None:
    tools = [tool for tool in body.pop("toolConfig")["tools"] if tool["toolSpec"]["name"] != "json"]
    if tools:
        body["toolConfig"] = {"tools": tools}


def _json_result(body: dict[str, Any]) -> None:
    body["messages"][2]["content"][1]["toolResult"]["content"] = [{"json": {"sum": 5}}]


def _asked_to_look(body: dict[str, Any]) -> None:
    body["messages"][0]["content"][0]["text"] = "Look"
    result = body["messages"][2]["content"][0]["toolResult"]
    result["content"] = [block for block in result["content"] if "image" in block]


def _budget(tokens: int) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        body["additionalModelRequestFields"]["thinking"]["budget_tokens"] = tokens
        body["inferenceConfig"]["maxTokens"] = 4000

    return change


def _text_part(body: dict[str, Any]) -> None:
    body["messages"][0]["content"][1] = {"text": "some notes"}


# What we send instead of what is recorded, and why: (reason, files, situations, what to change in the recorded body).
DIFFERENCES: list[tuple[str, frozenset[str], frozenset[str], Callable[[dict[str, Any]], Any]]] = [
    ("no key goes out without a value", ALL, EVERY, _no_empty_system),
    ("which stop sequence was met is not among the facts of an answer",
     CLAUDE, EVERY, lambda body: body.pop("additionalModelResponseFieldPaths")),
    ("all tools are sent beside a choice that names one", ALL, frozenset({"tool-choice-specific"}), _specs),
    ("a tool's result may be JSON", ALL, frozenset({"tool-results-parallel"}), _json_result),
    ("the situation asks otherwise", ALL, frozenset({"tool-result-image"}), _asked_to_look),
    ("the situation's text is a text part", ALL, frozenset({"text-file-base64"}), _text_part),
    ("a document at an address is refused here; the other client has the bytes at hand",
     ALL, frozenset({"text-file"}), lambda body: body["messages"][0]["content"].pop()),
    ("the vendor has a field for a schema, whatever the model", CLAUDE, JSON, _text_format),
    ("no tool is made up to get a schema kept", NOVA, JSON, _no_json_tool),
    ("thinking is a part of max_tokens, which stays as the user gave it",
     CLAUDE, frozenset({"reasoning-low"}), _budget(1024)),
    ("thinking is a part of max_tokens, which stays as the user gave it; a share of it is 'high'",
     CLAUDE, frozenset({"reasoning-high"}), _budget(2400)),
    ("switched off is said", CLAUDE, frozenset({"reasoning-none"}),
     lambda body: body.update(additionalModelRequestFields={"thinking": {"type": "disabled"}})),
    ("switched off is said", NOVA, frozenset({"reasoning-none"}),
     lambda body: body.update(additionalModelRequestFields={"reasoningConfig": {"type": "disabled"}})),
    ("the vendor's examples switch it on by type", NOVA, frozenset({"reasoning-low", "reasoning-high"}),
     lambda body: body["additionalModelRequestFields"]["reasoningConfig"].update(type="enabled")),
    ("thinking without a signature does not go back; the situation has none",
     ALL, frozenset({"reasoning-replay"}), lambda body: body["messages"][1]["content"].pop(0)),
]  # fmt: skip

# What is refused, or left out and reported. Where nothing is recorded, the other client has no form for it either.
REFUSED: dict[tuple[str, str], list[str]] = {
    **{(file, "settings"): ["seed", "presence_penalty", "frequency_penalty"] for file in ALL},
    **{(file, "image-url"): ["image url"] for file in ALL},
    **{(file, situation): ["document url"] for file in ALL for situation in ("pdf-url", "text-file")},
    **{(file, "json-object"): ["response_format"] for file in ALL},
    **{("amazon-bedrock-nova", situation): ["response_format"] for situation in JSON},
}
