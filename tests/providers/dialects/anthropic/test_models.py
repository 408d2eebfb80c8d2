"""The list of models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for

# https://platform.claude.com/docs/en/api/models/list
PAGE = {
    "data": [
        {
            "type": "model", "id": "claude-sonnet-5-5", "display_name": "Claude Sonnet 5.5",
            "created_at": "2026-09-01T00:00:00Z", "max_input_tokens": 1000000, "max_tokens": 128000,
        },
        {"type": "model", "id": "claude-haiku-4-5-20251001", "display_name": "Claude Haiku 4.5", "created_at": "soon"},
    ],
    "first_id": "claude-sonnet-5-5", "last_id": "claude-haiku-4-5-20251001", "has_more": True,
}  # fmt: skip


def test_a_page_of_models_has_names_limits_and_the_query_of_the_next_page() -> None:
    response = HttpResponse(status=200, body=json.dumps(PAGE).encode())
    adapter = adapter_for("anthropic")

    first, second = adapter.decode_models(response)

    assert (first.id, first.name, first.provider) == ("claude-sonnet-5-5", "Claude Sonnet 5.5", "anthropic")
    assert (first.created, first.context_window, first.max_output_tokens) == (1788220800, 1000000, 128000)
    assert (second.created, second.context_window) == (None, None)
    assert adapter.next_page(response) == {"after_id": "claude-haiku-4-5-20251001"}
    assert adapter.models_request({"after_id": "a b"}).url.endswith("/v1/models?after_id=a+b")


@pytest.mark.parametrize("change", [{"has_more": False}, {"last_id": None}, {"has_more": None}])
def test_the_last_page_has_no_next_page(change: dict[str, Any]) -> None:
    response = HttpResponse(status=200, body=json.dumps({**PAGE, **change}).encode())

    assert adapter_for("anthropic").next_page(response) is None


def test_an_entry_without_an_id_is_skipped() -> None:
    response = HttpResponse(status=200, body=json.dumps({"data": [{"display_name": "X"}]}).encode())

    assert adapter_for("anthropic").decode_models(response) == []
