"""Where our requests differ from the recorded ones of another client, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.support.scenarios import CITY, SCENARIOS, TOOLS

__all__ = ["DIFFERENCES", "RECORDED", "REFUSED"]

# The recorded files, and whose configuration the requests are encoded under.
RECORDED = {
    "google": "gemini",
    "google-gemini3": "gemini",
    "google-vertex-project": "vertex",
}
ALL = frozenset(RECORDED)
GEMINI_3 = frozenset({"google-gemini3"})
GEMINI_2 = ALL - GEMINI_3
EVERY = frozenset(SCENARIOS)
RESULTS = frozenset({"reasoning-replay", "tool-result-error", "tool-result-image", "tool-results-parallel"})
LEVELS = {"low": "LOW", "high": "HIGH"}
BUDGETS = {6554: 1024, 24576: 24576}


def _parts(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (part for content in body["contents"] for part in content["parts"])


def _no_empty_config(body: dict[str, Any]) -> None:
    if not body.get("generationConfig"):
        body.pop("generationConfig", None)


def _json_schemas(body: dict[str, Any]) -> None:
    for tool in body.get("tools", ()):
        for declaration in tool["functionDeclarations"]:
            declaration.pop("parameters", None)
            declaration["parametersJsonSchema"] = next(t.parameters for t in TOOLS if t.name == declaration["name"])
    config = body.get("generationConfig", {})
    if "responseSchema" in config:
        del config["responseSchema"]
        config["responseJsonSchema"] = {key: value for key, value in (CITY.schema or {}).items() if key != "$schema"}


def _results(body: dict[str, Any]) -> None:
    for part in _parts(body):
        if "functionResponse" in part:
            content = part["functionResponse"]["response"]["content"]
            part["functionResponse"]["response"] = content if isinstance(content, dict) else {"output": content}


def _image_alone(body: dict[str, Any]) -> None:
    body["contents"][0]["parts"][0]["text"] = "Look"
    answer = body["contents"][2]["parts"]
    answer[0]["functionResponse"]["response"] = {"output": ""}
    body["contents"][2]["parts"] = [part for part in answer if "text" not in part]


def _one_stand_in(body: dict[str, Any]) -> None:
    for part in body["contents"][1]["parts"][2:]:
        part.pop("thoughtSignature", None)


def _thoughts(body: dict[str, Any]) -> None:
    thinking = body["generationConfig"]["thinkingConfig"]
    if "thinkingLevel" in thinking:
        thinking["thinkingLevel"] = LEVELS[thinking["thinkingLevel"]]
    else:
        thinking["thinkingBudget"] = BUDGETS[thinking["thinkingBudget"]]
    thinking["includeThoughts"] = True


def _no_thought(signature: str | None) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        parts = [part for part in body["contents"][1]["parts"] if not part.get("thought")]
        body["contents"][1]["parts"] = parts
        parts[0].pop("thoughtSignature", None)
        if signature is not None:
            parts[0]["thoughtSignature"] = signature

    return change


def _address(body: dict[str, Any]) -> None:
    address = {"mimeType": "text/plain", "fileUri": "https://example.com/notes.txt"}
    body["contents"][0]["parts"][1] = {"fileData": address}


def _text(body: dict[str, Any]) -> None:
    body["contents"][0]["parts"][1] = {"text": "some notes"}


# What we send instead of what is recorded, and why: (reason, files, situations, what to change in the recorded body).
DIFFERENCES: list[tuple[str, frozenset[str], frozenset[str], Callable[[dict[str, Any]], Any]]] = [
    # https://ai.google.dev/gemini-api/docs/structured-output#structured_outputs_with_tools
    ("Gemini 2 takes no form of an answer together with tools",
     GEMINI_2, frozenset({"json-schema-with-tools"}), lambda body: body["generationConfig"].clear()),
    ("Gemini 3 cannot be told not to think; less than asked for is not the same as none",
     GEMINI_3, frozenset({"reasoning-none"}), lambda body: body["generationConfig"].pop("thinkingConfig")),
    ("a key without a value is not sent", ALL, EVERY, _no_empty_config),
    ("top_k is not part of the situation", ALL, frozenset({"settings"}),
     lambda body: body["generationConfig"].pop("topK")),
    ("the vendor advises to send JSON Schemas as they are; the subset loses constraints", ALL, EVERY, _json_schemas),
    ("'output' is the vendor's word, and an object without it is the output: https://ai.google.dev/api/caching",
     ALL, RESULTS - {"tool-result-image"}, _results),
    ("the situation has only the image, and no words are put beside it",
     ALL, frozenset({"tool-result-image"}), _image_alone),
    ("only the first of parallel calls has a signature: https://ai.google.dev/gemini-api/docs/thought-signatures",
     GEMINI_3, frozenset({"tool-results-parallel"}), _one_stand_in),
    ("levels as in the reference, budgets as in Google's OpenAI-compatible API, and thoughts are to come back",
     ALL, frozenset({"reasoning-low", "reasoning-high"}), _thoughts),
    ("the situation has no signature, and a thought without one is of no use to the model",
     GEMINI_2, frozenset({"reasoning-replay"}), _no_thought(None)),
    ("the situation has no signature, which Gemini 3 demands of a call",
     GEMINI_3, frozenset({"reasoning-replay"}), _no_thought("skip_thought_signature_validator")),
    ("the address goes as it is", ALL, frozenset({"text-file"}), _address),
    ("the situation has the text itself", ALL, frozenset({"text-file-base64"}), _text),
]  # fmt: skip

# What is refused, or left out and reported. Where nothing is recorded, the other client has no form for it either.
REFUSED: dict[tuple[str, str], list[str]] = {
    **{(file, "json-schema-with-tools"): ["response_format"] for file in GEMINI_2},
    ("google-gemini3", "reasoning-none"): ["reasoning"],
}
