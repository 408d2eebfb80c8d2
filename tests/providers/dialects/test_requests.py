"""Our requests compared with those that another client sends, field by field, for every dialect.

Each dialect's folder has a `differences.py`: which recorded file stands for which of our providers (RECORDED, "provider" or
"provider/api"), where we send something else and why (DIFFERENCES), and what we refuse (REFUSED).
"""

from __future__ import annotations

import importlib.util
import json
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest

from ai_lib.errors import UnsupportedFeatureError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.types.request import ChatCompletionRequest
from tests.support.scenarios import SCENARIOS
from tests.support.wire_cases import adapter_for, requests_of

TABLES = [
    import_module(f"tests.providers.dialects.{file.parent.name}.differences")
    for file in sorted(Path(__file__).parent.glob("*/differences.py"))
]
RECORDED = {file: provider for table in TABLES for file, provider in table.RECORDED.items()}
REFUSED = {key: fields for table in TABLES for key, fields in table.REFUSED.items()}
DIFFERENCES = [difference for table in TABLES for difference in table.DIFFERENCES]


def adapter_of(file: str) -> ProviderAdapter:
    provider, _, api = RECORDED[file].partition("/")
    return adapter_for(provider, api or None)


def model_of(file: str) -> str:
    """Return the model of the recorded requests, from the body or from the address."""
    recorded = requests_of(file)["plain"]
    in_address = re.search(r"/models?/([^/:?]+)", recorded["url"])
    return recorded["body"].get("model") or (unquote(in_address[1]) if in_address else "m")


def ours(file: str, scenario: str) -> tuple[dict[str, Any], list[str]]:
    """Return our body for a scenario, and the names of the fields left out of it."""
    request = ChatCompletionRequest(model=model_of(file), **SCENARIOS[scenario])
    stream = scenario == "plain-stream"
    prepared, left_out = adapter_of(file).chat_request(request, stream=stream, on_unsupported="drop")
    assert prepared.body is not None
    return json.loads(prepared.body), [reason.partition(":")[0] for reason in left_out]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
@pytest.mark.parametrize("file", sorted(RECORDED))
def test_a_body_is_what_another_client_sends_but_for_the_differences_listed(file: str, scenario: str) -> None:
    recorded = json.loads(json.dumps(requests_of(file)[scenario]))
    for _, files, scenarios, change in DIFFERENCES:
        if "body" in recorded and file in files and scenario in scenarios:
            change(recorded["body"])

    body, left_out = ours(file, scenario)

    assert left_out == REFUSED.get((file, scenario), [])
    assert body == recorded.get("body", body)


@pytest.mark.parametrize(("file", "scenario"), sorted(REFUSED))
def test_a_field_that_is_left_out_on_request_is_refused_by_default(file: str, scenario: str) -> None:
    request = ChatCompletionRequest(model=model_of(file), **SCENARIOS[scenario])

    with pytest.raises(UnsupportedFeatureError) as caught:
        adapter_of(file).chat_request(request, stream=False)

    assert f"does not support {REFUSED[file, scenario][0]}" in str(caught.value)
    assert caught.value.provider == RECORDED[file].partition("/")[0]
    assert "on_unsupported" in caught.value.hint


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference[0])
def test_every_listed_difference_still_is_one(difference: Any) -> None:
    _, files, scenarios, change = difference
    changed = []

    for file in sorted(files):
        for scenario in sorted(scenarios):
            recorded = requests_of(file)[scenario].get("body")
            copied = json.loads(json.dumps(recorded))
            if copied is not None:
                change(copied)
            changed.append(copied != recorded)

    assert any(changed)


# --- the providers' own schemas -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def validator(shared: Path) -> ModuleType:
    """The checker of bodies against the schemas that providers publish."""
    pytest.importorskip("jsonschema", reason="needs jsonschema")
    path = shared / "tools" / "validate_request.py"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    spec = importlib.util.spec_from_file_location("validate_request", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# OpenAI's schema allows only text in the content of a tool message.
@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - {"tool-result-image"}))
@pytest.mark.parametrize(
    ("file", "kind", "unknown_keys"),
    # Groq's document does not know stream_options, which the service takes.
    [
        ("openai-chat", "openai.chat", False),
        ("openai-responses", "openai.responses", False),
        ("openai-responses-reasoning", "openai.responses", False),
        ("azure-responses", "openai.responses", False),
        ("mistral", "mistral.chat", False),
        ("groq", "groq.chat", True),
        ("google", "gemini.generate", False),
        ("google-gemini3", "gemini.generate", False),
        ("google-vertex-project", "gemini.generate", False),
    ],
)
def test_a_body_fits_the_schema_that_the_provider_publishes(
    validator: ModuleType, file: str, kind: str, unknown_keys: bool, scenario: str
) -> None:
    body, _ = ours(file, scenario)

    assert validator.errors(kind, body, open=unknown_keys) == []
