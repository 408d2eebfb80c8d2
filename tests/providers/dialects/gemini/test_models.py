"""The list of models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for


def test_models_are_listed_page_by_page_under_the_name_to_request_them_by() -> None:
    adapter = adapter_for("gemini")
    entry = {
        "name": "models/gemini-3.8-flash",
        "displayName": "Gemini 3.8 Flash",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
    }
    page = {"models": [entry, {"name": "tunedModels/mine-1"}, {"displayName": "no name"}], "nextPageToken": "p2"}
    response = HttpResponse(status=200, body=json.dumps(page).encode())

    first, second = adapter.decode_models(response)

    assert (first.id, first.name, first.context_window, first.max_output_tokens) == (
        "gemini-3.8-flash",
        "Gemini 3.8 Flash",
        1048576,
        65536,
    )
    assert second.id == "tunedModels/mine-1"
    assert adapter.next_page(response) == {"pageToken": "p2"}
    assert adapter.models_request({"pageToken": "p2"}).url.endswith("/models?pageSize=1000&pageToken=p2")


@pytest.mark.parametrize("payload", [{"models": []}, {"models": [], "nextPageToken": ""}, []])
def test_the_last_page_of_models_has_no_next(payload: Any) -> None:
    response = HttpResponse(status=200, body=json.dumps(payload).encode())

    assert adapter_for("gemini").next_page(response) is None
