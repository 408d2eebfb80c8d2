"""Where our requests differ from the recorded ones of another client, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.scenarios import SCENARIOS

__all__ = ["DIFFERENCES", "RECORDED", "REFUSED"]

# The recorded files, and whose configuration the requests are encoded under.
RECORDED = {
    "openai-responses": "openai/responses",
    "openai-responses-reasoning": "openai/responses",
    "azure-responses": "azure_openai/responses",
    "xai-responses": "xai/responses",
    "huggingface": "huggingface/responses",
    "open-responses": "lmstudio/responses",
}
ALL = frozenset(RECORDED)
EVERY = frozenset(SCENARIOS)
ANSWERED = frozenset({"assistant-prefill", "multi-turn", "tool-results-parallel"})
WITH_CALLS = frozenset({"tool-result-error", "tool-result-image", "tool-results-parallel"})
REASONING = frozenset({"reasoning-none", "reasoning-low", "reasoning-high"})
SCHEMAS = frozenset({"json-schema", "json-schema-with-tools"})
OPENAI = frozenset({"openai-responses", "openai-responses-reasoning"})


def _answer_as_string(body: dict[str, Any]) -> None:
    for item in body["input"]:
        if item.get("role") == "assistant":
            item["type"] = "message"
            if isinstance(item["content"], list):
                item["content"] = item["content"][0]["text"]


def _our_picture(body: dict[str, Any]) -> None:
    body["input"][0]["content"][0]["text"] = "Look"
    del body["input"][-1]["output"][0]


def _no_description(body: dict[str, Any]) -> None:
    body["text"]["format"].pop("description", None)


def _strict(body: dict[str, Any]) -> None:
    body["text"]["format"]["strict"] = True


def _no_thinking(body: dict[str, Any]) -> None:
    body["input"] = [item for item in body["input"] if item.get("type") not in ("reasoning", "item_reference")]


def _bare_calls(body: dict[str, Any]) -> None:
    for item in body["input"]:
        if item.get("type") == "function_call":
            item.pop("id", None)
            item.pop("status", None)


def _notes(body: dict[str, Any]) -> None:
    body["input"][0]["content"][1] = {"type": "input_text", "text": "some notes"}


def _explicit(body: dict[str, Any]) -> None:
    for tool in body.get("tools", ()):
        tool.setdefault("strict", None)
    for item in body["input"]:
        for part in [*(item.get("content") or ()), *(item.get("output") or ())]:
            if isinstance(part, dict) and part["type"] == "input_image":
                part["detail"] = "auto"


def _sealed(body: dict[str, Any]) -> None:
    body["include"] = ["reasoning.encrypted_content"]


def _json_object(body: dict[str, Any]) -> None:
    body["text"] = {"format": {"type": "json_object"}}


# What we send instead of what is recorded, and why: (reason, files, scenarios, what to change in the recorded body).
DIFFERENCES: list[tuple[str, frozenset[str], frozenset[str], Callable[[dict[str, Any]], Any]]] = [
    ("an answer's text is a string: the published schema allows no output_text without an id; llama.cpp wants the type",
     OPENAI | {"azure-responses", "huggingface", "xai-responses"}, ANSWERED, _answer_as_string),
    ("the scenario says other words", ALL, frozenset({"tool-result-image"}), _our_picture),
    ("the form has no description of its own", ALL, frozenset({"json-schema"}), _no_description),
    ("strict is what the user asks for", frozenset({"huggingface"}), SCHEMAS, _strict),
    ("a summary is not requested: OpenAI rejects it for organizations that are not verified",
     OPENAI, REASONING, lambda body: body.get("reasoning", {}).pop("summary", None)),
    ("reasoning goes back only with what the provider itself made of it", ALL, frozenset({"reasoning-replay"}),
     _no_thinking),
    ("a call needs no id and status of its own", frozenset({"xai-responses"}),
     WITH_CALLS | {"reasoning-replay"}, _bare_calls),
    ("temperature and top_p are the user's to leave out on models that reason",
     frozenset({"openai-responses-reasoning"}), frozenset({"settings"}),
     lambda body: body.update(temperature=0.5, top_p=0.9)),
    ("the role developer is not needed: system is the same to these models",
     frozenset({"openai-responses-reasoning"}), frozenset({"system"}),
     lambda body: body["input"][0].update(role="system")),
    ("sound is no file; the service has no form for it", frozenset({"open-responses"}), frozenset({"audio-wav-base64"}),
     lambda body: body["input"][0]["content"].pop()),
    ("the scenario has the text at hand", frozenset({"open-responses"}), frozenset({"text-file-base64"}), _notes),
    ("the published schema requires it", OPENAI | {"azure-responses"}, EVERY, _explicit),
    ("nothing stays at the service unless the user says so", OPENAI | {"xai-responses"}, EVERY,
     lambda body: body.update(store=False)),
    ("reasoning must come encrypted to go back", frozenset({"openai-responses-reasoning", "xai-responses"}), EVERY, _sealed),
    ("a request for reasoning goes to a deployment that reasons", frozenset({"azure-responses"}),
     frozenset({"reasoning-low", "reasoning-high"}), _sealed),
    ("false is the default", frozenset({"huggingface"}), EVERY - {"plain-stream"}, lambda body: body.pop("stream", None)),
    ("the other client leaves the mode out", frozenset({"huggingface"}), frozenset({"json-object"}), _json_object),
    ("a json_schema without a schema is none", frozenset({"open-responses"}), frozenset({"json-object"}), _json_object),
]  # fmt: skip
DIFFERENCES += [
    (
        f"whether a deployment reasons is not known from its name: {effort}",
        frozenset({"azure-responses"}),
        frozenset({f"reasoning-{effort}"}),
        lambda body, effort=effort: body.update(reasoning={"effort": effort}),
    )
    for effort in ("none", "low", "high")
]

# What is refused, or left out and reported. Where nothing is recorded, the other client has no form for it either.
SETTINGS = ["stop", "seed", "presence_penalty", "frequency_penalty"]
REFUSED: dict[tuple[str, str], list[str]] = {
    **{(file, "audio-wav-base64"): ["audio content"] for file in ALL},
    **{(file, "settings"): SETTINGS for file in (*OPENAI, "azure-responses", "huggingface")},
    ("xai-responses", "settings"): ["stop", "presence_penalty", "frequency_penalty"],
    ("xai-responses", "pdf-base64"): ["document content"],
    ("open-responses", "settings"): ["stop", "seed"],
    ("huggingface", "tool-choice-none"): ["tool_choice"],
    ("huggingface", "tool-strict"): ["strict"],
    **{("huggingface", scenario): ["document content"] for scenario in ("pdf-url", "pdf-base64", "text-file")},
}
