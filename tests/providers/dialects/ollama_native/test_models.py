"""The list of models that an Ollama server has."""

from __future__ import annotations

import json

from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

ADAPTER = adapter_for("ollama")


def test_models_are_listed_by_the_name_to_pass() -> None:
    entry = {"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 1, "details": {}}

    (model,) = ADAPTER.decode_models(HttpResponse(status=200, body=json.dumps({"models": [entry, {}]}).encode()))

    assert (model.id, model.name, model.provider, model.raw) == ("llama3.2:latest", "llama3.2:latest", "ollama", entry)
